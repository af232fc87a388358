import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import type { FaceTimeline } from "../../api/types";
import { number } from "../../i18n";
import { colours } from "../../shell/theme";
import { chartOptions, curvesOf, type Aspect } from "../curves";
import { Legend } from "../Legend";
import { clock } from "./words";

const HEIGHT = 220;
type Values = (number | null)[];

/** The stronger side of each unit. */
function unitsOf(units: Record<string, Values>): Record<string, Values> {
  const strongest: Record<string, Values> = {};
  for (const [name, values] of Object.entries(units)) {
    const unit = name.replace(/_[lr]$/, "");
    const other = strongest[unit];
    strongest[unit] = other ? values.map((value, i) => (value === null ? (other[i] ?? null) : Math.max(value, other[i] ?? 0))) : values;
  }
  return strongest;
}

/** The curves of an aspect by name. */
export function valuesOf(face: FaceTimeline, aspect: Aspect): Record<string, Values> {
  if (aspect === "expressions") return (face.probabilities ?? {}) as Record<string, Values>;
  if (aspect === "pose") return (face.pose ?? {}) as Record<string, Values>;
  return unitsOf(face.action_units ?? {});
}

export interface CurvesChartProps {
  face: FaceTimeline;
  aspect: Aspect;
  label: string;
  /** Called with the stretch that was dragged across, in seconds. */
  onZoom: (start: number, end: number) => void;
  onReset: () => void;
}

/** The curves of one face over a whole recording; the values under the pointer stand in the legend. */
export function CurvesChart({ face, aspect, label, onZoom, onReset }: CurvesChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const [under, setUnder] = useState<Record<string, string>>({});
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const values = valuesOf(face, aspect);
    const names = Object.keys(curvesOf(aspect));
    const rows = names.map((name) => values[name] ?? face.time_s.map(() => null));
    const point = (chart: uPlot) => {
      const at = chart.cursor.idx;
      if (at === null || at === undefined) return setUnder({});
      const shown = names.map((name, i) => [name, rows[i]?.[at]] as const).filter(([, value]) => value != null);
      setUnder(Object.fromEntries(shown.map(([name, value]) => [name, number(value as number, aspect === "pose" ? 0 : 2)])));
    };
    const select = (chart: uPlot) => {
      const { left, width } = chart.select;
      if (width > 4) zoom.current(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
      chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    };
    const options: uPlot.Options = {
      ...chartOptions(aspect, box.clientWidth || 600, HEIGHT, { values: (_, splits) => splits.map((at) => clock(at)) }),
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      hooks: { setCursor: [point], setSelect: [select] },
    };
    const chart = new uPlot(options, [face.time_s, ...rows], box);
    const watch = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT }));
    watch.observe(box);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [face, aspect, colours.value]);
  return (
    <figure class="curves">
      <div ref={place} role="img" aria-label={label} onDblClick={onReset} />
      <figcaption>
        <Legend aspect={aspect} values={under} />
      </figcaption>
    </figure>
  );
}
