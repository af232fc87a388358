import type { ViewProps } from "../../shell/routes";
import { useText } from "../../i18n";

export default function Profiles(_: ViewProps) {
  const t = useText("shell");
  return <h1>{t.nav.profiles}</h1>;
}
