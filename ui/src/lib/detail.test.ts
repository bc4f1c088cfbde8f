import { expect, test } from "vitest";

import { isThinned, spliced, stepsWithin } from "./detail";
import type { Series } from "./series";

const series = (steps: number[], points = steps.length): Series => ({
  name: "loss",
  direction: "lower",
  points,
  steps,
  times: steps.map((step) => 1000 + step / 10),
  values: steps.map((step) => -step),
});
const thin = series([0, 100, 200, 300, 400], 401);

test("thinned: more was recorded than is here", () => {
  expect([isThinned(thin), isThinned(series([1, 2]))]).toEqual([true, false]);
});

test("the steps of a range reach to the next points outside", () => {
  expect(stepsWithin(thin, "step", { low: 150, high: 310 }, 0)).toEqual([100, 400]);
  expect(stepsWithin(thin, "step", { low: -5, high: 500 }, 0)).toEqual([0, 400]);
  expect(stepsWithin(thin, "time", { low: 15, high: 25 }, 1000)).toEqual([100, 300]);
});

test("a range between two points has the steps between them", () => {
  expect(stepsWithin(thin, "step", { low: 110, high: 190 }, 0)).toEqual([100, 200]);
});

test("a range without points has no steps", () => {
  expect(stepsWithin(thin, "step", { low: -9, high: -1 }, 0)).toBeNull();
  expect(stepsWithin(series([]), "step", { low: 0, high: 1 }, 0)).toBeNull();
});

test("a detail takes the place of what was between its ends", () => {
  const whole = spliced(thin, series([100, 101, 150, 200], 401));
  expect(whole.steps).toEqual([0, 100, 101, 150, 200, 300, 400]);
  expect(whole.values).toEqual(whole.steps.map((step) => -step));
  expect(whole.times).toHaveLength(7);
  expect(whole.points).toBe(401);
});

test("a detail at the end lets new points follow", () => {
  expect(spliced(thin, series([300, 350, 390], 380)).steps).toEqual([0, 100, 200, 300, 350, 390, 400]);
  expect(spliced(thin, series([390, 400, 410], 380)).steps).toEqual([0, 100, 200, 300, 390, 400, 410]);
});

test("no detail, an empty one, and one of points that were declared void change nothing", () => {
  expect(spliced(thin, undefined)).toBe(thin);
  expect(spliced(thin, series([], 401))).toBe(thin);
  expect(spliced(thin, series([100, 150], 500))).toBe(thin);
});
