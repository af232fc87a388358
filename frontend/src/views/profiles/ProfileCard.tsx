import { useState } from "preact/hooks";

import { api } from "../../api/client";
import type { Profile } from "../../api/types";
import { Button, Dialog, Field, Icon, say, Switch } from "../../components";
import { fill, moment, useText } from "../../i18n";
import { tell } from "../../shell/faults";
import { Neutral } from "./Neutral";

export interface ProfileCardProps {
  profile: Profile;
  onChanged: (profile: Profile) => void;
  onDeleted: () => void;
}

/** Another name or note. */
function Rename({ profile, onDone }: { profile: Profile; onDone: (changed: Profile | null) => void }) {
  const t = useText("profiles");
  const c = useText("common");
  const [name, setName] = useState(profile.name);
  const [notes, setNotes] = useState(profile.notes);
  async function save(event: Event) {
    event.preventDefault();
    try {
      onDone(await api.changeProfile(profile.id, { name: name.trim(), notes: notes.trim() }));
      say(t.saved);
    } catch (error) {
      tell(error, c);
    }
  }
  return (
    <Dialog title={t.rename} onClose={() => onDone(null)}>
      <form class="stack" onSubmit={(event) => void save(event)}>
        <Field label={t.name}>
          <input value={name} maxLength={200} required onInput={(event) => setName(event.currentTarget.value)} />
        </Field>
        <Field label={t.notes}>
          <textarea rows={3} maxLength={5000} value={notes} onInput={(event) => setNotes(event.currentTarget.value)} />
        </Field>
        <div class="dialog-actions">
          <Button onClick={() => onDone(null)}>{c.cancel}</Button>
          <Button kind="primary" type="submit" disabled={!name.trim()}>
            {t.save}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Asks before a person is erased, and whether the recordings go too. */
function Erase({ profile, onDone }: { profile: Profile; onDone: (deleted: boolean) => void }) {
  const t = useText("profiles").delete;
  const c = useText("common");
  const [recordings, setRecordings] = useState(false);
  async function erase() {
    try {
      await api.removeProfile(profile.id, recordings);
      say(fill(t.done, { name: profile.name }));
      onDone(true);
    } catch (error) {
      tell(error, c);
    }
  }
  const actions = (
    <>
      <Button onClick={() => onDone(false)}>{c.cancel}</Button>
      <Button kind="danger" onClick={() => void erase()}>
        {t.button}
      </Button>
    </>
  );
  return (
    <Dialog title={fill(t.title, { name: profile.name })} onClose={() => onDone(false)} actions={actions}>
      <p>{t.text}</p>
      <Switch label={t.recordings} on={recordings} onChange={setRecordings} {...(recordings ? {} : { hint: t.kept })} />
    </Dialog>
  );
}

/** One person: name, neutral face, recordings, export, deletion. */
export function ProfileCard({ profile, onChanged, onDeleted }: ProfileCardProps) {
  const t = useText("profiles");
  const [asking, setAsking] = useState<"" | "rename" | "neutral" | "erase">("");
  const close = () => setAsking("");
  return (
    <article class="card profile" aria-label={profile.name} data-testid="profile">
      <div class="spread">
        <h2>{profile.name}</h2>
        <span class="muted small">{fill(t.since, { when: moment(profile.created_at) })}</span>
      </div>
      {profile.notes && <p class="profile-notes">{profile.notes}</p>}
      <p class="profile-neutral">
        <Icon name={profile.baseline ? "check" : "about"} />
        <span>
          <b>{t.baseline.title}.</b> {profile.baseline ? t.baseline.has : t.baseline.none}
        </span>
      </p>
      <div class="row">
        <Button onClick={() => setAsking("neutral")}>{t.baseline.set}</Button>
        <a class="button" href={`#/history?person=${encodeURIComponent(profile.id)}`}>
          <Icon name="history" />
          {t.recordings}
        </a>
        <a class="button" href={api.profileExportUrl(profile.id)} download title={t.exportHint}>
          <Icon name="download" />
          {t.export}
        </a>
        <Button kind="quiet" icon="edit" label={`${t.rename}: ${profile.name}`} onClick={() => setAsking("rename")} />
        <Button
          kind="quiet"
          icon="trash"
          label={`${t.delete.button}: ${profile.name}`}
          onClick={() => setAsking("erase")}
        />
      </div>
      {asking === "rename" && (
        <Rename
          profile={profile}
          onDone={(changed) => {
            close();
            if (changed) onChanged(changed);
          }}
        />
      )}
      {asking === "neutral" && (
        <Neutral
          profile={profile}
          onDone={(changed) => {
            close();
            if (changed) onChanged(changed);
          }}
        />
      )}
      {asking === "erase" && (
        <Erase
          profile={profile}
          onDone={(deleted) => {
            close();
            if (deleted) onDeleted();
          }}
        />
      )}
    </article>
  );
}
