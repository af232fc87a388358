/** The visitor's camera, and why it cannot be used when it cannot. */

/** What can be wrong with a camera, each with its own text for the person. */
export type CameraTrouble = "insecure" | "missing" | "denied" | "busy" | "unplugged" | "failed";

export class CameraError extends Error {
  constructor(readonly trouble: CameraTrouble, cause?: unknown) {
    super(trouble, { cause });
  }
}

/** An opened camera; `stop` hands it back, so that its lamp goes out. */
export interface Camera {
  stream: MediaStream;
  id: string;
  label: string;
  stop(): void;
}

/** Sort the browser's many errors into the few that a person can do something about. */
export function troubleOf(error: unknown): CameraTrouble {
  const name = error instanceof DOMException || error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "missing";
  if (name === "NotReadableError" || name === "AbortError") return "busy";
  return "failed";
}

/**
 * Open a camera, by its id or the browser's first choice; `lost` is called if it is pulled out or switched off later.
 * Throws CameraError.
 */
export async function openCamera(id: string, lost: () => void): Promise<Camera> {
  // Browsers hide cameras from pages that did not come over HTTPS or from this very machine.
  if (!window.isSecureContext || !navigator.mediaDevices) throw new CameraError("insecure");
  const size = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  const video = id ? { ...size, deviceId: { exact: id } } : { ...size, facingMode: "user" };
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video });
  } catch (error) {
    throw new CameraError(troubleOf(error), error);
  }
  const track = stream.getVideoTracks()[0];
  if (!track) throw new CameraError("missing");
  track.addEventListener("ended", lost);
  return {
    stream,
    id: track.getSettings().deviceId ?? id,
    label: track.label,
    stop() {
      track.removeEventListener("ended", lost);
      for (const each of stream.getTracks()) each.stop();
    },
  };
}

/** List the cameras; their names are known only once one of them was allowed. */
export async function listCameras(): Promise<MediaDeviceInfo[]> {
  if (!navigator.mediaDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput" && device.deviceId !== "");
}
