import { useEffect, useRef, useState } from "preact/hooks";

import { Button, Dialog, Notice } from "../../components";
import { useText } from "../../i18n";

const WIDE = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user" };

/** The still of a running camera as a JPEG file, not mirrored: left stays the subject's left. */
async function still(video: HTMLVideoElement): Promise<File | null> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
  return blob && new File([blob], "camera.jpg", { type: "image/jpeg" });
}

/** Start the camera while the dialog is open. */
function useCamera() {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<"starting" | "ready" | "refused">("starting");
  useEffect(() => {
    let stream: MediaStream | null = null;
    let closed = false;
    const stop = () => stream?.getTracks().forEach((track) => track.stop());
    const start = async () => {
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: WIDE, audio: false });
        if (closed || !video.current) return stop();
        video.current.srcObject = stream;
        await video.current.play();
        setState("ready");
      } catch {
        setState("refused"); // Forbidden, none there, or in use: the reader is told all three.
      }
    };
    void start();
    return () => {
      closed = true;
      stop();
    };
  }, []);
  return { video, state };
}

export interface CameraProps {
  onPhoto: (photo: File) => void;
  onClose: () => void;
}

/** Take a picture with the camera. */
export function Camera({ onPhoto, onClose }: CameraProps) {
  const t = useText("photo");
  const c = useText("common");
  const { video, state } = useCamera();
  const shoot = async () => {
    const photo = video.current && (await still(video.current));
    if (photo) onPhoto(photo);
  };
  const actions = (
    <>
      <Button onClick={onClose}>{c.cancel}</Button>
      <Button kind="primary" icon="photo" disabled={state !== "ready"} onClick={() => void shoot()}>
        {t.shoot}
      </Button>
    </>
  );
  return (
    <Dialog title={t.take} onClose={onClose} actions={actions}>
      {state === "refused" ? (
        <Notice kind="error">{t.no_camera}</Notice>
      ) : (
        <video ref={video} class="camera" playsInline muted aria-label={t.camera_picture} />
      )}
      <Notice icon="profiles">{t.consent}</Notice>
    </Dialog>
  );
}
