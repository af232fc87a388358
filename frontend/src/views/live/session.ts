import { signal } from "@preact/signals";

import type { Face, FaceEvent, Mode } from "../../api/types";
import { CameraError, openCamera, type Camera, type CameraTrouble } from "./camera";
import { eachFrame, pack, Snapper } from "./frames";
import { Pace } from "./pace";
import { Rolling } from "./rolling";
import { Line, type LineState, type LiveWish, type Observation } from "./socket";

export type Phase = "idle" | "opening" | "connecting" | "waiting" | "running" | "broken";

/** A line of the list of events; words are found when it is shown, in the language of then. */
export type Entry = { id: number; time_s: number } & (
  | { kind: "rule"; event: FaceEvent }
  | { kind: "mark"; text: string }
  | { kind: "baseline"; state: "done" | "failed" }
  | { kind: "line"; state: "resumed" | "anew" }
);

export type Fault = { kind: "camera"; trouble: CameraTrouble; reason: string } | { kind: "server"; code: string; reason: string };

export interface Meter {
  delayMs: number;
  rate: number;
  dropped: number;
}

type Words<E> = E extends unknown ? Omit<E, "id" | "time_s"> : never;

const RATE_MOST = 25;
const ENTRIES_MOST = 200;
const QUIET: Meter = { delayMs: 0, rate: 0, dropped: 0 };

/** One session with the camera: pictures go out, faces come back; the view reads the signals. */
export class LiveSession {
  readonly phase = signal<Phase>("idle");
  readonly attempt = signal(0);
  readonly mode = signal<Mode | null>(null);
  readonly seen = signal<Observation | null>(null);
  readonly meter = signal<Meter>(QUIET);
  readonly entries = signal<readonly Entry[]>([]);
  readonly fault = signal<Fault | null>(null);
  readonly baseline = signal<"none" | "measuring" | "done" | "failed">("none");
  readonly recording = signal<{ id: string | null; name: string } | null>(null);
  readonly saved = signal<{ id: string; name: string } | null>(null);
  readonly cameraId = signal("");
  readonly rolling = new Rolling();

  private camera: Camera | null = null;
  private line: Line | null = null;
  private pace = new Pace(RATE_MOST);
  private readonly snapper = new Snapper();
  private busy = false;
  private began = 0;
  private lastTime = -1;
  private lastSent = -1;
  private person: string | null = null;
  private count = 0;
  private halt: (() => void)[] = [];

  /** Open the camera, show it in `video`, and begin. What goes wrong is put into `fault`. */
  async start(video: HTMLVideoElement, wish: LiveWish, cameraId: string): Promise<void> {
    this.stop();
    this.fault.value = null;
    this.saved.value = null;
    this.phase.value = "opening";
    try {
      this.camera = await openCamera(cameraId, () => this.broke("unplugged"));
    } catch (error) {
      const trouble = error instanceof CameraError ? error.trouble : "failed";
      return this.broke(trouble, error instanceof Error ? String(error.cause ?? "") : "");
    }
    this.cameraId.value = this.camera.id;
    video.srcObject = this.camera.stream;
    await video.play().catch(() => undefined);
    this.began = performance.now();
    this.lastTime = this.lastSent = -1;
    this.person = wish.person;
    this.line = this.newLine(wish);
    this.line.open();
    const timer = setInterval(() => this.measure(), 500);
    this.halt = [eachFrame(video, (at) => void this.send(video, at)), () => clearInterval(timer)];
  }

  stop(): void {
    for (const halt of this.halt) halt();
    this.halt = [];
    // Let go of it first: closing a line tells of its end, which leads here again.
    const line = this.line;
    this.line = null;
    line?.close();
    this.camera?.stop();
    this.camera = null;
    this.pace = new Pace(RATE_MOST);
    this.phase.value = "idle";
    this.seen.value = null;
    this.meter.value = QUIET;
    this.baseline.value = "none";
    if (this.recording.value) this.keepRecording();
  }

  /** Seconds since the session began, on the clock of the pictures. */
  get now(): number {
    return (performance.now() - this.began) / 1000;
  }

