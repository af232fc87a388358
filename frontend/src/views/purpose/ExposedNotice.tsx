import { useState } from "preact/hooks";

import type { Purpose } from "../../api/types";
import { Button, Dialog } from "../../components";
import { fill, useText } from "../../i18n";
import { purpose } from "../../shell/gate";
import { modeOf } from "./state";
import "./purpose.css";

/**
 * What the people in front of the camera have to be told, in words they understand.
 *
 * Source: Regulation (EU) 2024/1689, Article 50(3) and 50(5).
 */
export function NoticeText({ own = null }: { own?: Purpose | null }) {
  const t = useText("purpose");
  const lines = t.notice.lines;
  const declared = own ?? purpose.value;
  return (
    <div class="exposed-text">
      <p>{declared && modeOf(declared) === "action_units" ? lines.whatUnits : lines.what}</p>
      <p>{lines.limits}</p>
      <p>{lines.kept}</p>
      <p>{lines.rights}</p>
      {declared && <p>{fill(t.notice.purpose, { kind: t.kinds[declared.kind].name })}</p>}
    </div>
  );
}

/** A button that shows the notice large, to be turned to the people concerned, or to be printed as a sign. */
export function ExposedNotice({ own = null }: { own?: Purpose | null }) {
  const t = useText("purpose").notice;
  const [open, setOpen] = useState(false);
  const actions = (
    <>
      <Button onClick={() => setOpen(false)}>{t.close}</Button>
      <Button kind="primary" onClick={() => window.print()}>
        {t.print}
      </Button>
    </>
  );
  return (
    <>
      <Button icon="profiles" onClick={() => setOpen(true)}>
        {t.show}
      </Button>
      {open && (
        <Dialog title={t.title} onClose={() => setOpen(false)} actions={actions}>
          <div class="exposed">
            <NoticeText own={own} />
            <p class="exposed-who">{t.who}</p>
          </div>
        </Dialog>
      )}
    </>
  );
}
