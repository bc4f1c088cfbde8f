import { expect, test } from "vitest";

import { comparePath, isOurs, placeOf, runPath } from "./router";

test.each([
  ["/", { page: "runs" }],
  ["/runs", { page: "runs" }],
  ["/runs/", { page: "runs" }],
  ["/runs/a3f9", { page: "run", id: "a3f9" }],
  ["/runs/a%20b", { page: "run", id: "a b" }],
  ["/runs/%E0%A4%A", { page: "run", id: "%E0%A4%A" }],
  ["/compare", { page: "compare" }],
  ["/models", { page: "models" }],
  ["/runs/a/b", { page: "nowhere" }],
  ["/nothing", { page: "nowhere" }],
])("%s", (path, place) => expect(placeOf(path)).toEqual(place));

test("paths lead back to their places", () => {
  expect(placeOf(runPath("a/17"))).toEqual({ page: "run", id: "a~17" });
  expect(comparePath(["a", "b"])).toBe("/compare?runs=a,b");
});

const click = { button: 0, metaKey: false, ctrlKey: false, shiftKey: false, altKey: false, defaultPrevented: false };
const link = { origin: "http://here", target: "", pathname: "/runs", hasAttribute: () => false };

test("a plain click on a link of this site is ours", () => expect(isOurs(click, link, "http://here")).toBe(true));

test.each([
  ["another button", { ...click, button: 1 }, link],
  ["a new tab", { ...click, ctrlKey: true }, link],
  ["another site", click, { ...link, origin: "http://there" }],
  ["a link that opens elsewhere", click, { ...link, target: "_blank" }],
  ["a download", click, { ...link, hasAttribute: () => true }],
  ["a file, not a page", click, { ...link, pathname: "/api/v1/runs" }],
])("%s is not", (_, event, where) => expect(isOurs(event, where, "http://here")).toBe(false));
