import type { Label } from "../api/types";
import { fill, percent, type Dictionary } from "../i18n";

/** What stands above a box: "happiness 83 %", "unsure", or the face's number where no expression is inferred. */
export function wordsOf(
  face: { id: number; label: Label | "unsure" | null; confidence: number | null },
  terms: Dictionary["terms"],
  common: Dictionary["common"],
): string {
  if (face.label === null) return fill(common.face, { n: face.id + 1 });
  if (face.label === "unsure") return terms.labels.unsure;
  return `${terms.labels[face.label]} ${percent(face.confidence ?? 0)}`;
}
