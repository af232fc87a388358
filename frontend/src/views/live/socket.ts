import type { Face, FaceEvent, Mode, Purpose } from "../../api/types";

/** How a session is to be analysed, as the server's options have it. */
export interface LiveOptions {
  smooth: string;
  steady: boolean;
  mesh: boolean;
  language: string;
  /** "profile" counts movements from the neutral face of the person's profile. */
  baseline: "none" | "profile";
}

/** What is asked of the server for a live session; `purpose` null is the installation's, `person` a profile's id. */
export interface LiveWish {
  options: LiveOptions;
  purpose: Purpose | null;
  person: string | null;
}

export interface Observation {
  type: "observation";
  time_s: number;
  width: number;
  height: number;
  faces: Face[];
  behind_ms: number;
  dropped: number;
  server_ms: number;
}

export interface RecordingState {
  type: "recording";
  id: string | null;
  name?: string;
  on?: boolean;
}

type Heard =
  | { type: "ready"; session: string; mode: Mode; resumed: boolean }
  | Observation
  | ({ type: "event" } & FaceEvent)
  | { type: "baseline"; state: "measuring" | "done" | "failed"; reason?: string }
  | RecordingState
  | { type: "error"; code: string; message: string };

export type LineState = "connecting" | "open" | "broken" | "over";

/** What the view hears of a line. */
export interface LineListener {
  state: (state: LineState, attempt: number) => void;
  ready: (mode: Mode, resumed: boolean) => void;
  observation: (seen: Observation) => void;
  event: (event: FaceEvent) => void;
  baseline: (state: "measuring" | "done" | "failed") => void;
  recording: (state: RecordingState) => void;
  fault: (code: string, message: string) => void;
}

/** The server keeps a broken session for a minute; after that there is nothing to come back to. */
const GIVE_UP_MS = 60_000;
const LONGEST_WAIT_MS = 5000;

/** A line to `WS /v1/live` that mends itself: a broken one is taken up again with the same session. */
export class Line {
  private socket: WebSocket | null = null;
  private session: string | null = null;
  private attempt = 0;
  private brokenAt = 0;
  private timer = 0;
  private over = false;

  constructor(
    private readonly wish: LiveWish,
    private readonly listener: LineListener,
  ) {}

  open(): void {
    this.listener.state(this.attempt === 0 ? "connecting" : "broken", this.attempt);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/v1/live`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.say({ type: "start", ...this.wish, resume: this.session });
    socket.onmessage = (message) => this.hear(JSON.parse(message.data as string) as Heard);
    socket.onclose = () => this.closed();
    this.socket = socket;
  }

  /** Can a frame be sent now, or is the line down or its own buffer full? */
  get clear(): boolean {
    return this.session !== null && this.socket?.readyState === WebSocket.OPEN && this.socket.bufferedAmount < 200_000;
  }

  frame(packet: ArrayBuffer): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(packet);
  }

  say(text: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(text));
  }

  /** End the session; the server stores what was recorded. */
  close(): void {
    this.over = true;
    clearTimeout(this.timer);
    this.say({ type: "stop" });
    this.socket?.close(1000);
    this.listener.state("over", 0);
  }

  private hear(heard: Heard): void {
    if (heard.type === "ready") {
      this.session = heard.session;
      const before = this.attempt;
      this.attempt = 0;
      this.listener.state("open", before);
      this.listener.ready(heard.mode, before === 0 || heard.resumed);
    } else if (heard.type === "observation") this.listener.observation(heard);
    else if (heard.type === "event") this.listener.event(heard);
    else if (heard.type === "baseline") this.listener.baseline(heard.state);
    else if (heard.type === "recording") this.listener.recording(heard);
    else if (heard.type === "error") this.fault(heard.code, heard.message);
  }

  private fault(code: string, message: string): void {
    // Refused before it began: trying again would not change that.
    if (this.session === null) this.over = true;
    this.listener.fault(code, message);
    if (this.over) this.listener.state("over", 0);
  }

  private closed(): void {
    if (this.over) return;
    const now = performance.now();
    if (this.attempt === 0) this.brokenAt = now;
    this.attempt += 1;
    if (now - this.brokenAt > GIVE_UP_MS) {
      this.over = true;
      this.listener.fault("gave_up", "");
      this.listener.state("over", 0);
      return;
    }
    this.listener.state("broken", this.attempt);
    this.timer = window.setTimeout(() => this.open(), Math.min(LONGEST_WAIT_MS, 250 * 2 ** (this.attempt - 1)));
  }
}
