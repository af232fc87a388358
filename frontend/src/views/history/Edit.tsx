import { useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Profile, Recording } from "../../api/types";
import { Button, Dialog, Field, say, Select } from "../../components";
import { useText } from "../../i18n";
import { tell } from "../../shell/faults";

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
  const [profiles, setProfiles] = useState<Profile[]>([]);
  useEffect(() => {
    api.profiles().then(({ profiles: all }) => setProfiles(all), () => undefined);
  }, []);
  async function save(event: Event) {
    event.preventDefault();
    try {
      onDone(await api.change(recording.id, { name: name.trim(), person: person || null, notes }));
      say(t.saved);
    } catch (error) {
      tell(error, c);
    }
  }
  const people = [["", t.personNone], ...profiles.map((one) => [one.id, one.name])] as [string, string][];
  return (
    <Dialog title={t.editTitle} onClose={() => onDone(null)}>
      <form class="stack" onSubmit={(event) => void save(event)}>
        <Field label={c.name}>
          <input value={name} maxLength={200} onInput={(event) => setName(event.currentTarget.value)} />
        </Field>
        <Select label={t.person} value={person} options={people} onChange={setPerson} />
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
