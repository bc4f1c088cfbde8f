import { expect, test } from "vitest";

import type { RunList, RunRow } from "./api";
import { bestOf, columnsOf, defaultColumns, divided } from "./columns";

const run = (values: RunRow["values"], params: RunRow["params"] = {}): RunRow => ({
  id: "a",
  name: "calm-otter-17",
  project: "p",
  kind: "train",
  parent: null,
  state: "done",
  reason: "",
  created: "2026-11-21T00:00:00Z",
  seconds: 1,
  tags: {},
  params,
  values,
});
const list: RunList = {
  runs: [
    run({ "validation/loss": 0.1583 }, { "train.epochs": 3 }),
    run({ "validation/loss": "NaN" }),
    run({ "validation/loss": 0.0858 }),
    run({}),
  ],
  total: 4,
  everything: 4,
  projects: ["p"],
  metrics: [{ name: "validation/loss", direction: "lower" }],
  params: ["train.epochs"],
};

test("a metric's column is aligned, and its best is marked", () => {
  const [column] = columnsOf(list, defaultColumns(list));
  expect(column?.cells.map(({ text }) => text)).toEqual(["0.1583", "NaN", "0.0858", ""]);
  expect(column?.cells.map(({ best }) => best)).toEqual([false, false, true, false]);
});

test("no run is best among runs on different data", () => {
  const runs = [run({ accuracy: 0.9 }, { "data.name": "digits" }), run({ accuracy: 1 }, { "data.name": "wine" })];
  const mixed: RunList = { ...list, runs, metrics: [{ name: "accuracy", direction: "higher" }] };
  expect(columnsOf(mixed, ["accuracy"])[0]?.cells.map(({ best }) => best)).toEqual([false, false]);
});

test("a param's column shows the param", () => {
  const [column] = columnsOf(list, ["train.epochs"]);
  expect(column).toMatchObject({ above: "train", title: "epochs", isNumber: true });
  expect(column?.cells.map(({ text }) => text)).toEqual(["3", "", "", ""]);
});

test("a param of words stands at the left", () => {
  const runs = [run({}, { epochs: 3 }), run({}, { epochs: "auto" })];
  expect(columnsOf({ ...list, runs, params: ["epochs"] }, ["epochs"])[0]?.isNumber).toBe(false);
});

test("a column that no run has any more is empty", () => {
  for (const name of ["gone", "constructor", "__proto__"]) {
    expect(columnsOf(list, [name])[0]?.cells.map(({ text }) => text)).toEqual(["", "", "", ""]);
  }
});

test("the best, by direction; none among equals or without a direction", () => {
  expect(bestOf([1, 3, 2], "higher")).toEqual([false, true, false]);
  expect(bestOf([1, 3, null], "lower")).toEqual([true, false, false]);
  expect(bestOf([1, 1], "higher")).toEqual([false, false]);
  expect(bestOf([1], "higher")).toEqual([false]);
  expect(bestOf([1, 2], "")).toEqual([false, false]);
});

test("names are divided at their last sign", () => {
  expect(divided("validation/accuracy")).toEqual({ above: "validation", title: "accuracy" });
  expect(divided("data.split.train")).toEqual({ above: "data.split", title: "train" });
  expect(divided("loss")).toEqual({ above: "", title: "loss" });
});
