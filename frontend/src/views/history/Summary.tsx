import { LABELS, type Recording } from "../../api/types";
import { Bars, type Bar } from "../../components";
import { fill, number, percent, useText } from "../../i18n";
import { sharesOf, summariesOf, type FaceSummary } from "./words";

const ORDER = [...LABELS, "unsure"] as const;

/** Bars of how much of the time each label was shown; the order never changes, so that two can be laid side by side. */
export function ShareBars({ shares, label }: { shares: Readonly<Record<string, number>>; label: string }) {
  const terms = useText("terms");
  const bars = ORDER.filter((name) => name !== "unsure" || name in shares).map((name): Bar => {
    const share = shares[name] ?? 0;
    return { key: name, name: terms.labels[name], share, value: percent(share), colour: `label-${name}` };
  });
  return <Bars bars={bars} label={label} />;
}

/** The rates of one face that are known. */
export function ratesOf(face: FaceSummary, t: { perMinute: string; transitions: string; blinks: string; blinkLength: string }) {
  const rows: [string, number | null | undefined, number][] = [
    [t.perMinute, face.episodes_per_minute, 1],
    [t.transitions, face.transitions_per_minute, 1],
    [t.blinks, face.blinks?.per_minute, 1],
    [t.blinkLength, face.blinks?.mean_s, 2],
  ];
  return rows
    .filter((row): row is [string, number, number] => typeof row[1] === "number")
    .map(([name, value, digits]): [string, string] => [name, number(value, digits)]);
}

function OfFace({ face, units }: { face: FaceSummary; units: boolean }) {
  const t = useText("history").summary;
  return (
    <div class="stack">
      <h3>{fill(t.face, { n: face.face, seconds: number(face.seconds, 1) })}</h3>
      {!units && face.labels && <ShareBars shares={face.labels} label={t.shares} />}
      <dl class="facts">
        {ratesOf(face, t).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** A recording in a few numbers, face by face. */
export function Summary({ recording }: { recording: Recording }) {
  const t = useText("history").summary;
  const units = recording.mode === "action_units";
  const faces = summariesOf(recording.summary);
  if (faces.length > 0) {
    return (
      <div class="history-summaries">
        {faces.map((face) => (
          <OfFace key={face.face} face={face} units={units} />
        ))}
      </div>
    );
  }
  const shares = sharesOf(recording);
  if (units || shares.length === 0) return <p class="empty">{t.none}</p>;
  return <ShareBars shares={Object.fromEntries(shares)} label={t.shares} />;
}
