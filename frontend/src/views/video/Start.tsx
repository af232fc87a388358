import { useState } from "preact/hooks";

import { Dropzone, Field, Notice, Switch } from "../../components";
import { useText } from "../../i18n";
import type { Choices } from "./analysis";

const KINDS = "video/*,.mkv,.mov,.avi,.mp4,.webm,.m4v,.mpg,.ts";

/** Where a film comes in, with the few choices that most people need. */
export function Start({ onFilm }: { onFilm: (file: File, choices: Choices) => void }) {
  const t = useText("video");
  const [name, setName] = useState("");
  const [keep, setKeep] = useState(false);
  const [smooth, setSmooth] = useState(false);
  return (
    <div class="stack video-start">
      <header>
        <h1>{t.title}</h1>
        <p class="muted">{t.lead}</p>
      </header>
      <Dropzone
        icon="video"
        title={t.drop}
        hint={t.drop_hint}
        accept={KINDS}
        onFiles={([file]) => file && onFilm(file, { name: name.trim(), keep, smooth })}
      />
      <details class="card">
        <summary>{t.choices}</summary>
        <Field label={t.name} hint={t.name_hint}>
          <input type="text" maxLength={200} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </Field>
        <Switch label={t.smooth} hint={t.smooth_hint} on={smooth} onChange={setSmooth} />
        <Switch label={t.keep} hint={t.keep_hint} on={keep} onChange={setKeep} />
      </details>
      <Notice icon="profiles">{t.consent}</Notice>
    </div>
  );
}
