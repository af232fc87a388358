import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { api } from "../../api/client";
import { EXPORTS, type FaceEvent, type Recording } from "../../api/types";
import { Button, Confirm, Icon, Notice, Progress, say } from "../../components";
import { fill, language, moment, number, useText } from "../../i18n";
import { lineOf, tell } from "../../shell/faults";
import { goTo, hrefOf } from "../../shell/router";
import { Curves } from "./Curves";
import { Edit } from "./Edit";
import { Findings } from "./Findings";
import { Summary } from "./Summary";
import { clock, keptOf, nameOf } from "./words";

const AGAIN_MS = 1000;

function Card({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

/** When, how long, what for, until when: the frame of a recording. */
export function Facts({ recording }: { recording: Recording }) {
  const t = useText("history");
  const p = useText("purpose");
  const size = recording.width && recording.height ? `${recording.width} × ${recording.height}` : "–";
  const kind = recording.purpose ? p.kinds[recording.purpose.kind].name : "–";
  const rows: [string, string][] = [
    [t.facts.when, moment(recording.started_at ?? recording.created_at)],
    [t.facts.length, clock(recording.duration_s)],
    [t.facts.size, size],
    [t.facts.frames, number(recording.frames)],
    [t.facts.faces, number(recording.faces)],
    [t.facts.purpose, recording.mode === "action_units" ? `${kind}; ${t.unitsOnly}` : kind],
    [t.facts.model, recording.model || "–"],
    [t.facts.kept, `${keptOf(recording, t)}; ${recording.keep_media ? t.withMedia : t.withoutMedia}`],
    [t.facts.status, t.statuses[recording.status]],
  ];
  return (
    <dl class="facts history-facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Events({ recording }: { recording: Recording }) {
  const t = useText("history").events;
  const [events, setEvents] = useState<FaceEvent[]>([]);
  useEffect(() => {
    api.events(recording.id).then((got) => setEvents(got.events), () => undefined);
  }, [recording.id]);
  if (events.length === 0) return <p class="muted">{t.none}</p>;
  return (
    <ol class="history-events">
      {events.map((event, i) => (
        <li key={i}>
          <time>{fill(t.at, { n: number(event.time_s, 1) })}</time> {event.mark ?? (event.message || event.event)}
        </li>
      ))}
    </ol>
  );
}

function Exports({ recording }: { recording: Recording }) {
  const t = useText("history").exports;
  return (
    <>
      <p class="muted">{t.text}</p>
      <div class="row">
        <a class="button button-primary" href={api.reportUrl(recording.id)} target="_blank" rel="noopener">
          {t.report}
        </a>
        {EXPORTS.map((format) => (
          <a key={format} class="button" href={`${api.exportUrl(recording.id, format)}&language=${language.value}`} download>
            <Icon name="download" />
            {t.names[format]}
          </a>
        ))}
      </div>
    </>
  );
}

interface HeadProps {
  recording: Recording;
  onChanged: (recording: Recording) => void;
}

/** Its name, and what can be done with it. */
function Head({ recording, onChanged }: HeadProps) {
  const t = useText("history");
  const c = useText("common");
  const [asking, setAsking] = useState<"" | "edit" | "delete">("");
  const name = nameOf(recording, t);
  async function remove(yes: boolean) {
    setAsking("");
    if (!yes) return;
    try {
      await api.remove(recording.id);
      say(fill(t.deleted, { name }));
      goTo("history");
    } catch (error) {
      tell(error, c);
    }
  }
  return (
    <div class="spread">
      <h1 class="history-name">
        <Icon name={recording.kind} />
        {name}
      </h1>
      <div class="row">
        {recording.keep_media && recording.kind === "video" && (
          <a class="button" href={hrefOf("video", recording.id)}>
            <Icon name="play" />
            {t.openVideo}
          </a>
        )}
        <Button icon="edit" onClick={() => setAsking("edit")}>
          {c.edit}
        </Button>
        <Button kind="danger" icon="trash" onClick={() => setAsking("delete")}>
          {t.delete}
        </Button>
      </div>
      {asking === "edit" && (
        <Edit
          recording={recording}
          onDone={(changed) => {
            setAsking("");
            if (changed) onChanged(changed);
          }}
        />
      )}
      {asking === "delete" && (
        <Confirm
          title={fill(t.deleteTitle, { name })}
          text={t.deleteText}
          action={t.delete}
          danger
          onAnswer={(yes) => void remove(yes)}
        />
      )}
    </div>
  );
}

/** One recording: what it is, its curves, what was found, and how to take it along. */
export function RecordingView({ id }: { id: string }) {
  const t = useText("history");
  const c = useText("common");
  const [recording, setRecording] = useState<Recording | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    api.recording(id).then(setRecording, (error: unknown) => setFault(lineOf(error, c)));
  }, [id]);
  // What is still being measured, or was ended a moment ago, is looked at again until it is complete.
  useEffect(() => {
    if (recording?.status !== "open") return;
    const timer = setTimeout(() => api.recording(id).then(setRecording, () => undefined), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [recording]);
  const back = (
    <a class="history-back" href={hrefOf("history")}>
      ← {t.back}
    </a>
  );
  if (fault) {
    return (
      <>
        {back}
        <Notice kind="error">{fault}</Notice>
      </>
    );
  }
  if (!recording) return <Progress text={c.loading} />;
  return (
    <>
      {back}
      <Head recording={recording} onChanged={setRecording} />
      <section class="card" aria-label={nameOf(recording, t)}>
        <Facts recording={recording} />
        {recording.notes && <p class="history-notes">{recording.notes}</p>}
      </section>
      <Card title={t.curves.title}>
        <Curves key={recording.status} recording={recording} />
      </Card>
      <div key={recording.status} class="history-columns">
        <Card title={t.episodes.title}>
          <Findings recording={recording} />
        </Card>
        <div class="stack">
          <Card title={t.summary.title}>
            <Summary recording={recording} />
          </Card>
          <Card title={t.events.title}>
            <Events recording={recording} />
          </Card>
        </div>
      </div>
      <Card title={t.exports.title}>
        <Exports recording={recording} />
      </Card>
    </>
  );
}
