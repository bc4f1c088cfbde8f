import { expect, test } from "vitest";

import type { Medium } from "./api";
import { mediaGroups, newestOf, otherMedia, placeOf, quantitiesOf } from "./media";

const medium = (name: string, kind: string, step: number | null, file = `${name}-${step}`): Medium => ({
  name,
  kind,
  step,
  file,
  caption: "",
});

const media = [
  medium("sample 10", "text", 4),
  medium("sample 2", "text", 1),
  medium("digit", "image", 20),
  medium("digit", "image", 3),
  medium("digit", "audio", null),
  medium("weights.bin", "file", null),
];

test("media are put together by name and kind, steps in order", () => {
  const groups = mediaGroups(media);
  expect(groups.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
    "digit image",
    "digit audio",
    "sample 2 text",
    "sample 10 text",
  ]);
  expect(groups[0]?.items.map(({ step }) => step)).toEqual([3, 20]);
  expect(otherMedia(media).map(({ name }) => name)).toEqual(["weights.bin"]);
});

test("the newest of each name", () => {
  expect(newestOf(media.filter(({ kind }) => kind === "image")).map(({ step }) => step)).toEqual([3]);
});

test("which of a group is meant", () => {
  const [many, one, single] = mediaGroups(media);
  expect(many && placeOf(many, 1)).toBe("step 20, 2 of 2");
  expect(one && placeOf(one, 0)).toBe("");
  expect(single && placeOf(single, 0)).toBe("step 1");
});

test("the quantities of a watched model", () => {
  expect(quantitiesOf(["watch/a/weights", "watch/a/gradients", "watch/b.c/weights"])).toEqual(["weights", "gradients"]);
});
