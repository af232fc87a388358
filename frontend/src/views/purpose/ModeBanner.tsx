import { Button, Icon } from "../../components";
import { fill, useText } from "../../i18n";
import { askPurpose, purpose } from "../../shell/gate";
import { hrefOf } from "../../shell/router";
import { mode } from "./state";
import "./purpose.css";

/** Says on every view that expressions are not inferred, where that is so. */
export function ModeBanner() {
  const t = useText("purpose");
  if (mode.value !== "action_units" || !purpose.value) return null;
  return (
    <aside class="mode-banner">
      <Icon name="about" />
      <p>
        {fill(t.banner, { kind: t.kinds[purpose.value.kind].name })} <a href={hrefOf("about")}>{t.bannerWhy}</a>
      </p>
      <Button kind="quiet" onClick={askPurpose}>
        {t.bannerChange}
      </Button>
    </aside>
  );
}
