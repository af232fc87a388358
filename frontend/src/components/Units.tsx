import { useState } from "preact/hooks";

import type { Episode } from "../api/types";
import { fill, number, percent, useText, type Dictionary } from "../i18n";
import { Bars } from "./Bars";
import { Switch } from "./Field";
import { Heads } from "./Heads";

/** What FACS calls a trace: from this intensity on a unit is written with a letter. */
const TRACE = 0.5;
/** Sides that differ by less than this share of the stronger one are called even. */
const EVEN = 0.1;

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

/** The FACS letter of an intensity 0..5, "" below a trace; as `mimika.data.facs.letters`. */
export function letter(intensity: number): string {
  return intensity < TRACE ? "" : (["A", "B", "C", "D", "E"][Math.min(4, Math.floor(intensity - TRACE))] ?? "E");
}

/** One digit after the point, cut where rounding would reach the next letter: 4.47 is "4.4", as it is a D. */
function digits(intensity: number): string {
  const rounded = Math.round(10 * intensity) / 10;
  return number(letter(rounded) === letter(intensity) ? rounded : Math.floor(10 * intensity) / 10, 1);
}

/** "3.1 C". */
function graded(intensity: number): string {
  return `${digits(intensity)} ${letter(intensity)}`.trim();
}

/** The peak of an episode: a share, intensity and letter, pixels of a face 150 px wide, or a state's number. */
export function peakOf({ kind, peak }: Episode): string {
  if (kind === "expression") return percent(peak);
  if (kind === "action_unit") return graded(peak);
  return kind === "micro" ? `${number(peak, 2)} px` : number(peak, 2);
}

/** Which side of a unit is stronger and how far, as `mimika.data.facs.asymmetry`: "left 0.42"; `even` if neither is. */
function leaning({ left, right, sided }: Unit, t: Dictionary["terms"], even: string): string {
  if (!sided) return "";
  const lead = (left - right) / Math.max(left, right, 1);
  if (Math.abs(lead) < EVEN) return even;
  return fill(lead > 0 ? t.leans.left : t.leans.right, { n: number(Math.abs(lead), 2) });
}

function Intensity({ value }: { value: number }) {
  return (
    <div class="unit-cell">
      <span class="unit-track" aria-hidden="true">
        <span class="bar-fill" style={{ width: `${Math.min(100, 20 * value)}%` }} />
      </span>
      <span class="unit-number">
        {digits(value)} <abbr>{letter(value) || "–"}</abbr>
      </span>
    </div>
  );
}

function UnitRow({ unit }: { unit: Unit }) {
  const t = useText("terms");
  return (
    <tr>
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
          <td class="unit-lean">{leaning(unit, t, t.leans.even)}</td>
        </>
      ) : (
        <>
          <td colSpan={2} class="unit-both">
            <Intensity value={unit.left} />
          </td>
          <td />
        </>
      )}
    </tr>
  );
}

/** Action units 0..5 with letters, the subject's own left and right, and which of them is stronger. */
function ActionUnits({ units }: { units: readonly Unit[] }) {
  const t = useText("terms");
  return (
    <>
      <table class="units">
        <caption class="unseen">{t.action_units}</caption>
        <thead>
          <tr>
            <Heads names={[t.unit, t.left, t.right, t.stronger]} />
          </tr>
        </thead>
        <tbody>
          {units.map((unit) => (
            <UnitRow key={unit.name} unit={unit} />
          ))}
        </tbody>
      </table>
      <p class="hint">{t.units_hint}</p>
    </>
  );
}

/** The units that act, all of them on request. */
export function UnitsOfFace({ values }: { values: Readonly<Record<string, number>> }) {
  const t = useText("terms");
  const [all, setAll] = useState(false);
  const units = unitsOf(values).filter((unit) => all || Math.max(unit.left, unit.right) >= TRACE);
  return (
    <>
      <div class="units-head">
        <h3>{t.action_units}</h3>
        <Switch label={t.all_units} on={all} onChange={setAll} />
      </div>
      {units.length ? <ActionUnits units={units} /> : <p class="muted">{t.no_units}</p>}
    </>
  );
}

/** One face's action units as bars with letters and the stronger side, for where a table is too much. */
export function StrongestUnits({ values, most = 6 }: { values: Readonly<Record<string, number>>; most?: number }) {
  const t = useText("terms");
  const bars = unitsOf(values)
    .map((unit) => ({ unit, peak: Math.max(unit.left, unit.right) }))
    .sort((a, b) => b.peak - a.peak)
    .slice(0, most)
    .map(({ unit, peak }) => ({
      key: unit.name,
      name: `${unit.name} ${t.units[unit.name as keyof typeof t.units] ?? ""}`,
      note: letter(peak) ? leaning(unit, t, "") : "",
      share: peak / 5,
      value: graded(peak),
    }));
  return <Bars bars={bars} label={t.action_units} />;
}
