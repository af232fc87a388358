import { api } from "../../api/client";
import { FrameStore } from "./frameStore";

/** Seconds of film that are asked for at once: a mesh is a hundred times longer than a box. */
const CHUNK_S = { boxes: 30, mesh: 4 } as const;

/** Brings the frames around the place where the film is, and no others: a film may be hours long. */
export class FrameLoader {
  readonly store = new FrameStore();
  private readonly asked = new Set<number>();
  private readonly chunk: number;

  constructor(
    private readonly recording: string,
    private readonly mesh: boolean,
    private readonly onNews: () => void,
  ) {
    this.chunk = mesh ? CHUNK_S.mesh : CHUNK_S.boxes;
  }

  /** Make sure of the frames at `time` and soon after, as far as the film is analysed (`until`). */
  want(time: number, until: number): void {
    const now = Math.floor(Math.max(0, time) / this.chunk);
    void this.bring(now, until);
    if (time - now * this.chunk > this.chunk / 2) void this.bring(now + 1, until);
  }

  private async bring(index: number, until: number): Promise<void> {
    const start = index * this.chunk;
    const end = start + this.chunk;
    // A stretch that is still growing is asked for again later.
    if (this.asked.has(index) || end > until) return;
    this.asked.add(index);
    try {
      this.store.add(await api.frames(this.recording, start, end, this.mesh || undefined));
      this.onNews();
    } catch {
      this.asked.delete(index); // The next moment of the film asks again.
    }
  }
}
