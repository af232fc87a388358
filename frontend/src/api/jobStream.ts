import { api } from "./client";
import type { Frames, Job } from "./types";

export interface JobListener {
  progress: (job: Job) => void;
  partial: (frames: Frames) => void;
  end: (job: Job) => void;
}

const SETTLED = new Set(["done", "failed", "cancelled"]);

/** Follow a job by server-sent events until it ends; a broken line is taken up again. Returns how to stop. */
export function followJob(id: string, listener: JobListener): () => void {
  const source = new EventSource(api.jobEvents(id));
  let over = false;
  const stop = () => {
    over = true;
    source.close();
  };
  const finish = (job: Job) => {
    if (over) return;
    stop();
    listener.end(job);
  };
  const heard = <T>(name: string, then: (data: T) => void) =>
    source.addEventListener(name, (event) => then(JSON.parse((event as MessageEvent<string>).data) as T));
  heard<Job>("progress", listener.progress);
  heard<Frames>("partial", listener.partial);
  heard<Job>("end", finish);
  source.onerror = () => {
    // The browser reconnects by itself unless the server refused; a job that ended meanwhile tells so here.
    api.job(id).then(
      (job) => SETTLED.has(job.status) && finish(job),
      () => undefined,
    );
  };
  return stop;
}
