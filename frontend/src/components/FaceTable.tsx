import { useState } from "preact/hooks";

import { LABELS, type Face, type SecondOpinion, type Shares } from "../api/types";
import { fill, number, percent, useText } from "../i18n";
import { Bars, ExpressionBars, Scale } from "./Bars";
import { Switch } from "./Field";

/** What FACS calls a trace: from this intensity on a unit is written with a letter. */
const TRACE = 0.5;

interface Unit {
  name: string;
  left: number;
  right: number;
  sided: boolean;
}

/** {"AU12_l": 2, "AU12_r": 1, "AU25": 3} as units with two sides; the strongest of the sides decides what is shown. */
export function unitsOf(values: Readonly<Record<string, number>>): Unit[] {
  const units = new Map<string, Unit>();
  for (const [key, value] of Object.entries(values)) {
    const [name = key, side] = key.split("_");
    const unit = units.get(name) ?? { name, left: value, right: value, sided: side !== undefined };
    if (side === "l") unit.left = value;
    if (side === "r") unit.right = value;
    units.set(name, unit);
  }
  return [...units.values()];
}

/** The FACS letter of an intensity 0..5, "–" below a trace. */
export function letter(intensity: number): string {
  return intensity < TRACE ? "–" : (["A", "B", "C", "D", "E"][Math.min(4, Math.floor(intensity - TRACE))] ?? "E");
}

function Intensity({ value }: { value: number }) {
  return (
    <div class="unit-cell">
      <span class="unit-track" aria-hidden="true">
        <span class="bar-fill" style={{ width: `${Math.min(100, 20 * value)}%` }} />
      </span>
      <span class="unit-number">
        {number(value, 1)} <abbr>{letter(value)}</abbr>
      </span>
    </div>
  );
}

export interface ActionUnitsProps {
  values: Readonly<Record<string, number>>;
  /** Leave out units below a trace on both sides. */
  onlyActive?: boolean;
}

/** Action units 0..5 with the subject's own left and right. */
export function ActionUnits({ values, onlyActive = false }: ActionUnitsProps) {
  const t = useText("terms");
  const all = unitsOf(values);
  const shown = onlyActive ? all.filter((unit) => Math.max(unit.left, unit.right) >= TRACE) : all;
  if (!shown.length) return <p class="muted">{t.no_units}</p>;
  return (
    <table class="units">
      <caption class="unseen">{t.action_units}</caption>
      <thead>
        <tr>
          <th scope="col">{t.unit}</th>
          <th scope="col">{t.left}</th>
          <th scope="col">{t.right}</th>
        </tr>
      </thead>
      <tbody>
        {shown.map((unit) => (
          <tr key={unit.name}>
            <th scope="row">
              <b>{unit.name}</b> <span>{t.units[unit.name as keyof typeof t.units] ?? ""}</span>
            </th>
            {unit.sided ? (
              <>
                <td>
                  <Intensity value={unit.left} />
                </td>
                <td>
                  <Intensity value={unit.right} />
                </td>
              </>
            ) : (
              <td colSpan={2} class="unit-both">
                <Intensity value={unit.left} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

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

/** What this machine alone said, and what the cloud model said with its evidence; the bars above hold both, mixed. */
function SecondOpinionOf({ opinion }: { opinion: SecondOpinion }) {
  const t = useText("terms");
  const best = (shares: Shares) =>
    LABELS.reduce((first, label) => (shares[label] > shares[first] ? label : first), LABELS[0]);
  const local = opinion.local ? best(opinion.local) : null;
  return (
    <section class="second-opinion" data-origin={opinion.origin}>
      <h3>{t.second_opinion}</h3>
      <dl class="facts">
        {local && opinion.local && (
          <div>
            <dt>{t.this_machine}</dt>
            <dd>
              {t.labels[local]} {percent(opinion.local[local])}
            </dd>
          </div>
        )}
        {opinion.label && opinion.probabilities && (
          <div>
            <dt>{opinion.origin.replace("cloud:", "")}</dt>
            <dd>
              {t.labels[opinion.label]} {percent(opinion.probabilities[opinion.label])}
            </dd>
          </div>
        )}
      </dl>
      {opinion.evidence && <p class="muted">{opinion.evidence}</p>}
    </section>
  );
}

/** The units that act, all of them on request. */
function UnitsOfFace({ values }: { values: Readonly<Record<string, number>> }) {
  const t = useText("terms");
  const [all, setAll] = useState(false);
  return (
    <>
      <div class="units-head">
        <h3>{t.action_units}</h3>
        <Switch label={t.all_units} on={all} onChange={setAll} />
      </div>
      <ActionUnits values={values} onlyActive={!all} />
    </>
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

/** One face's action units as bars, for where a table is too much. */
export function StrongestUnits({ values, most = 6 }: { values: Readonly<Record<string, number>>; most?: number }) {
  const t = useText("terms");
  const bars = unitsOf(values)
    .map((unit) => ({ unit, peak: Math.max(unit.left, unit.right) }))
    .sort((a, b) => b.peak - a.peak)
    .slice(0, most)
    .map(({ unit, peak }) => ({
      key: unit.name,
      name: `${unit.name} ${t.units[unit.name as keyof typeof t.units] ?? ""}`,
      share: peak / 5,
      value: number(peak, 1),
    }));
  return <Bars bars={bars} label={t.action_units} />;
}
