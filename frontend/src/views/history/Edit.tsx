import { useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Profile, Recording } from "../../api/types";
import { Button, Dialog, Field, say, Select } from "../../components";
import { fill, useText } from "../../i18n";
import { tell } from "../../shell/faults";

/** After how many days a recording is swept; "same" changes nothing, "ever" keeps it. */
const DAYS = ["1", "7", "30", "90", "365"] as const;
type Keep = "same" | "ever" | (typeof DAYS)[number];

function retentionOf(keep: Keep): { retention_days?: number | null } {
  if (keep === "same") return {};
  return { retention_days: keep === "ever" ? null : Number(keep) };
}

export interface EditProps {
  recording: Recording;
  onDone: (changed: Recording | null) => void;
}

/** Name, person and note of a recording. */
export function Edit({ recording, onDone }: EditProps) {
  const t = useText("history");
  const c = useText("common");
  const [name, setName] = useState(recording.name);
  const [person, setPerson] = useState(recording.person ?? "");
  const [notes, setNotes] = useState(recording.notes);
  const [keep, setKeep] = useState<Keep>("same");
  const [profiles, setProfiles] = useState<Profile[]>([]);
  useEffect(() => {
    api.profiles().then(({ profiles: all }) => setProfiles(all), () => undefined);
  }, []);
  async function save(event: Event) {
    event.preventDefault();
    try {
      const fields = { name: name.trim(), person: person || null, notes, ...retentionOf(keep) };
      onDone(await api.change(recording.id, fields));
      say(t.saved);
    } catch (error) {
      tell(error, c);
    }
  }
  const times: [Keep, string][] = [["same", t.keep.same], ["ever", t.keep.ever]];
  for (const n of DAYS) times.push([n, fill(t.keep.days, { n })]);
  const people = [["", t.personNone], ...profiles.map((one) => [one.id, one.name])] as [string, string][];
  return (
    <Dialog title={t.editTitle} onClose={() => onDone(null)}>
      <form class="stack" onSubmit={(event) => void save(event)}>
        <Field label={c.name}>
          <input value={name} maxLength={200} required onInput={(event) => setName(event.currentTarget.value)} />
        </Field>
        <Select label={t.person} value={person} options={people} onChange={setPerson} />
        <Select<Keep> label={t.keep.label} value={keep} options={times} onChange={setKeep} />
        <Field label={c.notes}>
          <textarea rows={3} maxLength={5000} value={notes} onInput={(event) => setNotes(event.currentTarget.value)} />
        </Field>
        <div class="dialog-actions">
          <Button onClick={() => onDone(null)}>{c.cancel}</Button>
          <Button kind="primary" type="submit">
            {c.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
