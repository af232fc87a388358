import type { FrameFace, Frames, Point } from "../../api/types";

/** A face is not drawn between two frames that lie farther apart than this. */
const GAP_S = 0.6;
/** For so long a face stays drawn where its next frame is missing. */
const HOLD_S = 0.2;
/** Presentation times that differ by less are the same frame. */
const SAME_S = 0.001;

/** The analysed frames of a film in the order of time, wherever they came from. */
export class FrameStore {
  private times: number[] = [];
  private faces: FrameFace[][] = [];

  get length(): number {
    return this.times.length;
  }

  /** Take in a stretch of frames; what was known of that stretch is replaced. */
  add(frames: Frames): void {
    const first = frames.time_s[0];
    const last = frames.time_s[frames.time_s.length - 1];
    if (first === undefined || last === undefined) return;
    const from = this.after(first - SAME_S);
    const to = this.after(last + SAME_S);
    this.times.splice(from, to - from, ...frames.time_s);
    this.faces.splice(from, to - from, ...frames.faces);
  }

  /** The faces to draw at a presentation time: those of that frame, or between two frames those on the way. */
  at(time: number): FrameFace[] {
    const index = this.after(time + SAME_S) - 1;
    const before = this.faces[index];
    const after = this.faces[index + 1];
    const start = this.times[index];
    const end = this.times[index + 1];
    if (before === undefined || start === undefined) return end !== undefined && end - time < HOLD_S ? (after ?? []) : [];
    if (time - start < SAME_S) return before;
    if (after === undefined || end === undefined || end - start > GAP_S) return time - start < HOLD_S ? before : [];
    return between(before, after, (time - start) / (end - start));
  }

  /** The time of the analysed frame before or after `time`. */
  step(time: number, forward: boolean): number | null {
    const index = forward ? this.after(time + SAME_S) : this.after(time - 2 * SAME_S) - 1;
    return this.times[index] ?? null;
  }

  /** How many frames lie at or before `time`. */
  private after(time: number): number {
    let low = 0;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.times[middle] ?? Infinity) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function mixed(from: number, to: number, share: number): number {
  return from + share * (to - from);
}

/** Faces on their straight way from one frame to the next; one that comes or goes is there for its half. */
function between(before: FrameFace[], after: FrameFace[], share: number): FrameFace[] {
  const near = share < 0.5 ? before : after;
  return near.map((face) => {
    const from = before.find((one) => one.id === face.id);
    const to = after.find((one) => one.id === face.id);
    if (!from || !to) return face;
    const box = from.box.map((value, at) => mixed(value, to.box[at] ?? value, share)) as FrameFace["box"];
    if (!from.mesh || !to.mesh) return { ...face, box };
    const mesh = from.mesh.map((point, index) => {
      const target = to.mesh?.[index] ?? point;
      return point.map((value, at) => mixed(value, target[at] ?? value, share)) as Point;
    });
    return { ...face, box, mesh };
  });
}
