import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import "./chart.css";

import { language, number } from "../i18n";
import { colourOf, colours } from "../shell/theme";

export interface Series {
  /** Stays the same in every language. */
  key: string;
  name: string;
  values: readonly (number | null)[];
  /** A colour token such as "--happiness". */
  token: string;
  hidden?: boolean;
}

export interface ChartProps {
  /** What the chart shows, for screen readers. */
  label: string;
  /** Seconds, growing. */
  time: readonly number[];
  series: readonly Series[];
  /** Of the y axis. */
  range: [number, number];
  height?: number;
  /** Where the film is, in seconds: a line through the chart. */
  cursor?: number | null;
  /** The seconds that are shown; all by default. */
  span?: [number, number];
  /** Charts of the same group show the pointer together. */
  group?: string;
  /** A click, a drag, and arrows while the chart has the focus, give a time. */
  onSeek?: (seconds: number) => void;
}

/** 83.5 s with one digit is "1:23.5". */
function clock(seconds: number, digits = 0): string {
  const unit = 10 ** digits;
  const parts = Math.round(seconds * unit);
  const whole = Math.floor(parts / unit);
  const rest = digits ? `.${String(parts % unit).padStart(digits, "0")}` : "";
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}${rest}`;
}

/** As many digits as tell two marks apart that lie `step` seconds from each other. */
function digitsOf(step: number): number {
  return step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
}

function axis(): Partial<uPlot.Axis> {
  const ink = colourOf("--muted");
  const line = { stroke: colourOf("--line"), width: 1 };
  return { stroke: ink, grid: line, ticks: { ...line, size: 4 }, font: "12px system-ui, sans-serif" };
}

function optionsOf(props: ChartProps, width: number): uPlot.Options {
  const { series, range, height = 160, group } = props;
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 20, 0, 0],
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 6 },
      ...(group ? { sync: { key: group, scales: ["x", null] as [string, null] } } : {}),
    },
    scales: { x: { time: false, range: (_plot, low, high) => props.span ?? [low, high] }, y: { range } },
    axes: [
      {
        ...axis(),
        size: 28,
        values: (_plot, marks, _axis, _space, step) => marks.map((mark) => clock(mark, digitsOf(step))),
      },
      { ...axis(), size: 44, values: (_plot, marks) => marks.map((mark) => number(mark, range[1] <= 1 ? 1 : 0)) },
    ],
    series: [
      {},
      ...series.map((one) => ({
        label: one.name,
        stroke: colourOf(one.token),
        width: 1.75,
        show: !one.hidden,
        points: { show: false },
        spanGaps: false,
      })),
    ],
  };
}

function dataOf({ time, series }: ChartProps): uPlot.AlignedData {
  return [time as number[], ...series.map((one) => one.values as (number | null)[])];
}

/** Build the plot anew when its shape changes, feed it when only its numbers do. */
function usePlot(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = [
    props.series.map((one) => `${one.key}${one.name}${one.hidden ?? ""}`).join(),
    props.range.join(),
    props.height,
    colours.value,
    language.value,
  ];
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const made = new uPlot(optionsOf(latest.current, element.clientWidth), dataOf(latest.current), element);
    plot.current = made;
    const seek = (event: PointerEvent) => {
      if (event.buttons === 1) latest.current.onSeek?.(Math.max(0, made.posToVal(event.offsetX, "x")));
    };
    made.over.addEventListener("pointerdown", seek);
    made.over.addEventListener("pointermove", seek);
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: made.height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, shape);
  useEffect(() => {
    plot.current?.setData(dataOf(props), true);
  }, [props.time, props.series, props.span?.join()]);
  return { place, plot };
}

const KEY_STEP_S = 1;

/** Curves over time with a line where the film is. */
export function Chart(props: ChartProps) {
  const { place, plot } = usePlot(props);
  const line = useRef<HTMLDivElement>(null);
  const cursor = props.cursor ?? null;
  useEffect(() => {
    const made = plot.current;
    const mark = line.current;
    if (!made || !mark) return;
    const left = cursor === null ? -1 : made.valToPos(cursor, "x");
    const inside = left >= 0 && left <= made.over.clientWidth;
    mark.hidden = !inside;
    mark.style.transform = `translateX(${made.over.offsetLeft + left}px)`;
  });
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -KEY_STEP_S, ArrowRight: KEY_STEP_S }[event.key];
    if (!step || cursor === null || !props.onSeek) return;
    event.preventDefault();
    props.onSeek(Math.max(0, cursor + step));
  };
  const slider = props.onSeek && {
    role: "slider" as const,
    tabIndex: 0,
    "aria-valuemin": 0,
    "aria-valuemax": Math.round(props.time[props.time.length - 1] ?? 0),
    "aria-valuenow": Math.round(cursor ?? 0),
    "aria-valuetext": clock(Math.round(cursor ?? 0)),
  };
  return (
    <div class="chart" aria-label={props.label} {...(slider ?? { role: "img" as const })} onKeyDown={keys}>
      <div ref={place} class="chart-plot" />
      <div ref={line} class="chart-line" hidden />
    </div>
  );
}
