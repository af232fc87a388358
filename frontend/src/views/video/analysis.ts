import { signal, type Signal } from "@preact/signals";

import { api } from "../../api/client";
import type { Upload } from "../../api/http";
import { followJob } from "../../api/jobStream";
import type { AskedOpinion, Findings, Frames, Job, Recording, Timeline } from "../../api/types";
import { FrameLoader } from "./frameLoader";

/** While a film is analysed its curves are asked for again after so many milliseconds. */
const REFRESH_MS = 2500;

export type Phase = "opening" | "uploading" | "waiting" | "running" | "done" | "failed" | "cancelled";

export interface Choices {
  name: string;
  keep: boolean;
  smooth: boolean;
}

/** One film from upload to result: everything about it that the view shows. */
export class Analysis {
  readonly phase: Signal<Phase> = signal("uploading");
  /** 0..1 of the upload, then of the analysis; null where it cannot be told. */
  readonly share = signal<number | null>(0);
  readonly recording = signal<Recording | null>(null);
  readonly timeline = signal<Timeline | null>(null);
  readonly findings = signal<Findings | null>(null);
  readonly opinions = signal<AskedOpinion[]>([]);
  readonly error = signal<unknown>(null);
  /** Grows with every bit of news for the overlay. */
  readonly news = signal(0);
  /** Up to where the film is analysed, in seconds; Infinity at the end. */
  until = 0;
  private boxes: FrameLoader | null = null;
  private meshes: FrameLoader | null = null;
  private upload: Upload<{ job: Job; recording: Recording }> | null = null;
  private job: Job | null = null;
  private stopFollowing: (() => void) | null = null;
  private refreshed = 0;

  get running(): boolean {
    return ["uploading", "waiting", "running"].includes(this.phase.value);
  }

  /** Send a film; resolves with the recording's id, or null if it was refused or stopped. */
  async send(file: File, choices: Choices): Promise<string | null> {
    const options = choices.smooth ? { smooth: "ema:0.3" } : {};
    const request = { name: choices.name || file.name, keep_media: choices.keep, options };
    this.upload = api.video(file, request, (share) => (this.share.value = share));
    try {
      const { job, recording } = await this.upload.answer;
      this.begin(recording);
      this.follow(job);
      return recording.id;
    } catch (error) {
      this.phase.value = error instanceof DOMException ? "cancelled" : "failed";
      this.error.value = error;
      return null;
    } finally {
      this.upload = null;
    }
  }

  /** Open a recording that the server has; follows its job if that still runs. */
  async open(id: string): Promise<void> {
    this.phase.value = "opening";
    try {
      this.begin(await api.recording(id));
      const { jobs } = this.recording.value?.status === "open" ? await api.jobs() : { jobs: [] };
      const job = jobs.find((one) => one.recording === id);
      if (job) this.follow(job);
      else await this.settle("done");
    } catch (error) {
      this.phase.value = "failed";
      this.error.value = error;
    }
  }

  async cancel(): Promise<void> {
    if (this.upload) this.upload.abort();
    else if (this.job) await api.cancel(this.job.id);
  }

  /** Stop listening; the server goes on. */
  leave(): void {
    this.upload?.abort();
    this.stopFollowing?.();
  }

  /** The frames with or without meshes; loads what is missing around `time`. */
  frames(time: number, mesh: boolean) {
    const loader = (mesh ? this.meshes : null) ?? this.boxes;
    loader?.want(time, this.until);
    const store = loader?.store;
    // Until the first meshes are there, boxes do.
    return store?.at(time).length ? store : this.boxes?.store;
  }

  private begin(recording: Recording): void {
    const tell = () => (this.news.value += 1);
    this.recording.value = recording;
    this.boxes = new FrameLoader(recording.id, false, tell);
    this.meshes = new FrameLoader(recording.id, true, tell);
    this.share.value = null;
  }

  private follow(job: Job): void {
    this.job = job;
    this.phase.value = "waiting";
    this.stopFollowing = followJob(job.id, {
      progress: (now) => this.progress(now),
      partial: (frames) => this.partial(frames),
      end: (now) => {
        if (now.error) this.error.value = new Error(now.error);
        void this.settle(now.status === "done" ? "done" : now.status === "cancelled" ? "cancelled" : "failed");
      },
    });
  }

  private progress(job: Job): void {
    if (job.status === "running") this.phase.value = "running";
    this.share.value = job.frames_total ? Math.min(1, job.frames_done / job.frames_total) : null;
    if (job.frames_done && Date.now() - this.refreshed > REFRESH_MS) void this.refresh();
  }

  private partial(frames: Frames): void {
    this.boxes?.store.add(frames);
    this.until = frames.time_s[frames.time_s.length - 1] ?? this.until;
    this.news.value += 1;
  }

  /** Ask for size and curves as far as they are known. */
  private async refresh(): Promise<void> {
    const id = this.recording.value?.id;
    if (!id) return;
    this.refreshed = Date.now();
    try {
      [this.recording.value, this.timeline.value] = await Promise.all([api.recording(id), api.timeline(id)]);
    } catch {
      // The next progress asks again.
    }
  }

  private async settle(phase: Phase): Promise<void> {
    const id = this.recording.value?.id ?? "";
    this.until = Infinity;
    try {
      const found = await Promise.all([api.recording(id), api.timeline(id), api.episodes(id), api.opinions(id)]);
      this.opinions.value = found[3].opinions;
      [this.recording.value, this.timeline.value, this.findings.value] = found;
      this.phase.value = phase;
    } catch (error) {
      this.error.value = error;
      this.phase.value = "failed";
    }
    this.share.value = null;
    this.news.value += 1;
  }
}
