import { keep, kept } from "../../shell/memory";

/** How probabilities are smoothed, as `mimika.Options.smooth` has it. */
export const SMOOTHINGS = { none: "none", light: "ema:0.3", strong: "ema:1.0", path: "viterbi" } as const;
export type Smoothing = keyof typeof SMOOTHINGS;

/** What the reader chose for live sessions. */
export interface Choices {
  /** Id of a camera, "" for the browser's first. */
  camera: string;
  smoothing: Smoothing;
  mirror: boolean;
  mesh: boolean;
  /** Id of a profile, "" for nobody named. */
  person: string;
}

/** What was chosen last in this browser; the camera and the person are not remembered. */
export function firstChoices(): Choices {
  const smoothing = kept("live.smoothing") as Smoothing | null;
  return {
    camera: "",
    smoothing: smoothing && smoothing in SMOOTHINGS ? smoothing : "light",
    mirror: kept("live.mirror") !== "no",
    mesh: kept("live.mesh") === "yes",
    person: "",
  };
}

export function keepChoices(choices: Choices): void {
  keep("live.smoothing", choices.smoothing);
  keep("live.mirror", choices.mirror ? "yes" : "no");
  keep("live.mesh", choices.mesh ? "yes" : "no");
}

/** The mirror is a matter of the page; everything else is told at the start of a session. */
export function needsNewSession(before: Choices, after: Choices): boolean {
  return (["smoothing", "mesh", "camera", "person"] as const).some((name) => before[name] !== after[name]);
}
