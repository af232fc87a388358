import type uPlot from "uplot";

import { LABELS } from "../api/types";
import { colourOf } from "../shell/theme";

/** What of a face is drawn as curves. */
export type Aspect = "expressions" | "units" | "pose";

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

/** Names of the curves of an aspect, with the token of each colour. */
export function curvesOf(aspect: Aspect): Readonly<Record<string, string>> {
  if (aspect === "expressions") return Object.fromEntries(LABELS.map((label) => [label, `--${label}`]));
  return aspect === "units" ? UNITS : POSE;
}

/** What all charts of this page have in common, in the colours of now; the axis along x is the chart's own. */
export function chartOptions(aspect: Aspect, width: number, height: number, along: uPlot.Axis): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colourOf("--muted"),
    grid: { stroke: colourOf("--line"), width: 1 },
    ticks: { show: false },
  };
  const lines = Object.entries(curvesOf(aspect)).map(([name, token]) => ({
    label: name,
    stroke: colourOf(token),
    width: 2,
    points: { show: false },
  }));
  return {
    width,
    height,
    legend: { show: false },
    scales: { x: { time: false }, y: { range: RANGES[aspect] } },
    axes: [{ ...axis, size: 28, ...along }, { ...axis, size: 44 }],
    series: [{}, ...lines],
  };
}
