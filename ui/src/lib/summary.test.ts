import { expect, test } from "vitest";

import { summaryRows } from "./summary";

const metric = (name: string, direction: "higher" | "lower" | "", last: number | "NaN") => ({
  name,
  direction,
  last,
  points: 1,
});
const metrics = [
  metric("train/loss", "lower", 0.2),
  metric("validation/loss", "lower", 0.3),
  metric("validation/accuracy", "higher", 0.9),
];

test("what the run came to, a metric a row, a phase a column", () => {
  const summary = { "validation/loss": 0.25, "validation/accuracy": 0.95, epoch: 6 };
  expect(summaryRows({ metrics, summary }, new Map())).toEqual({
    phases: ["validation", "train"],
    rows: [
      { metric: "loss", values: [0.25, 0.2] },
      { metric: "accuracy", values: [0.95, null] },
    ],
  });
});

test("while it runs, the last point of the curve", () => {
  const series = new Map([["train/loss", { values: [0.2, 0.1] }]]);
  expect(summaryRows({ metrics, summary: {} }, series).rows[0]?.values).toEqual([0.3, 0.1]);
});

test("a metric may have any name", () => {
  const odd = [metric("constructor", "", 3), metric("__proto__", "", 2)];
  expect(summaryRows({ metrics: odd, summary: {} }, new Map()).rows.map(({ values }) => values)).toEqual([[3], [2]]);
});
