import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { colours } from "../../shell/theme";
import { chartOptions, curvesOf, type Aspect } from "../curves";
import { Legend } from "../Legend";
import { SPAN_S, type Rolling } from "./rolling";

const REDRAW_MS = 120;
const HEIGHT = 200;
const MARKS_S = [60, 45, 30, 15, 0];

/** Seconds before now. */
const along: uPlot.Axis = {
  splits: (_, __, ___, last) => MARKS_S.map((back) => last - back),
  values: () => MARKS_S.map((back) => `${-back} s`),
};

export interface RollingChartProps {
  rolling: Rolling;
  face: number;
  aspect: Aspect;
  /** What the curves say in words, for those who do not see them. */
  summary: string;
}

/** The curves of the last minute; they move on by themselves. */
export function RollingChart({ rolling, face, aspect, summary }: RollingChartProps) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const options = { ...chartOptions(aspect, box.clientWidth || 600, HEIGHT, along), cursor: { show: false } };
    const chart = new uPlot(options, [[], ...Object.keys(curvesOf(aspect)).map(() => [])], box);
    const draw = () => {
      const curves = rolling.curves(face, aspect);
      const last = curves.time_s.at(-1) ?? SPAN_S;
      const rows = Object.keys(curvesOf(aspect)).map((name) => curves.values.get(name) ?? curves.time_s.map(() => null));
      chart.batch(() => {
        chart.setData([curves.time_s, ...rows], false);
        chart.setScale("x", { min: last - SPAN_S, max: last });
      });
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
  return (
    <figure class="curves">
      <div ref={place} role="img" aria-label={summary} />
      <figcaption>
        <Legend aspect={aspect} />
      </figcaption>
    </figure>
  );
}
