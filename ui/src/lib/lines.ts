/** From recorded series to the lines of a plot. */

import uPlot from "uplot";

import { smooth } from "./smoothing";
import type { Series } from "./series";

export type Axis = "step" | "time";

export type Line = {
  label: string;
  colour: string;
  dash: number[];
  faint: boolean; // what was recorded, behind its smoothed self
  xs: number[];
  ys: number[];
};

export type Look = { label: string; colour: string; dash: number[] };

/** One line, or with smoothing two: the recorded one faintly behind the smoothed one. `start` is second 0. */
export function linesOf(series: Series, look: Look, axis: Axis, smoothing: number, start: number): Line[] {
  const [xs, ys] = axis === "step" ? [series.steps, series.values] : byTime(series, start);
  if (smoothing <= 0 || ys.length < 3) return [{ ...look, faint: false, xs, ys }];
  return [
    { ...look, dash: [], faint: true, xs, ys },
    { ...look, faint: false, xs, ys: smooth(ys, smoothing) },
  ];
}

/** The first and the last place of all lines: plots that share it stand in line. */
export function spanOf(lines: readonly Line[]): number[] {
  const ends = lines.flatMap(({ xs }) => [xs[0] ?? NaN, xs.at(-1) ?? NaN]).filter(Number.isFinite);
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  return ends.length === 0 ? [] : low === high ? [low] : [low, high];
}

/**
 * All lines over one axis, as uPlot takes them: `null` is a gap, `undefined` a place where a line has no point and runs
 * on. On a logarithmic axis what is not positive is a gap. The axis has the places of `span` also where no line does.
 */
export function aligned(lines: readonly Line[], logarithmic: boolean, span: readonly number[] = []): uPlot.AlignedData {
  const drawable = (value: number): boolean => Number.isFinite(value) && (!logarithmic || value > 0);
  const tables = lines.map(({ xs, ys }): uPlot.AlignedData => [xs, ys.map((y) => (drawable(y) ? y : null))]);
  return tables.length === 0 ? [[]] : uPlot.join([...tables, [[...span]]]);
}

/** Whether a logarithmic axis can show anything of these lines. */
export const anyPositive = (lines: readonly Line[]): boolean =>
  lines.some(({ ys }) => ys.some((value) => value > 0 && Number.isFinite(value)));

/** The last point that can be drawn at or before `x`. */
export function lastPoint(line: Line, x: number): { x: number; y: number } | null {
  for (let index = line.xs.length - 1; index >= 0; index -= 1) {
    const [at, y] = [line.xs[index] ?? NaN, line.ys[index] ?? NaN];
    if (at <= x && Number.isFinite(y)) return { x: at, y };
  }
  return null;
}

// Steps can be logged out of turn, and clocks can be set back.
function byTime({ times, values }: Series, start: number): [number[], number[]] {
  const order = times.map((_, index) => index).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0));
  return [order.map((index) => (times[index] ?? 0) - start), order.map((index) => values[index] ?? NaN)];
}
