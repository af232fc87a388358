import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";

/** Where the film is and how it runs; the presentation time comes with each frame that is shown. */
export class Film {
  readonly element: { current: HTMLVideoElement | null } = { current: null };
  /** Presentation time of the frame on the screen, in seconds. */
  readonly time = signal(0);
  /** Width and height as the browser shows it, upright; null before it is known. */
  readonly size = signal<{ width: number; height: number } | null>(null);
  readonly rate = signal(1);
  /** The browser cannot decode the file. */
  readonly broken = signal(false);

  seek(seconds: number): void {
    const video = this.element.current;
    if (!video || this.broken.value) {
      this.time.value = seconds;
      return;
    }
    // A hair inside the frame: a time that is rounded down would show the one before.
    video.currentTime = Math.max(0, seconds) + 0.0005;
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

/** Tell `film` of each frame, by requestVideoFrameCallback where the browser has it. */
function follow(video: HTMLVideoElement, film: Film): () => void {
  let over = false;
  const known = () => {
    film.size.value = { width: video.videoWidth, height: video.videoHeight };
    film.broken.value = video.videoWidth === 0;
  };
  const broken = () => (film.broken.value = true);
  video.addEventListener("loadedmetadata", known);
  video.addEventListener("resize", known);
  video.addEventListener("error", broken);
  const shown = (_now: number, frame: VideoFrameCallbackMetadata) => {
    if (over) return;
    film.time.value = frame.mediaTime;
    video.requestVideoFrameCallback(shown);
  };
  const ticked = () => {
    if (over) return;
    film.time.value = video.currentTime;
    requestAnimationFrame(ticked);
  };
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(shown);
  else requestAnimationFrame(ticked);
  return () => {
    over = true;
    video.removeEventListener("loadedmetadata", known);
    video.removeEventListener("resize", known);
    video.removeEventListener("error", broken);
  };
}
