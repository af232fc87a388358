import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";

/** Where the film is and how it runs; the presentation time comes with each frame that is shown. */
export class Film {
  readonly element: { current: HTMLVideoElement | null } = { current: null };
  /** Presentation time of the frame on the screen, in seconds since the first frame, as the server counts. */
  readonly time = signal(0);
  /** Width and height as the browser shows it, upright; null before it is known. */
  readonly size = signal<{ width: number; height: number } | null>(null);
  readonly rate = signal(1);
  /** The browser cannot decode the file. */
  readonly broken = signal(false);
  /** The player's own time of the first frame: a film that was cut out of a longer one may begin late. */
  start: number | null = null;

  /** Seconds from the first frame to the end; 0 before it is known. */
  get duration(): number {
    return (this.element.current?.duration || 0) - (this.start ?? 0);
  }

  seek(seconds: number): void {
    const video = this.element.current;
    if (!video || this.broken.value) {
      this.time.value = seconds;
      return;
    }
    // A hair inside the frame: a time that is rounded down would show the one before.
    video.currentTime = (this.start ?? 0) + Math.max(0, seconds) + 0.0005;
  }

  setRate(rate: number): void {
    this.rate.value = rate;
    if (this.element.current) this.element.current.playbackRate = rate;
  }
}

/** Follow the frames that a video element shows. Returns the film and what to put on the element. */
export function useFilm() {
  const film = useMemo(() => new Film(), []);
  const stop = useRef<(() => void) | null>(null);
  useEffect(() => () => stop.current?.(), []);
  const attach = (video: HTMLVideoElement | null) => {
    stop.current?.();
    film.element.current = video;
    stop.current = video ? follow(video, film) : null;
  };
  return { film, attach: useMemo(() => attach, [film]) };
}

/** A paused player shows its first frame within this time, or never tells. */
const FIRST_FRAME_MS = 3000;

/** Tell `film` of each frame, by requestVideoFrameCallback where the browser has it, and play once the first is there. */
function follow(video: HTMLVideoElement, film: Film): () => void {
  const stop = new AbortController();
  const on = (name: string, then: () => void) => video.addEventListener(name, then, { signal: stop.signal });
  const known = () => {
    film.size.value = { width: video.videoWidth, height: video.videoHeight };
    film.broken.value = video.videoWidth === 0;
  };
  const begin = (time: number) => {
    if (film.start !== null || stop.signal.aborted) return;
    film.start = time;
    // Refused where the reader wants no film to play by itself; the controls are there.
    video.play().catch(() => undefined);
  };
  const told = (time: number) => {
    // Somebody who moved the film before its first frame was there leaves its beginning unknown.
    begin(moved ? 0 : time);
    film.time.value = Math.max(0, time - (film.start ?? 0));
  };
  let moved = false;
  on("seeking", () => (moved = true));
  const exact = typeof video.requestVideoFrameCallback === "function";
  const next = () => {
    if (stop.signal.aborted) return;
    if (exact) video.requestVideoFrameCallback((_now, frame) => (told(frame.mediaTime), next()));
    else requestAnimationFrame(() => (told(video.currentTime), next()));
  };
  on("loadedmetadata", known);
  on("resize", known);
  on("error", () => (film.broken.value = true));
  on("loadeddata", () => setTimeout(() => begin(0), FIRST_FRAME_MS));
  film.start = null;
  next();
  return () => stop.abort();
}
