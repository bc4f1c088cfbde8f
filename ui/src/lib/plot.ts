/** What uPlot is told: hairlines, no legend, names at the ends of the lines, one cursor over all plots of a page. */

import uPlot from "uplot";

import type { Range } from "./detail";
import { duration, number } from "./format";
import { spread } from "./labels";
import { logarithmicTicks } from "./ticks";
import { lastPoint, type Axis, type Line } from "./lines";

export type Ink = { text: string; muted: string; hairline: string; paper: string };
export type Mark = { x: number; label: string };
export type Hover = { x: number; values: (number | null)[] } | null;

export type PlotSettings = {
  lines: Line[];
  axis: Axis;
  logarithmic: boolean;
  marks: Mark[];
  labelled: boolean; // names at the ends of the lines
  ink: Ink;
  width: number;
  height: number;
  sync: string;
  onHover: (hover: Hover) => void;
  onScale: () => void; // the range that is shown may have changed
};

const FONT = "11px system-ui, sans-serif";
const LABEL_GAP = 14;
const TICK_GAP = 24;
const DOTS_BELOW = 40; // a line of fewer points shows each

export function plotOptions(settings: PlotSettings): uPlot.Options {
  const { lines, axis, logarithmic, ink, width, height, sync, onHover, onScale } = settings;
  const labels = settings.labelled ? lines.filter(({ faint, label }) => !faint && label !== "") : [];
  return {
    width,
    height,
    padding: [10, labelWidth(labels), 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: sync, scales: ["x", null] },
      drag: { x: true, y: false, dist: 6 },
      points: {
        size: (_, index) => (lines[index - 1]?.faint ? 0 : 6),
        width: 0,
        fill: (_, index) => lines[index - 1]?.colour ?? ink.text,
      },
      y: false,
    },
    scales: {
      x: { time: false, range: (_, low, high) => (low === high ? [low - 0.5, high + 0.5] : [low, high]) },
      y: logarithmic ? { distr: 3, range: (_, low, high) => [low * 0.9, high * 1.1] } : {},
    },
    axes: [
      axisOf(ink, { size: 22, space: 60, values: (_, ticks) => ticks.map((tick) => tickText(tick, axis)) }),
      yAxis(ink, logarithmic, height),
    ],
    series: [{}, ...lines.map(seriesOf)],
    hooks: {
      setCursor: [(plot) => onHover(hoverOf(plot))],
      setScale: [(_, scale) => scale === "x" && onScale()],
      draw: [(plot) => drawMarks(plot, settings.marks, ink), (plot) => drawLabels(plot, labels, ink)],
    },
  };
}

/** Whether the reader looks at a part of the x axis, which new points must not move. */
export function isZoomed(plot: uPlot): boolean {
  const xs = plot.data[0];
  const { min, max } = plot.scales.x ?? {};
  const [first, last] = [xs[0], xs.at(-1)];
  // Until it is first drawn a scale has null for both, whatever its type says.
  if (typeof min !== "number" || typeof max !== "number" || first === undefined || last === undefined) return false;
  return min > first || max < last;
}

/** The part of the x axis that the reader looks at; null: all of it. */
export function zoomOf(plot: uPlot): Range | null {
  const { min, max } = plot.scales.x ?? {};
  return isZoomed(plot) && min !== undefined && max !== undefined ? { low: min, high: max } : null;
}

/** Where the cursor stands, in words. */
export const readoutPlace = (x: number, axis: Axis): string => (axis === "step" ? `step ${number(x)}` : duration(x));

/** What a tick of the x axis says. */
export function tickText(x: number, axis: Axis): string {
  if (axis === "step")
    return x >= 10_000 && x % 100 === 0 ? `${number(x / 1000)}k` : Number.isInteger(x) ? number(x) : "";
  if (x < 60) return `${number(x, 3)}s`;
  if (x < 3600) return `${Math.floor(x / 60)}:${String(Math.round(x % 60)).padStart(2, "0")}`;
  return `${Math.floor(x / 3600)}h${String(Math.round((x % 3600) / 60)).padStart(2, "0")}`;
}

