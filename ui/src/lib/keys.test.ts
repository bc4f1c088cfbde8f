import { expect, test } from "vitest";

import { actionOf, moved } from "./keys";

const key = (name: string, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false, ...more });
const body = { tagName: "BODY" };

test("keys act on the table", () => {
  expect(["j", "k", "Enter", "x", "/", "c"].map((name) => actionOf(key(name), body))).toEqual([
    "down",
    "up",
    "open",
    "select",
    "filter",
    "compare",
  ]);
});

test("not while one types, not with a modifier, not where the control needs the key", () => {
  expect(actionOf(key("j"), { tagName: "INPUT", type: "search" })).toBeNull();
  expect(actionOf(key("j"), { tagName: "SELECT" })).toBeNull();
  expect(actionOf(key("c", { ctrlKey: true }), body)).toBeNull();
  expect(actionOf(key("Enter"), { tagName: "A" })).toBeNull();
  expect(actionOf(key("q"), body)).toBeNull();
});

test("a ticked box does not stop the keys", () => {
  expect(actionOf(key("j"), { tagName: "INPUT", type: "checkbox" })).toBe("down");
});

test("the cursor stays inside", () => {
  expect(moved(-1, "down", 3)).toBe(0);
  expect(moved(2, "down", 3)).toBe(2);
  expect(moved(0, "up", 3)).toBe(0);
  expect(moved(1, "last", 3)).toBe(2);
  expect(moved(-1, "down", 0)).toBe(-1);
});
