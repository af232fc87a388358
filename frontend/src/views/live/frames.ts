/** Takes pictures off a playing camera and packs them for the socket. */

const JPEG = 1;
const LONG_SIDE = 640;
const QUALITY = 0.8;

/** One picture ready to send; `capturedAt` is on the clock of performance.now(), in milliseconds. */
export interface Packet {
  bytes: ArrayBuffer;
  capturedAt: number;
}

/** Pack a picture behind its 16-byte header; `timeS` is the presentation time in seconds. */
export async function pack(picture: Blob, timeS: number): Promise<ArrayBuffer> {
  const body = new Uint8Array(await picture.arrayBuffer());
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint8(1, JPEG);
  view.setFloat64(8, timeS, true);
  bytes.set(body, 16);
  return bytes.buffer;
}

/** Calls back once for each new picture of a video; the argument is when it was captured. Returns how to stop. */
export function eachFrame(video: HTMLVideoElement, seen: (capturedAt: number) => void): () => void {
  let stopped = false;
  if ("requestVideoFrameCallback" in video) {
    const next = (now: number, meta: VideoFrameCallbackMetadata) => {
      if (stopped) return;
      seen(meta.captureTime ?? now);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  } else {
    // Older browsers do not say when a picture is new: look often enough for the usual camera.
    const timer = setInterval(() => seen(performance.now()), 33);
    return () => clearInterval(timer);
  }
  return () => {
    stopped = true;
  };
}

/** Draws the newest picture no larger than the networks need and makes a JPEG of it. */
export class Snapper {
  private readonly canvas = document.createElement("canvas");

  async take(video: HTMLVideoElement): Promise<Blob | null> {
    const scale = Math.min(1, LONG_SIDE / Math.max(video.videoWidth, video.videoHeight));
    const width = Math.round(video.videoWidth * scale);
    const height = Math.round(video.videoHeight * scale);
    if (width === 0 || height === 0) return null;
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const brush = this.canvas.getContext("2d", { alpha: false });
    if (!brush) return null;
    brush.drawImage(video, 0, 0, width, height);
    return new Promise((done) => this.canvas.toBlob(done, "image/jpeg", QUALITY));
  }
}
