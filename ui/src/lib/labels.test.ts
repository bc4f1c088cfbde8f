import { expect, test } from "vitest";

import { spread } from "./labels";

test("labels that do not touch stay where they are", () =>
  expect(spread([10, 50, 30], 14, 0, 100)).toEqual([10, 50, 30]));

test("labels that would touch move apart around their middle", () => {
  expect(spread([50, 50], 14, 0, 100)).toEqual([43, 57]);
  expect(spread([52, 50], 14, 0, 100)).toEqual([58, 44]);
});

test("they stay inside", () => {
  expect(spread([99, 100], 14, 0, 100)).toEqual([86, 100]);
  expect(spread([-5], 14, 0, 100)).toEqual([0]);
});

test("moving one block may push the next", () => {
  const placed = spread([40, 42, 55, 56], 14, 0, 100);
  for (let at = 1; at < placed.length; at += 1)
    expect((placed[at] ?? 0) - (placed[at - 1] ?? 0)).toBeGreaterThan(13.99);
});

test("none", () => expect(spread([], 14, 0, 100)).toEqual([]));
