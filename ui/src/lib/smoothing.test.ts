import { expect, test } from "vitest";

import { smooth } from "./smoothing";

test("without weight nothing changes", () => expect(smooth([3, 1, 2], 0)).toEqual([3, 1, 2]));

test("a constant stays what it is, from the first value on", () => {
  for (const value of smooth([5, 5, 5, 5], 0.9)) expect(value).toBeCloseTo(5, 12);
});

test("each value is the weighted mean of what came", () => {
  const [first, second, third] = smooth([1, 0, 4], 0.5);
  expect(first).toBe(1);
  expect(second).toBeCloseTo(1 / 3);
  expect(third).toBeCloseTo((0.25 * 1 + 0.5 * 0 + 1 * 4) / 1.75);
});

test("a gap stays a gap and is passed over", () => {
  const [, gap, after] = smooth([2, NaN, 2], 0.9);
  expect(gap).toBeNaN();
  expect(after).toBeCloseTo(2);
});
