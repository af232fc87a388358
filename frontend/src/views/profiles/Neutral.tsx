import { useEffect, useRef, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Profile, Recording } from "../../api/types";
import { Button, Dialog, Field, Notice, Progress, say, Select } from "../../components";
import { moment, useText } from "../../i18n";
import { lineOf } from "../../shell/faults";

export interface NeutralProps {
  profile: Profile;
  onDone: (changed: Profile | null) => void;
}

/** A stretch of a recording in which the face is calm. */
function FromRecording({ onUse }: { onUse: (recording: string, start: number, end: number) => void }) {
  const t = useText("profiles").baseline;
  const c = useText("common");
  const [found, setFound] = useState<Recording[] | null>(null);
  const [chosen, setChosen] = useState("");
  const [start, setStart] = useState(0);
  const [end, setEnd] = useState(3);
  useEffect(() => {
    api.recordings({ limit: 100 }).then(
      (page) => {
        setFound(page.recordings);
        setChosen(page.recordings[0]?.id ?? "");
      },
      () => setFound([]),
    );
  }, []);
  if (!found) return <Progress text={c.loading} />;
  if (found.length === 0) return <p class="muted">{t.noRecordings}</p>;
  const names = found.map((one) => [one.id, `${one.name || one.kind}, ${moment(one.created_at)}`] as const);
  const seconds = (label: string, value: number, change: (value: number) => void) => (
    <Field label={label}>
      <input type="number" min={0} step={0.1} value={value} onInput={(event) => change(event.currentTarget.valueAsNumber)} />
    </Field>
  );
  return (
    <>
      <Select label={t.which} value={chosen} options={names} onChange={setChosen} />
      <div class="profiles-stretch">
        {seconds(t.start, start, setStart)}
        {seconds(t.end, end, setEnd)}
        <Button disabled={!(end > start)} onClick={() => onUse(chosen, start, end)}>
          {t.use}
        </Button>
      </div>
    </>
  );
}

/** Sets the neutral face of a person, from a photo or from a stretch of a recording. */
export function Neutral({ profile, onDone }: NeutralProps) {
  const t = useText("profiles").baseline;
  const c = useText("common");
  const [fault, setFault] = useState("");
  const input = useRef<HTMLInputElement>(null);
  async function set(call: Promise<Profile>) {
    setFault("");
    try {
      onDone(await call);
      say(t.done);
    } catch (error) {
      setFault(lineOf(error, c));
    }
  }
  function photo() {
    const file = input.current?.files?.[0];
    if (file) void set(api.baselineFromPhoto(profile.id, file));
  }
  return (
    <Dialog title={`${t.title}: ${profile.name}`} onClose={() => onDone(null)}>
      <section class="stack">
        <h3>{t.photo}</h3>
        <Field label={t.photo} hint={t.photoHint}>
          <input ref={input} type="file" accept="image/*" onChange={photo} />
        </Field>
      </section>
      <section class="stack">
        <h3>{t.recording}</h3>
        <p class="hint">{t.recordingHint}</p>
        <FromRecording onUse={(id, start, end) => void set(api.baselineFromRecording(profile.id, id, start, end))} />
      </section>
      {fault && <Notice kind="error">{fault}</Notice>}
    </Dialog>
  );
}
