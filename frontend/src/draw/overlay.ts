import type { Box, Label, Point } from "../api/types";
import { EDGES } from "./edges";
import { placed, placedBox, type Fit } from "./fit";

/** A face to be drawn over a picture. */
export interface DrawnFace {
  id: number;
  box: Box;
  /** Decides the colour; null where no expression is inferred. */
  label: Label | "unsure" | null;
  /** Written above the box. */
  text: string;
  mesh?: readonly Point[] | null | undefined;
}

export interface DrawOptions {
  /** The face whose box is stressed. */
  selected?: number | null;
  mesh?: boolean;
}

/** Bright, with a dark rim around each line: they have to stand out from any picture, by day and by night. */
const COLOURS: Readonly<Record<Label | "unsure" | "none", string>> = {
  neutral: "#cdd2da",
  happiness: "#ffc83c",
  surprise: "#ff8ad2",
  sadness: "#60acff",
  anger: "#ff6054",
  disgust: "#62cc78",
  fear: "#b88eff",
  contempt: "#dea068",
  unsure: "#b4bac4",
  none: "#5fcdc6",
};
const RIM = "rgb(10 14 18 / 72%)";
const PLATE = "rgb(12 16 20 / 80%)";
const LINE = 2;
const FONT_PX = 14;

/** Make the canvas as sharp as the screen and empty it. Returns its context in CSS pixels. */
function cleared(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const density = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * density);
  const height = Math.round(canvas.clientHeight * density);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  context?.setTransform(density, 0, 0, density, 0, 0);
  context?.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return context;
}

function drawMesh(context: CanvasRenderingContext2D, mesh: readonly Point[], fit: Fit, colour: string): void {
  const points = mesh.map(([x, y]) => placed(fit, x, y));
  const lines = new Path2D();
  for (let at = 0; at < EDGES.length; at += 2) {
    const from = points[EDGES[at] ?? 0];
    const to = points[EDGES[at + 1] ?? 0];
    if (!from || !to) continue;
    lines.moveTo(from[0], from[1]);
    lines.lineTo(to[0], to[1]);
  }
  context.globalAlpha = 0.55;
  context.lineWidth = 0.8;
  context.strokeStyle = colour;
  context.stroke(lines);
  context.globalAlpha = 0.95;
  context.fillStyle = "#fff";
  for (const [x, y] of points.slice(468)) context.fillRect(x - 1, y - 1, 2, 2);
  context.globalAlpha = 1;
}

function drawBox(context: CanvasRenderingContext2D, face: DrawnFace, fit: Fit, colour: string, stressed: boolean): void {
  const [left, top, width, height] = placedBox(fit, face.box);
  const frame = new Path2D();
  frame.roundRect(left, top, width, height, Math.min(10, width / 8));
  context.setLineDash(face.label === "unsure" ? [7, 5] : []);
  context.lineWidth = (stressed ? LINE + 1.5 : LINE) + 2;
  context.strokeStyle = RIM;
  context.stroke(frame);
  context.lineWidth = stressed ? LINE + 1.5 : LINE;
  context.strokeStyle = colour;
  context.stroke(frame);
  context.setLineDash([]);
}

/** The words above the box, below it where the picture ends, and never beyond its sides. */
function drawText(context: CanvasRenderingContext2D, face: DrawnFace, fit: Fit, colour: string): void {
  if (!face.text) return;
  const [left, top, , height] = placedBox(fit, face.box);
  context.font = `600 ${FONT_PX}px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textBaseline = "middle";
  const width = context.measureText(face.text).width + 26;
  const tall = FONT_PX + 10;
  const x = Math.max(fit.left + 2, Math.min(left, fit.left + fit.width - width - 2));
  const above = top - tall - 5;
  const y = above >= fit.top ? above : Math.min(top + height + 5, fit.top + fit.height - tall - 2);
  context.fillStyle = PLATE;
  context.beginPath();
  context.roundRect(x, y, width, tall, 6);
  context.fill();
  context.fillStyle = colour;
  context.beginPath();
  context.arc(x + 11, y + tall / 2, 4, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = "#fff";
  context.fillText(face.text, x + 20, y + tall / 2 + 1);
}

/** Draw faces onto a canvas that lies over the picture; what was there before is gone. */
export function drawFaces(
  canvas: HTMLCanvasElement,
  faces: readonly DrawnFace[],
  fit: Fit,
  { selected = null, mesh = false }: DrawOptions = {},
): void {
  const context = cleared(canvas);
  if (!context) return;
  for (const face of faces) {
    const colour = COLOURS[face.label ?? "none"];
    if (mesh && face.mesh) drawMesh(context, face.mesh, fit, colour);
    drawBox(context, face, fit, colour, face.id === selected && faces.length > 1);
  }
  // Words last, so that no neighbour's box crosses them.
  for (const face of faces) drawText(context, face, fit, COLOURS[face.label ?? "none"]);
}

/** The id of the smallest box around a point of the measured picture, null where there is none. */
export function faceAt(faces: readonly { id: number; box: Box }[], x: number, y: number): number | null {
  const around = faces.filter(({ box }) => x >= box[0] && x <= box[0] + box[2] && y >= box[1] && y <= box[1] + box[3]);
  around.sort((a, b) => a.box[2] * a.box[3] - b.box[2] * b.box[3]);
  return around[0]?.id ?? null;
}
