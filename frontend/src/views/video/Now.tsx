import type { Signal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import { LABELS, type AskedOpinion, type FaceTimeline, type FrameFace, type Shares } from "../../api/types";
import { ExpressionBars, SecondOpinionOf, StrongestUnits } from "../../components";
import { fill, number, percent, useText } from "../../i18n";
import type { Analysis } from "./analysis";

/** The row of a face's curves nearest to a time, or null where the face is away. */
export function rowAt(times: readonly number[], time: number): number | null {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? Infinity) < time) low = middle + 1;
    else high = middle;
  }
  const nearer = time - (times[low - 1] ?? -Infinity) < (times[low] ?? Infinity) - time ? low - 1 : low;
  const step = times.length > 1 ? ((times[times.length - 1] ?? 0) - (times[0] ?? 0)) / (times.length - 1) : 0;
  const off = Math.abs((times[nearer] ?? Infinity) - time);
  return off <= Math.max(0.2, 2 * step) ? nearer : null;
}

function sharesAt(face: FaceTimeline, row: number): Shares | null {
  const columns = face.probabilities;
  if (!columns || (columns.neutral?.[row] ?? null) === null) return null;
  return Object.fromEntries(LABELS.map((label) => [label, columns[label]?.[row] ?? 0])) as Shares;
}

/** The answer about a face that is nearest to a time. */
export function opinionAt(opinions: readonly AskedOpinion[], face: FrameFace, time: number): AskedOpinion | null {
  const near = (one: AskedOpinion) => Math.abs(one.time_s - time);
  return opinions
    .filter((one) => one.face === face.id && one.origin === face.origin && one.outcome !== "late")
    .reduce<AskedOpinion | null>((first, one) => (first && near(first) <= near(one) ? first : one), null);
}

/** What both said of a face whose row holds two opinions. */
function Both({ analysis, face, time }: { analysis: Analysis; face: FrameFace; time: number }) {
  const t = useText("video");
  const found = face.origin ? opinionAt(analysis.opinions.value, face, time) : null;
  if (!found?.origin) return null;
  const opinion = { ...found, origin: found.origin, evidence: found.evidence ?? "" };
  return <SecondOpinionOf opinion={opinion} when={fill(t.asked_at, { time: number(found.time_s, 2) })} />;
}

function Label({ face }: { face: FrameFace }) {
  const t = useText("terms");
  if (face.label === null) return null;
  return (
    <p class={`verdict label-${face.label} ${face.label === "unsure" ? "verdict-unsure" : ""}`} data-label={face.label}>
      <span class="verdict-lead">{t.resembles}</span>
      <strong>{t.labels[face.label]}</strong>
      <span class="verdict-sure">{fill(t.probability, { sure: percent(face.confidence ?? 0) })}</span>
    </p>
  );
}

export interface NowProps {
  analysis: Analysis;
  face: FaceTimeline | null;
  time: Signal<number>;
}

/** What the chosen face shows at this moment of the film. */
export function Now({ analysis, face, time }: NowProps) {
  const t = useText("video");
  void analysis.news.value;
  const now = time.value;
  const seen = analysis.frames(now, false)?.at(now) ?? [];
  const shown = seen.find((one) => one.id === face?.id) ?? seen[0];
  const row = useMemo(() => (face ? rowAt(face.time_s, now) : null), [face, now]);
  if (!shown) return <p class="muted">{analysis.running && now >= analysis.until ? t.soon : t.nobody}</p>;
  const shares = face && row !== null ? sharesAt(face, row) : null;
  const units: Record<string, number> = {};
  if (face && row !== null) {
    for (const [name, values] of Object.entries(face.action_units ?? {})) units[name] = values[row] ?? 0;
  }
  return (
    <div class="face-panel">
      <Label face={shown} />
      {shares && <ExpressionBars probabilities={shares} />}
      <Both analysis={analysis} face={shown} time={now} />
      {Object.keys(units).length > 0 && (
        <>
          <h3>{t.strongest}</h3>
          <StrongestUnits values={units} most={5} />
        </>
      )}
    </div>
  );
}
