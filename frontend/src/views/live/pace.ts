/** Decides when the next frame may be sent, and measures what comes back. */

const FORGET_MS = 3000;
const SLOW_MS = 180;

/**
 * At most two frames are on their way, one if the answers are slow: so the rate follows the server and the line, and the
 * delay does not grow. The server answers the newest frame and drops older ones, so an answer settles all frames up to its time.
 */
export class Pace {
  private waiting: { timeS: number; capturedAt: number; sentAt: number }[] = [];
  private answers: number[] = [];
  private delays: number[] = [];
  private lastSent = 0;

  constructor(private readonly perSecond: number) {}

  /** May a frame be sent now? */
  free(now: number): boolean {
    // What was never answered (an error, a dropped frame at the end) must not stop the flow for ever.
    this.waiting = this.waiting.filter((frame) => now - frame.sentAt < FORGET_MS);
    const limit = this.latencyMs() > SLOW_MS ? 1 : 2;
    return this.waiting.length < limit && now - this.lastSent >= 1000 / this.perSecond - 4;
  }

  sent(timeS: number, capturedAt: number, now: number): void {
    this.lastSent = now;
    this.waiting.push({ timeS, capturedAt, sentAt: now });
  }

  /** Note an answer to the frame of that time; returns the delay from capture to answer in milliseconds, if it is known. */
  answered(timeS: number, now: number): number | null {
    const frame = this.waiting.find((each) => Math.abs(each.timeS - timeS) < 1e-6);
    this.waiting = this.waiting.filter((each) => each.timeS > timeS + 1e-6);
    this.answers = [...this.answers.filter((at) => now - at < 2000), now];
    if (!frame) return null;
    const delay = now - frame.capturedAt;
    this.delays = [...this.delays.slice(-14), delay];
    return delay;
  }

  /** Median delay of the last answers, in milliseconds; 0 before the first. */
  latencyMs(): number {
    const sorted = [...this.delays].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  /** Answers a second over the last two seconds. */
  rate(): number {
    const first = this.answers[0];
    const last = this.answers[this.answers.length - 1];
    if (first === undefined || last === undefined || last - first < 200) return 0;
    return ((this.answers.length - 1) * 1000) / (last - first);
  }

  /** Forget what is on its way: the line broke. */
  reset(): void {
    this.waiting = [];
    this.answers = [];
    this.delays = [];
  }
}
