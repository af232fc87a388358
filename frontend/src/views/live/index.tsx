import type { ViewProps } from "../../shell/routes";
import { useText } from "../../i18n";

export default function Live(_: ViewProps) {
  const t = useText("shell");
  return <h1>{t.nav.live}</h1>;
}
