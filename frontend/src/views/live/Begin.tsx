import { useState } from "preact/hooks";

import type { Purpose } from "../../api/types";
import { Button, Switch } from "../../components";
import { useText } from "../../i18n";
import { ExposedNotice, NoticeText } from "../purpose/ExposedNotice";
import PurposeDialog from "../purpose";

export interface BeginProps {
  /** The purpose of this session only, null for the installation's. */
  own: Purpose | null;
  onOwn: (own: Purpose | null) => void;
  onStart: () => void;
}

/** Before the start: what people have to be told, what for, and the button. */
export function Begin({ own, onOwn, onStart }: BeginProps) {
  const t = useText("live");
  const p = useText("purpose");
  const [asking, setAsking] = useState(false);
  const done = (declared: Purpose | null) => {
    setAsking(false);
    if (declared) onOwn(declared);
  };
  return (
    <section class="card live-begin">
      <h2>{p.notice.title}</h2>
      <NoticeText own={own} />
      <Switch label={p.onceSwitch} on={own !== null} onChange={(on) => (on ? setAsking(true) : onOwn(null))} />
      <div class="row">
        <Button kind="primary" icon="live" onClick={onStart} data-testid="start">
          {t.start}
        </Button>
        <ExposedNotice own={own} />
      </div>
      {asking && <PurposeDialog once onDone={done} />}
    </section>
  );
}
