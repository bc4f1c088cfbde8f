import { expect, test } from "vitest";

import { kept } from "./kept";

test("what is said again is the same object, so that nothing is asked because of it", () => {
  const before = { state: "running", media: [{ file: "a" }], tags: { best: "1" } };
  expect(kept(null, before)).toBe(before);
  expect(kept(before, structuredClone(before))).toBe(before);
  const now = kept(before, { state: "done", media: [{ file: "a" }], tags: { best: "2" } });
  expect(now).toEqual({ state: "done", media: [{ file: "a" }], tags: { best: "2" } });
  expect(now.media).toBe(before.media);
  expect(now.tags).not.toBe(before.tags);
});

test("a part that is new, or gone, counts", () => {
  const before: Record<string, number> = { a: 1, b: 2 };
  expect(kept(before, { a: 1 })).toEqual({ a: 1 });
  expect(kept(before, { a: 1, b: 2, c: 3 })).toEqual({ a: 1, b: 2, c: 3 });
});
