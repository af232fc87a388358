import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Mode } from "../../api/types";
import { fitOf } from "../../draw/fit";
import { drawFaces } from "../../draw/overlay";
import { fill, percent, useText } from "../../i18n";
import type { Observation } from "./socket";

export interface StageProps {
  video: RefObject<HTMLVideoElement | null>;
  seen: Observation | null;
  mode: Mode | null;
  mirror: boolean;
  mesh: boolean;
  /** In the middle of the picture: a countdown, or what is awaited. */
  middle: string;
  label: string;
}

/** The camera's picture with the faces drawn over it; in a mirror the picture is turned, words never are. */
export function Stage({ video, seen, mode, mirror, mesh, middle, label }: StageProps) {
  const t = useText("terms");
  const live = useText("live");
  const canvas = useRef<HTMLCanvasElement>(null);
  const [shape, setShape] = useState(4 / 3);
  useEffect(() => {
    const board = canvas.current;
    if (!board) return;
    const size = { width: board.clientWidth, height: board.clientHeight };
    const faces = (seen?.faces ?? []).map((face) => ({
      ...face,
      text:
        mode === "action_units" || !face.label
          ? fill(live.faceNumber, { n: face.id })
          : `${t.labels[face.label]} ${percent(face.confidence ?? 0)}`,
    }));
    drawFaces(board, faces, fitOf(seen ?? size, size, seen ?? size, mirror), { mesh });
  }, [seen, mode, mirror, mesh, t, live]);
  return (
    <div class="live-stage" style={{ "--shape": String(shape) }}>
      <video
        ref={video}
        class={mirror ? "mirrored" : ""}
        muted
        playsInline
        aria-label={label}
        onLoadedMetadata={(event) => setShape(event.currentTarget.videoWidth / event.currentTarget.videoHeight || 4 / 3)}
      />
      <canvas ref={canvas} aria-hidden="true" data-testid="overlay" />
      {middle && (
        <p class="live-middle" role="status">
          {middle}
        </p>
      )}
    </div>
  );
}
