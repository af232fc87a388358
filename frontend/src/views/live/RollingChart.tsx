import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { LABELS } from "../../api/types";
import { useText } from "../../i18n";
import { colourOf, colours } from "../../shell/theme";
import { SPAN_S, type Aspect, type Rolling } from "./rolling";

/** The units that conversation shows most, each with a colour that is told apart in light and dark. */
const UNITS = {
  AU1: "--sadness",
  AU2: "--fear",
  AU4: "--anger",
  AU6: "--contempt",
  AU12: "--happiness",
  AU25: "--surprise",
  AU26: "--disgust",
  AU43: "--neutral",
} as const;
const POSE = { pitch: "--anger", yaw: "--sadness", roll: "--disgust" } as const;
const RANGES: Readonly<Record<Aspect, [number, number]>> = { expressions: [0, 1], units: [0, 5], pose: [-45, 45] };
const REDRAW_MS = 120;
const HEIGHT = 200;

/** Names of the curves of an aspect, with the token of each colour. */
function curvesOf(aspect: Aspect): Readonly<Record<string, string>> {
  if (aspect === "expressions") return Object.fromEntries(LABELS.map((label) => [label, `--${label}`]));
  return aspect === "units" ? UNITS : POSE;
}

function options(aspect: Aspect, width: number): uPlot.Options {
  const ink = colourOf("--muted");
  const line = colourOf("--line");
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const ago = (_: uPlot, splits: number[]) => splits.map((at) => `${Math.round(at - (splits.at(-1) ?? 0))} s`);
  const [low, high] = RANGES[aspect];
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: [low, high] } },
    axes: [
      {
        ...axis,
        splits: (_, __, ___, last) => [60, 45, 30, 15, 0].map((back) => last - back),
        values: ago,
      },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      ...Object.entries(curvesOf(aspect)).map(([name, token]) => ({
        label: name,
        stroke: colourOf(token),
        width: 2,
        points: { show: false },
      })),
    ],
  };
}

export interface RollingChartProps {
  rolling: Rolling;
  face: number;
  aspect: Aspect;
  /** What the curves say in words, for those who do not see them. */
  summary: string;
}

/** The curves of the last minute; they move on by themselves. */
export function RollingChart({ rolling, face, aspect, summary }: RollingChartProps) {
  const t = useText("terms");
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const chart = new uPlot(options(aspect, box.clientWidth || 600), [[], []], box);
    const draw = () => {
      const curves = rolling.curves(face, aspect);
      const last = curves.time_s.at(-1) ?? SPAN_S;
      const rows = Object.keys(curvesOf(aspect)).map((name) => curves.values.get(name) ?? curves.time_s.map(() => null));
      chart.setData([curves.time_s, ...rows], false);
      chart.setScale("x", { min: last - SPAN_S, max: last });
    };
    draw();
    const timer = setInterval(draw, REDRAW_MS);
    const watch = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT }));
    watch.observe(box);
    return () => {
      clearInterval(timer);
      watch.disconnect();
      chart.destroy();
    };
  }, [rolling, face, aspect, colours.value]);
  const names: Record<string, string> = { ...t.labels, pitch: t.pitch, yaw: t.yaw, roll: t.roll };
  return (
    <figure class="rolling">
      <div ref={place} role="img" aria-label={summary} />
      <figcaption class="rolling-legend">
        {Object.entries(curvesOf(aspect)).map(([name, token]) => (
          <span key={name} class="rolling-key" style={{ "--own": `var(${token})` }}>
            {names[name] ?? `${name} ${t.units[name as keyof typeof t.units] ?? ""}`}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}
