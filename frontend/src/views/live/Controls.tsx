import { useState } from "preact/hooks";

import type { Profile } from "../../api/types";
import { Button, Field, Select, Switch } from "../../components";
import { fill, moment, useText } from "../../i18n";
import type { Choices, Smoothing } from "./choices";
import type { LiveSession } from "./session";

export interface SettingsProps {
  choices: Choices;
  cameras: readonly MediaDeviceInfo[];
  profiles: readonly Profile[];
  /** While a recording runs its settings stay. */
  fixed: boolean;
  onChange: (choices: Choices) => void;
}

/** Camera, person, smoothing, mirror and mesh. */
export function Settings({ choices, cameras, profiles, fixed, onChange }: SettingsProps) {
  const t = useText("live");
  const names = cameras.map((one, i) => [one.deviceId, one.label || fill(t.cameraNumber, { n: i + 1 })] as const);
  const people = [["", t.personNone], ...profiles.map((one) => [one.id, one.name])] as [string, string][];
  const change = (some: Partial<Choices>) => onChange({ ...choices, ...some });
  return (
    <fieldset class="live-settings" disabled={fixed}>
      {cameras.length > 0 && (
        <Select label={t.camera} value={choices.camera} options={names} onChange={(camera) => change({ camera })} />
      )}
      {profiles.length > 0 && (
        <Select label={t.person} value={choices.person} options={people} onChange={(person) => change({ person })} />
      )}
      <Select<Smoothing>
        label={t.smoothing}
        value={choices.smoothing}
        options={Object.entries(t.smoothings) as [Smoothing, string][]}
        onChange={(smoothing) => change({ smoothing })}
      />
      <Switch label={t.mirror} on={choices.mirror} onChange={(mirror) => change({ mirror })} />
      <Switch label={t.mesh} on={choices.mesh} onChange={(mesh) => change({ mesh })} />
    </fieldset>
  );
}

/** Marks what happened outside the picture, such as "task 2 begins". */
function MarkForm({ session }: { session: LiveSession }) {
  const t = useText("live").mark;
  const [text, setText] = useState("");
  const set = (event: Event) => {
    event.preventDefault();
    if (!text.trim()) return;
    session.mark(text.trim());
    setText("");
  };
  return (
    <form class="live-form" onSubmit={set}>
      <Field label={t.label}>
        <input value={text} maxLength={200} placeholder={t.placeholder} onInput={(event) => setText(event.currentTarget.value)} />
      </Field>
      <Button type="submit" disabled={!text.trim()}>
        {t.add}
      </Button>
    </form>
  );
}

/** Records the session under a name. */
function RecordForm({ session, onRecord }: { session: LiveSession; onRecord: (name: string) => void }) {
  const t = useText("live").record;
  const [name, setName] = useState("");
  const going = session.recording.value;
  const begin = (event: Event) => {
    event.preventDefault();
    onRecord(name.trim() || fill(t.nameDefault, { when: moment(new Date().toISOString()) }));
    setName("");
  };
  if (going) {
    return (
      <div class="live-form" data-testid="recording">
        <p class="live-recording">
          <span class="analysing-dot" aria-hidden="true" />
          {t.running}: <b>{going.name}</b>
        </p>
        <Button kind="danger" onClick={() => session.record(false, going.name)}>
          {t.stop}
        </Button>
      </div>
    );
  }
  return (
    <form class="live-form" onSubmit={begin}>
      <Field label={t.name}>
        <input value={name} maxLength={200} onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
      <Button type="submit">{t.start}</Button>
    </form>
  );
}

/** Three seconds with a calm face. */
export function NeutralButton({ session }: { session: LiveSession }) {
  const t = useText("live").baseline;
  const measuring = session.baseline.value === "measuring";
  return (
    <Button
      icon="profiles"
      title={t.help}
      disabled={measuring || session.phase.value !== "running"}
      onClick={() => session.measureNeutral()}
      data-testid="baseline"
    >
      {measuring ? t.measuring : t.button}
    </Button>
  );
}

/** What can be done while the session runs: recording, marks. */
export function Actions({ session, onRecord }: { session: LiveSession; onRecord: (name: string) => void }) {
  return (
    <div class="live-actions">
      <RecordForm session={session} onRecord={onRecord} />
      <MarkForm session={session} />
    </div>
  );
}
