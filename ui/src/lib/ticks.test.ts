import { expect, test } from "vitest";

import { logarithmicTicks } from "./ticks";

test("as many round numbers as have room", () => {
  expect(logarithmicTicks(0.31, 1.1, 9)).toEqual([0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
  expect(logarithmicTicks(0.0097, 2.1, 8)).toEqual([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]);
  expect(logarithmicTicks(0.0097, 2.1, 5)).toEqual([0.01, 0.1, 1]);
  expect(logarithmicTicks(1e-9, 1, 5)).toEqual([1e-8, 1e-6, 1e-4, 1e-2, 1]);
});

test("none where there can be none", () => {
  expect([logarithmicTicks(0, 1, 5), logarithmicTicks(NaN, 1, 5), logarithmicTicks(1, Infinity, 5)]).toEqual([
    [],
    [],
    [],
  ]);
  expect(logarithmicTicks(0.41, 0.42, 5)).toEqual([]);
});

test("from anywhere to anywhere they are few, within, and rising", () => {
  for (let exponent = -12; exponent < 12; exponent += 0.37) {
    for (const span of [1.01, 1.5, 7, 80, 1e4, 1e11, 1e300]) {
      const [low, high] = [10 ** exponent, Math.min(10 ** exponent * span, 1e308)];
      const ticks = logarithmicTicks(low, high, 6);
      expect(ticks.length).toBeLessThanOrEqual(6);
      for (const [at, tick] of ticks.entries()) {
        expect(tick >= low && tick <= high && tick > (ticks[at - 1] ?? 0)).toBe(true);
      }
    }
  }
});
