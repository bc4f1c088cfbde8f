import { expect, test } from "vitest";

import { aligned, anyPositive, lastPoint, linesOf, spanOf, type Line } from "./lines";
import type { Series } from "./series";

const look = { label: "train", colour: "#000", dash: [] };
const series = (values: number[], times = values.map((_, at) => 100 + at)): Series => ({
  name: "train/loss",
  direction: "lower",
  points: values.length,
  steps: values.map((_, at) => at + 1),
  times,
  values,
});
const line = (xs: number[], ys: number[]): Line => ({ ...look, faint: false, xs, ys });

test("over steps, or over seconds since the run began", () => {
  const recorded = series([3, 2, 1]);
  expect(linesOf(recorded, look, "step", 0, 100)[0]?.xs).toEqual([1, 2, 3]);
  expect(linesOf(recorded, look, "time", 0, 100)[0]?.xs).toEqual([0, 1, 2]);
});

test("over time, points stand in the order of time even where the clock was set back", () => {
  const [drawn] = linesOf(series([3, 2, 1], [105, 103, 104]), look, "time", 0, 100);
  expect(drawn).toMatchObject({ xs: [3, 4, 5], ys: [2, 1, 3] });
});

test("smoothing adds a line and keeps the recorded one behind it", () => {
  const [raw, smooth] = linesOf(series([4, 0, 4, 0]), look, "step", 0.5, 0);
  expect(raw).toMatchObject({ faint: true, ys: [4, 0, 4, 0] });
  expect(smooth?.faint).toBe(false);
  expect(smooth?.ys[1]).toBeCloseTo(4 / 3);
});

test("lines of other steps share one axis; gaps are null, absent points undefined", () => {
  const data = aligned([line([1, 2, 3], [9, NaN, 7]), line([2, 4], [1, 2])], false);
  expect(data).toEqual([
    [1, 2, 3, 4],
    [9, null, 7, undefined],
    [undefined, 1, undefined, 2],
  ]);
});

test("a logarithmic axis has gaps where values are not positive", () => {
  expect(aligned([line([1, 2], [0, 5])], true)).toEqual([
    [1, 2],
    [null, 5],
  ]);
  expect(anyPositive([line([1], [-1])])).toBe(false);
});

test("plots that share a span have its ends on their axes", () => {
  const short = line([2, 3], [5, 6]);
  expect(spanOf([short, line([1, 4], [0, 0]), line([], [])])).toEqual([1, 4]);
  expect(aligned([short], false, [1, 4])).toEqual([
    [1, 2, 3, 4],
    [undefined, 5, 6, undefined],
  ]);
  expect(spanOf([])).toEqual([]);
});

test("nothing to draw", () => expect(aligned([], false)).toEqual([[]]));

test("the last point before a place, gaps passed over", () => {
  const drawn = line([1, 2, 3], [5, 6, NaN]);
  expect(lastPoint(drawn, 9)).toEqual({ x: 2, y: 6 });
  expect(lastPoint(drawn, 1)).toEqual({ x: 1, y: 5 });
  expect(lastPoint(drawn, 0)).toBeNull();
});
