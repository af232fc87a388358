import type { ViewProps } from "../../shell/routes";
import { useText } from "../../i18n";

export default function About(_: ViewProps) {
  const t = useText("shell");
  return <h1>{t.nav.about}</h1>;
}
