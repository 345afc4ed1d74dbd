import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colours } from "../state/theme";
import { useStore } from "../state/store";

export interface Line {
  label: string;
  /** Name of a CSS variable. */
  colour: string;
  values: (number | null)[];
}

interface ChartProps {
  /** What it shows, for those who do not see it. */
  summary: string;
  /** Unix seconds. */
  at: number[];
  lines: Line[];
  format: (value: number) => string;
  height?: number;
  bars?: boolean;
}

const AxisWidth = 64;
const [Minute, Day] = [60, 86_400];
const ClockTicks = [1, 2, 5, 10, 15, 30, Minute, 2 * Minute, 5 * Minute];
const DayTicks = [Day, 2 * Day, 7 * Day, 14 * Day, 30 * Day];
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayName = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

/** Values over time. */
export function TimeChart({ summary, at, lines, format, height = 220, bars }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const painted = useStore(colours);
  const data = [at, ...lines.map((l) => l.values)] as uPlot.AlignedData;
  const shape = lines.map((l) => l.label).join("|");

  useEffect(() => {
    const div = place.current!;
    const made = new uPlot(optionsOf(div, lines, format, height, !!bars), data, div);
    chart.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: div.clientWidth, height }));
    watch.observe(div);
    return () => {
      watch.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [shape, painted, height, bars]);

  useEffect(() => chart.current?.setData(data), [at, lines]);

  return (
    <figure class="chart">
      <div ref={place} role="img" aria-label={summary} />
      {lines.length > 1 && (
        <figcaption class="legend">
          {lines.map((l) => <span key={l.label} class={`key key${l.colour}`}>{l.label}</span>)}
        </figcaption>
      )}
    </figure>
  );
}

function optionsOf(div: HTMLElement, lines: Line[], format: (value: number) => string, height: number, bars: boolean): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--ink-2"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  return {
    width: div.clientWidth || 300,
    height,
    legend: { show: false },
    cursor: { show: true, y: false, points: { size: 7 }, drag: { x: false, y: false } },
    tzDate: (seconds) => (bars ? uPlot.tzDate(new Date(seconds * 1000), "UTC") : new Date(seconds * 1000)),
    scales: { x: { range: (_chart, min, max) => (bars ? [min - Day / 2, max + Day / 2] : [min, max]) }, y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.12 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, size: 30, space: bars ? 60 : 90, incrs: bars ? DayTicks : ClockTicks, values: (_chart, ticks) => ticks.map((t) => (bars ? dayName : clock).format(t * 1000)) },
      { ...axis, size: AxisWidth, values: (_chart, values) => values.map(format) },
    ],
    series: [
      {},
      ...lines.map((line): uPlot.Series => ({
        label: line.label,
        stroke: colour(line.colour),
        width: bars ? 0 : 2,
        fill: bars ? colour(line.colour) : lines.length === 1 ? `${colour(line.colour)}22` : undefined,
        points: { show: false },
        ...(bars ? { paths: uPlot.paths.bars!({ size: [0.7, 24], radius: 0.25 }) } : {}),
      })),
    ],
    plugins: [tooltip(lines, format, bars)],
  };
}

/** The values under the pointer, as text beside it. */
function tooltip(lines: Line[], format: (value: number) => string, isByDay: boolean): uPlot.Plugin {
  const tip = document.createElement("div");
  tip.className = "tooltip";
  tip.hidden = true;
  return {
    hooks: {
      init: (chart) => chart.over.append(tip),
      setCursor: (chart) => {
        const i = chart.cursor.idx;
        const at = i === null || i === undefined ? undefined : chart.data[0][i];
        tip.hidden = at === undefined || (chart.cursor.left ?? -1) < 0;
        if (tip.hidden || at === undefined) return;
        const when = new Date(at * 1000);
        const rows = lines.map((l, n) => `${lines.length > 1 ? `${l.label}: ` : ""}${format(chart.data[n + 1]?.[i!] ?? 0)}`);
        tip.textContent = [(isByDay ? dayName : clock).format(when), ...rows].join("\n");
        const left = Math.min(chart.cursor.left ?? 0, chart.over.clientWidth - tip.offsetWidth - 12);
        tip.style.transform = `translate(${Math.max(0, left) + 8}px, 4px)`;
      },
    },
  };
}

const SparkWidth = 120;
const SparkHeight = 32;

/** The course of one figure, without axes. */
export function Spark({ values, summary, tone = "" }: { values: number[]; summary: string; tone?: string }) {
  const most = Math.max(...values, 0);
  const x = (i: number) => (values.length < 2 ? SparkWidth : (i / (values.length - 1)) * SparkWidth);
  const y = (v: number) => SparkHeight - 2 - (most > 0 ? v / most : 0) * (SparkHeight - 5);
  const points = values.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`);
  return (
    <svg class={`spark ${tone}`} viewBox={`0 0 ${SparkWidth} ${SparkHeight}`} preserveAspectRatio="none" role="img" aria-label={summary}>
      {values.length > 1 && <polygon points={`0,${SparkHeight} ${points.join(" ")} ${SparkWidth},${SparkHeight}`} />}
      {values.length > 1 && <polyline points={points.join(" ")} vector-effect="non-scaling-stroke" />}
    </svg>
  );
}

/** Named amounts as bars, in the order given. */
export function Bars({ of, format, label }: { of: [string, number][]; format: (value: number) => string; label: string }) {
  const most = Math.max(...of.map(([, v]) => Math.abs(v)), 1);
  return (
    <ul class="bars" aria-label={label}>
      {of.map(([name, value]) => (
        <li key={name}>
          <span class="bar-name">{name}</span>
          <span class="bar-track" aria-hidden="true"><span class={`bar${value < 0 ? " negative" : ""}`} style={{ width: `${Math.max(1, (Math.abs(value) / most) * 100)}%` }} /></span>
          <span class="bar-value">{format(value)}</span>
        </li>
      ))}
    </ul>
  );
}