  measureNeutral(): void {
    this.baseline.value = "measuring";
    this.line?.say({ type: "baseline", seconds: 3, ...(this.person ? { profile: this.person } : {}) });
  }

  record(on: boolean, name: string): void {
    this.line?.say({ type: "record", on, name });
    if (on) this.recording.value = { id: null, name };
    else this.keepRecording();
  }

  mark(text: string): void {
    this.line?.say({ type: "mark", text });
  }

  private keepRecording(): void {
    const kept = this.recording.value;
    this.recording.value = null;
    if (kept?.id) this.saved.value = { id: kept.id, name: kept.name };
  }

  private newLine(wish: LiveWish): Line {
    return new Line(wish, {
      state: (state, attempt) => this.lineState(state, attempt),
      ready: (mode, resumed) => this.ready(mode, resumed),
      observation: (seen) => this.observed(seen),
      event: (event) =>
        this.enter(event.event === "mark" ? { kind: "mark", text: event.message } : { kind: "rule", event }),
      baseline: (state) => {
        this.baseline.value = state;
        if (state !== "measuring") this.enter({ kind: "baseline", state });
      },
      recording: ({ id, name, on }) => {
        if (this.recording.value && on !== false) this.recording.value = { id, name: name ?? this.recording.value.name };
        else if (id && on === false) this.saved.value = { id, name: name ?? "" };
      },
      fault: (code, reason) => {
        if (code !== "time_goes_back" || this.phase.value !== "running") this.fault.value = { kind: "server", code, reason };
      },
    });
  }

  private lineState(state: LineState, attempt: number): void {
    this.attempt.value = attempt;
    if (state === "connecting") this.phase.value = "connecting";
    if (state === "broken") {
      this.pace.reset();
      this.phase.value = "broken";
    }
    if (state === "open") {
      this.phase.value = "waiting";
      if (attempt > 0) this.fault.value = null;
    }
    if (state === "over" && this.fault.value) this.stop();
  }

  private ready(mode: Mode, resumed: boolean): void {
    const again = this.mode.value !== null && this.seen.value !== null;
    this.mode.value = mode;
    if (again) this.enter({ kind: "line", state: resumed ? "resumed" : "anew" });
    if (!resumed) {
      this.baseline.value = "none";
      if (this.recording.value) this.keepRecording();
    }
  }

  private observed(seen: Observation): void {
    if (seen.time_s <= this.lastTime) return;
    this.lastTime = seen.time_s;
    if (this.fault.value) this.fault.value = null;
    this.pace.answered(seen.time_s, performance.now());
    this.rolling.add(seen.time_s, seen.faces as Face[]);
    this.seen.value = seen;
    this.phase.value = "running";
  }

  private async send(video: HTMLVideoElement, capturedAt: number): Promise<void> {
    const line = this.line;
    const timeS = (capturedAt - this.began) / 1000;
    // A picture may have been captured before the session began, or be shown twice.
    if (timeS < 0 || timeS <= this.lastSent) return;
    if (this.busy || !line?.clear || !this.pace.free(performance.now())) return;
    this.busy = true;
    try {
      const picture = await this.snapper.take(video);
      if (!picture || line !== this.line) return;
      line.frame(await pack(picture, timeS));
      this.lastSent = timeS;
      this.pace.sent(timeS, capturedAt, performance.now());
    } finally {
      this.busy = false;
    }
  }

  private measure(): void {
    const dropped = this.seen.value?.dropped ?? 0;
    this.meter.value = { delayMs: Math.round(this.pace.latencyMs()), rate: this.pace.rate(), dropped };
  }

  private enter(words: Words<Entry>): void {
    this.count += 1;
    const entry = { ...words, id: this.count, time_s: this.now } as Entry;
    this.entries.value = [entry, ...this.entries.value].slice(0, ENTRIES_MOST);
  }

  private broke(trouble: CameraTrouble, reason = ""): void {
    this.stop();
    this.fault.value = { kind: "camera", trouble, reason };
  }
}
