import { number, useText, fill } from "../../i18n";
import type { Dictionary } from "../../i18n";
import type { Entry } from "./session";

type Words = Dictionary["live"];

const RULES: Readonly<Record<string, keyof Words["events"]["rules"]>> = {
  drowsy: "drowsy",
  "eyes-closed": "eyesClosed",
  "looking-away": "lookingAway",
  inattentive: "inattentive",
  confused: "confused",
  "frustration-after-error": "frustrationAfterError",
  bored: "bored",
  tense: "tense",
};

/** What an entry says, in the reader's language. */
function say(entry: Entry, t: Words): string {
  if (entry.kind === "mark") return fill(t.mark.set, { text: entry.text });
  if (entry.kind === "baseline") return t.baseline[entry.state];
  if (entry.kind === "line") return t.states[entry.state];
  const { event } = entry;
  const known = RULES[event.event];
  const text = `${fill(t.faceNumber, { n: event.face_id })}: ${known ? t.events.rules[known] : event.message || event.event}`;
  return event.phase === "begin" ? text : fill(t.events.over, { text: fill(t.events.lasted, { text, n: number(event.lasted_s, 1) }) });
}

/** Minutes and seconds since the session began. */
function clock(time_s: number): string {
  const whole = Math.max(0, Math.floor(time_s));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** What has lasted, what was marked, what happened to the line; the newest first. */
export function Events({ entries }: { entries: readonly Entry[] }) {
  const t = useText("live");
  return (
    <section class="card" aria-label={t.events.title}>
      <h2>{t.events.title}</h2>
      {entries.length === 0 && <p class="muted">{t.events.none}</p>}
      <ol class="live-events" aria-live="polite" data-testid="events">
        {entries.map((entry) => (
          <li key={entry.id} class={`live-event live-event-${entry.kind}`}>
            <time>{clock(entry.time_s)}</time>
            <span>{say(entry, t)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