function seriesOf(line: Line): uPlot.Series {
  return {
    stroke: line.faint ? `${line.colour}55` : line.colour,
    width: line.faint ? 1 : 1.5,
    dash: line.dash,
    points: { show: !line.faint && line.xs.length <= DOTS_BELOW, size: 5, width: 0, fill: line.colour },
  };
}

function axisOf(ink: Ink, more: uPlot.Axis): uPlot.Axis {
  return {
    stroke: ink.muted,
    font: FONT,
    gap: 4,
    grid: { stroke: ink.hairline, width: 1 },
    ticks: { show: false },
    ...more,
  };
}

function yAxis(ink: Ink, logarithmic: boolean, height: number): uPlot.Axis {
  const values: uPlot.Axis.DynamicValues = (_, ticks) => ticks.map((tick) => number(tick));
  if (!logarithmic) return axisOf(ink, { size: 52, space: 32, values });
  const most = Math.floor(height / TICK_GAP);
  return axisOf(ink, {
    size: 52,
    values,
    splits: (_, __, low, high) => logarithmicTicks(low, high, most),
    filter: (_, ticks) => ticks,
  });
}

function hoverOf(plot: uPlot): Hover {
  const { left, idx, idxs } = plot.cursor;
  if (left === undefined || left < 0 || idx === null || idx === undefined) return null;
  const x = plot.data[0][idx];
  if (x === undefined) return null;
  const values = plot.series.slice(1).map((_, index) => {
    const at = idxs?.[index + 1];
    return at === null || at === undefined ? null : (plot.data[index + 1]?.[at] ?? null);
  });
  return { x, values };
}

function labelWidth(lines: readonly Line[]): number {
  const longest = Math.max(0, ...lines.map(({ label }) => label.length));
  return longest === 0 ? 12 : Math.min(130, longest * 6.2 + 16);
}

function drawMarks(plot: uPlot, marks: readonly Mark[], ink: Ink): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = ink.muted;
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.lineWidth = ratio;
  ctx.setLineDash([2 * ratio, 3 * ratio]);
  for (const { x, label } of marks) {
    const left = Math.round(plot.valToPos(x, "x", true));
    if (left < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(left, bbox.top);
    ctx.lineTo(left, bbox.top + bbox.height);
    ctx.stroke();
    const near = left > bbox.left + bbox.width / 2;
    ctx.textAlign = near ? "right" : "left";
    ctx.textBaseline = "top";
    ctx.fillText(label, left + (near ? -4 : 4) * ratio, bbox.top);
  }
  ctx.restore();
}

function drawLabels(plot: uPlot, lines: readonly Line[], ink: Ink): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  const right = plot.scales.x?.max ?? Infinity;
  const ends = lines.flatMap((line) => {
    const point = lastPoint(line, right);
    return point === null || (plot.scales.y?.distr === 3 && point.y <= 0)
      ? []
      : [{ line, y: plot.valToPos(point.y, "y", true) }];
  });
  const places = spread(
    ends.map(({ y }) => y),
    LABEL_GAP * ratio,
    bbox.top,
    bbox.top + bbox.height,
  );
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ends.forEach(({ line }, index) => {
    const [x, y] = [bbox.left + bbox.width + 8 * ratio, places[index] ?? 0];
    ctx.fillStyle = line.colour;
    ctx.fillRect(x - 4 * ratio, y - ratio, 8 * ratio, 2 * ratio);
    ctx.fillStyle = ink.text;
    ctx.fillText(fitting(ctx, line.label, 112 * ratio), x + 8 * ratio, y);
  });
  ctx.restore();
}

function fitting(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  let shown = text;
  while (shown.length > 1 && ctx.measureText(`${shown}…`).width > width) shown = shown.slice(0, -1);
  return `${shown}…`;
}
