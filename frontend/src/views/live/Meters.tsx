import { Notice } from "../../components";
import { fill, number, useText, type Dictionary } from "../../i18n";
import type { LiveSession } from "./session";

/** What the session is doing, in words; empty while it runs. */
export function stateText(session: LiveSession, t: Dictionary["live"]): string {
  const phase = session.phase.value;
  if (phase === "running") return "";
  if (phase === "broken") return fill(t.states.broken, { n: session.attempt.value });
  return t.states[phase];
}

/** Delay, frames a second, and how many frames the server passed over. */
export function Meters({ session }: { session: LiveSession }) {
  const t = useText("live");
  const { delayMs, rate, dropped } = session.meter.value;
  const parts = [
    { name: t.delay, help: t.delayHelp, value: delayMs ? fill(t.delayValue, { n: number(delayMs) }) : "–", key: "delay" },
    { name: t.rate, help: "", value: rate ? fill(t.rateValue, { n: number(rate, 1) }) : "–", key: "rate" },
    { name: t.dropped, help: t.droppedHelp, value: number(dropped), key: "dropped" },
  ];
  return (
    <dl class="live-meters">
      {parts.map((part) => (
        <div key={part.key} title={part.help || undefined}>
          <dt>{part.name}</dt>
          <dd data-testid={part.key}>{part.value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What went wrong with the camera or the server, and what to do about it. */
export function FaultNotice({ session }: { session: LiveSession }) {
  const t = useText("live");
  const fault = session.fault.value;
  if (!fault) return null;
  if (fault.kind === "camera") return <Notice kind="error">{fill(t.troubles[fault.trouble], { reason: fault.reason })}</Notice>;
  return <Notice kind="error">{fault.code === "gave_up" ? t.states.gaveUp : fault.reason}</Notice>;
}
