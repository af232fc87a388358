import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Face } from "../../api/types";
import { percent, useText } from "../../i18n";
import { colourOf } from "../../shell/theme";
import type { Observation } from "./socket";

interface View {
  /** Picture pixels to canvas pixels. */
  scale: number;
  width: number;
  mirror: boolean;
  /** Device pixels a CSS pixel. */
  dense: number;
}

/** Where a picture x lies on the canvas; mirrored pictures run the other way, words never do. */
function across(x: number, view: View): number {
  return view.mirror ? view.width - x * view.scale : x * view.scale;
}

function drawMesh(brush: CanvasRenderingContext2D, face: Face, view: View): void {
  const size = 1.2 * view.dense;
  brush.globalAlpha = 0.75;
  for (const [x, y] of face.mesh ?? []) brush.fillRect(across(x, view) - size / 2, y * view.scale - size / 2, size, size);
  brush.globalAlpha = 1;
}

function drawFace(brush: CanvasRenderingContext2D, face: Face, view: View, name: string, colour: string): void {
  const [x, y, width, height] = face.box;
  const left = Math.min(across(x, view), across(x + width, view));
  const top = y * view.scale;
  brush.strokeStyle = brush.fillStyle = colour;
  brush.lineWidth = 2.5 * view.dense;
  brush.setLineDash(face.unsure ? [6 * view.dense, 5 * view.dense] : []);
  brush.beginPath();
  brush.roundRect(left, top, width * view.scale, height * view.scale, 8 * view.dense);
  brush.stroke();
  drawMesh(brush, face, view);
  const size = 14 * view.dense;
  brush.font = `600 ${size}px system-ui, sans-serif`;
  const wide = brush.measureText(name).width + size;
  const at = top > 1.7 * size ? top - 1.7 * size : top + height * view.scale;
  const start = Math.max(0, Math.min(left, view.width - wide));
  brush.beginPath();
  brush.roundRect(start, at, wide, 1.55 * size, 6 * view.dense);
  brush.fill();
  brush.fillStyle = "#fff";
  brush.fillText(name, start + size / 2, at + 1.1 * size);
}

export interface StageProps {
  video: RefObject<HTMLVideoElement | null>;
  seen: Observation | null;
  mirror: boolean;
  /** In the middle of the picture: a countdown, or what is awaited. */
  middle: string;
  label: string;
}

/** The camera's picture with the faces drawn over it. */
export function Stage({ video, seen, mirror, middle, label }: StageProps) {
  const t = useText("terms");
  const live = useText("live");
  const canvas = useRef<HTMLCanvasElement>(null);
  const [shape, setShape] = useState(4 / 3);
  useEffect(() => {
    const board = canvas.current;
    const brush = board?.getContext("2d");
    if (!board || !brush) return;
    const dense = window.devicePixelRatio || 1;
    const box = board.getBoundingClientRect();
    board.width = Math.round(box.width * dense);
    board.height = Math.round(box.height * dense);
    if (!seen) return;
    const view = { scale: board.width / seen.width, width: board.width, mirror, dense };
    for (const face of seen.faces) {
      const label = face.label ? `${t.labels[face.label]} ${percent(face.confidence ?? 0)}` : live.unitsOnly;
      drawFace(brush, face, view, label, colourOnVideo(face.label));
    }
  }, [seen, mirror, t]);
  return (
    <div class="live-stage" style={{ aspectRatio: String(shape) }}>
      <video
        ref={video}
        class={mirror ? "mirrored" : ""}
        muted
        playsInline
        aria-label={label}
        onLoadedMetadata={(event) => setShape(event.currentTarget.videoWidth / event.currentTarget.videoHeight || 4 / 3)}
      />
      <canvas ref={canvas} aria-hidden="true" />
      {middle && (
        <p class="live-middle" role="status">
          {middle}
        </p>
      )}
    </div>
  );
}

/** The colour of a label dark enough for white words on it, whatever the page's theme. */
const known = new Map<string, string>();
function colourOnVideo(label: string | null): string {
  const token = label ? `--video-${label}` : "--video-neutral";
  if (!known.has(token)) known.set(token, colourOf(token));
  return known.get(token) ?? "#0b6568";
}
