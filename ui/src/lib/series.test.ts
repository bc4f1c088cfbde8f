import { expect, test } from "vitest";

import { added, behind, MOST_POINTS, received, stepOfEpoch, tooLong, type Series } from "./series";

const addition = (start: number, steps: number[], values: (number | "NaN")[] = steps) => ({
  name: "loss",
  direction: "lower" as const,
  start,
  steps,
  times: steps.map((step) => step + 0.5),
  values,
});
const known = received({ ...addition(0, [1, 2]), points: 2 });

test("new points go to the end", () => {
  const series = added(known, addition(2, [3, 4]));
  expect(series).toMatchObject({ points: 4, steps: [1, 2, 3, 4], values: [1, 2, 3, 4], times: [1.5, 2.5, 3.5, 4.5] });
});

test("points told twice are taken once", () => {
  expect(added(known, addition(1, [2, 3]))?.steps).toEqual([1, 2, 3]);
  expect(added(known, addition(0, [1, 2]))).toBe(known);
});

test("a metric that is new begins with its first point", () => {
  expect(added(undefined, addition(0, [7]))).toMatchObject({ name: "loss", direction: "lower", points: 1, steps: [7] });
});

test("missing points are noticed", () => {
  expect(added(known, addition(3, [4]))).toBeNull();
  expect(added(undefined, addition(1, [4]))).toBeNull();
});

test("points of earlier steps cannot just be put behind", () => expect(added(known, addition(2, [1]))).toBeNull());

test("a thinned series goes on from what was recorded, not from what is here", () => {
  const thinned = received({ ...addition(0, [1, 900]), points: 900 });
  expect(added(thinned, addition(900, [901]))).toMatchObject({ points: 901, steps: [1, 900, 901] });
});

test("NaN travels as text", () => expect(added(known, addition(2, [3], ["NaN"]))?.values.at(-1)).toBeNaN());

test("behind: the run has more points than are known here", () => {
  const here = new Map([["loss", known]]);
  expect(behind(here, [{ name: "loss", points: 2 }])).toBe(false);
  expect(behind(here, [{ name: "loss", points: 3 }])).toBe(true);
  expect(behind(here, [{ name: "accuracy", points: 1 }])).toBe(true);
});

test("too long to go on appending", () => {
  const long: Series = { ...known, steps: Array.from({ length: MOST_POINTS + 1 }, (_, at) => at) };
  expect([tooLong(known), tooLong(long)]).toEqual([false, true]);
});

test("the step of an epoch", () => {
  const epochs = { ...known, steps: [40, 80], values: [1, 2] };
  expect(stepOfEpoch(epochs, 2)).toBe(80);
  expect(stepOfEpoch(epochs, 3)).toBeNull();
  expect(stepOfEpoch(undefined, 2)).toBeNull();
});
