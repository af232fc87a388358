import type { Face } from "../api/types";
import { fill, number, percent, useText } from "../i18n";
import { ExpressionBars, Scale } from "./Bars";
import { SecondOpinionOf } from "./SecondOpinion";
import { UnitsOfFace } from "./Units";

/** Pose, gaze and lids in words and degrees. */
export function FaceFacts({ face }: { face: Face }) {
  const t = useText("terms");
  const degrees = (value: number | null | undefined) =>
    value === null || value === undefined ? "–" : `${number(value)}°`;
  const share = (value: number | null | undefined) =>
    value === null || value === undefined ? "–" : number(value, 2);
  const rows: [string, string][] = [
    [t.pitch, degrees(face.pose?.pitch)],
    [t.yaw, degrees(face.pose?.yaw)],
    [t.roll, degrees(face.pose?.roll)],
    [t.gaze, `${degrees(face.gaze?.[0])} / ${degrees(face.gaze?.[1])}`],
    [t.openness, `${share(face.eye_openness?.[0])} / ${share(face.eye_openness?.[1])}`],
    [t.score, percent(face.score)],
  ];
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** "expression resembles happiness" in large, or "unsure" with what it is nearest to. */
export function Verdict({ face }: { face: Face }) {
  const t = useText("terms");
  if (!face.probabilities || !face.resembles) return <p class="muted">{t.units_only}</p>;
  const name = t.labels[face.resembles];
  const sure = percent(face.confidence ?? 0);
  if (face.unsure) {
    return (
      <p class="verdict verdict-unsure" data-label="unsure">
        <span class="verdict-lead">{t.resembles}</span>
        <strong>{t.labels.unsure}</strong>
        <span class="verdict-sure">{fill(t.nearest, { name, sure })}</span>
      </p>
    );
  }
  return (
    <p class={`verdict label-${face.resembles}`} data-label={face.resembles}>
      <span class="verdict-lead">{t.resembles}</span>
      <strong>{name}</strong>
      <span class="verdict-sure">{fill(t.probability, { sure })}</span>
    </p>
  );
}

/** Everything about one face of one moment. */
export function FacePanel({ face }: { face: Face }) {
  const t = useText("terms");
  return (
    <div class="face-panel">
      <Verdict face={face} />
      {face.probabilities && <ExpressionBars probabilities={face.probabilities} />}
      {face.second_opinion && <SecondOpinionOf opinion={face.second_opinion} />}
      {face.valence !== null && face.arousal !== null && (
        <div class="scales">
          <Scale name={t.valence} value={face.valence} low={t.unpleasant} high={t.pleasant} />
          <Scale name={t.arousal} value={face.arousal} low={t.calm} high={t.roused} />
        </div>
      )}
      <h3>{t.pose}</h3>
      <FaceFacts face={face} />
      {face.action_units && <UnitsOfFace values={face.action_units} />}
    </div>
  );
}
