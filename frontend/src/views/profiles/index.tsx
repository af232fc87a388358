import { useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Profile } from "../../api/types";
import { Button, Field, Progress, say } from "../../components";
import { fill, useText } from "../../i18n";
import { tell } from "../../shell/faults";
import type { ViewProps } from "../../shell/routes";
import { ProfileCard } from "./ProfileCard";
import "./profiles.css";

/** Name and note of a new profile. */
function Create({ onCreated }: { onCreated: (profile: Profile) => void }) {
  const t = useText("profiles");
  const c = useText("common");
  const [name, setName] = useState("");
  const [notes, setNotes] = useState("");
  async function create(event: Event) {
    event.preventDefault();
    try {
      const made = await api.addProfile(name.trim(), notes.trim());
      setName("");
      setNotes("");
      onCreated(made);
      say(fill(t.created, { name: made.name }));
    } catch (error) {
      tell(error, c);
    }
  }
  return (
    <section class="card" aria-label={t.add}>
      <h2>{t.add}</h2>
      <form class="profiles-form" onSubmit={(event) => void create(event)}>
        <Field label={t.name}>
          <input value={name} maxLength={200} required onInput={(event) => setName(event.currentTarget.value)} />
        </Field>
        <Field label={t.notes}>
          <input value={notes} maxLength={5000} onInput={(event) => setNotes(event.currentTarget.value)} />
        </Field>
        <Button kind="primary" type="submit" icon="plus" disabled={!name.trim()}>
          {t.create}
        </Button>
      </form>
    </section>
  );
}

/** The people who are measured more than once. */
export default function Profiles(_: ViewProps) {
  const t = useText("profiles");
  const c = useText("common");
  const [profiles, setProfiles] = useState<Profile[] | null>(null);
  useEffect(() => {
    api.profiles().then(
      (got) => setProfiles(got.profiles),
      (error: unknown) => {
        setProfiles([]);
        tell(error, c);
      },
    );
  }, []);
  const put = (changed: Profile) => setProfiles((all) => all?.map((one) => (one.id === changed.id ? changed : one)) ?? null);
  const drop = (id: string) => setProfiles((all) => all?.filter((one) => one.id !== id) ?? null);
  return (
    <>
      <h1>{t.title}</h1>
      <p class="muted profiles-lead">{t.lead}</p>
      <Create onCreated={(made) => setProfiles((all) => [made, ...(all ?? [])])} />
      {profiles === null && <Progress text={c.loading} />}
      {profiles?.length === 0 && <p class="empty">{t.none}</p>}
      <div class="profiles">
        {profiles?.map((one) => (
          <ProfileCard key={one.id} profile={one} onChanged={put} onDeleted={() => drop(one.id)} />
        ))}
      </div>
    </>
  );
}
