import type { ViewProps } from "../../shell/routes";
import { useText } from "../../i18n";

export default function Video(_: ViewProps) {
  const t = useText("shell");
  return <h1>{t.nav.video}</h1>;
}
