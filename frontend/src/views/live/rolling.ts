import type { Face } from "../../api/types";
import type { Aspect } from "../curves";

/** How much of the past is drawn, in seconds. */
export const SPAN_S = 60;
/** A hole longer than this is drawn as one. */
const HOLE_S = 3;



/** The curves of one face: `time_s`, and a value or null for each name at each of these times. */
export interface Curves {
  time_s: number[];
  values: Map<string, (number | null)[]>;
}

/** What one frame says about a face under an aspect. */
function numbers(face: Face, aspect: Aspect): Record<string, number | null> {
  if (aspect === "expressions") return face.probabilities ?? {};
  if (aspect === "pose") return face.pose ? { ...face.pose } : {};
  const strongest: Record<string, number> = {};
  for (const [name, value] of Object.entries(face.action_units ?? {})) {
    const unit = name.replace(/_[lr]$/, "");
    strongest[unit] = Math.max(strongest[unit] ?? 0, value);
  }
  return strongest;
}

/** The last minute of each face, for the curves; old points and faces that are gone fall out. */
export class Rolling {
  private readonly faces = new Map<number, { time_s: number; face: Face }[]>();

  add(time_s: number, faces: readonly Face[]): void {
    for (const face of faces) {
      const points = this.faces.get(face.id) ?? [];
      // The mesh is large and not drawn here.
      points.push({ time_s, face: { ...face, mesh: null } });
      this.faces.set(face.id, points);
    }
    for (const [id, points] of this.faces) {
      while (points[0] && points[0].time_s < time_s - SPAN_S) points.shift();
      if (points.length === 0) this.faces.delete(id);
    }
  }

  ids(): number[] {
    return [...this.faces.keys()].sort((a, b) => a - b);
  }

  /** The curves of one face under an aspect, with a null where it was away. */
  curves(id: number, aspect: Aspect): Curves {
    const curves: Curves = { time_s: [], values: new Map() };
    const points = this.faces.get(id) ?? [];
    for (const name of Object.keys(points.length ? numbers(points[points.length - 1]!.face, aspect) : {}))
      curves.values.set(name, []);
    let last = -Infinity;
    for (const { time_s, face } of points) {
      if (last > -Infinity && time_s - last > HOLE_S) this.push(curves, last + HOLE_S / 2, {});
      this.push(curves, time_s, numbers(face, aspect));
      last = time_s;
    }
    return curves;
  }

  private push(curves: Curves, time_s: number, at: Record<string, number | null>): void {
    curves.time_s.push(time_s);
    for (const [name, values] of curves.values) values.push(at[name] ?? null);
  }
}
