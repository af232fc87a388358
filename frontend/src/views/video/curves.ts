import { LABELS, type FaceTimeline } from "../../api/types";
import type { Series } from "../../draw/Chart";
import type { Dictionary } from "../../i18n";

export type Aspect = "expressions" | "units" | "affect" | "pose";

/** Colours for curves that have none of their own, in the order in which they are given out. */
const TOKENS = ["--happiness", "--sadness", "--anger", "--disgust", "--fear", "--contempt", "--surprise", "--neutral"];
/** So many action units are drawn, the ones that moved most. */
const UNITS = 8;

export const RANGES: Readonly<Record<Aspect, [number, number]>> = {
  expressions: [0, 1],
  units: [0, 5],
  affect: [-1, 1],
  pose: [-60, 60],
};

type Column = readonly (number | null)[];

/** The larger of two columns, row by row. */
function larger(left: Column, right: Column | undefined): Column {
  return right ? left.map((value, row) => (value === null ? null : Math.max(value, right[row] ?? value))) : left;
}

function unitCurves(face: FaceTimeline, t: Dictionary["terms"]): Series[] {
  const columns = face.action_units ?? {};
  const names = [...new Set(Object.keys(columns).map((key) => key.split("_")[0] ?? key))];
  const curves = names.map((name) => {
    const values = larger(columns[`${name}_l`] ?? columns[name] ?? [], columns[`${name}_r`]);
    return { name, values, peak: values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0) };
  });
  const strongest = curves.sort((a, b) => b.peak - a.peak).slice(0, UNITS);
  strongest.sort((a, b) => Number(a.name.slice(2)) - Number(b.name.slice(2)));
  return strongest.map(({ name, values }, at) => ({
    key: name,
    name: `${name} ${t.units[name as keyof typeof t.units] ?? ""}`,
    values,
    token: TOKENS[at] ?? "--neutral",
  }));
}

/** The curves of one aspect of a face, with their names in the reader's language. */
export function curvesOf(face: FaceTimeline, aspect: Aspect, t: Dictionary["terms"]): Series[] {
  if (aspect === "units") return unitCurves(face, t);
  const given: [string, string, Column | null | undefined, string][] =
    aspect === "expressions"
      ? LABELS.map((label) => [label, t.labels[label], face.probabilities?.[label], `--${label}`])
      : aspect === "affect"
        ? [
            ["valence", t.valence, face.valence, "--disgust"],
            ["arousal", t.arousal, face.arousal, "--anger"],
          ]
        : [
            ["pitch", t.pitch, face.pose?.pitch, "--anger"],
            ["yaw", t.yaw, face.pose?.yaw, "--sadness"],
            ["roll", t.roll, face.pose?.roll, "--disgust"],
          ];
  return given.flatMap(([key, name, values, token]) => (values ? [{ key, name, values, token }] : []));
}
