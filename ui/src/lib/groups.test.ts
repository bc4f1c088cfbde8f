import { expect, test } from "vitest";

import { comparedMetrics, groups, mainMetrics, phaseRank, splitPhase } from "./groups";

const metric = (name: string, direction = "") => ({ name, direction });
const recorded = [
  metric("train/loss", "lower"),
  metric("train/learning_rate"),
  metric("train/accuracy", "higher"),
  metric("validation/loss", "lower"),
  metric("validation/accuracy", "higher"),
  metric("train/epoch"),
];

test("a metric over its phases shares a plot, losses first, what is not judged last", () => {
  expect(groups(recorded).map(({ title, names }) => [title, names])).toEqual([
    ["loss", ["validation/loss", "train/loss"]],
    ["accuracy", ["validation/accuracy", "train/accuracy"]],
    ["learning_rate", ["train/learning_rate"]],
  ]);
});

test("names without a phase stand alone", () => {
  expect(splitPhase("layer/1/norm")).toEqual(["", "layer/1/norm"]);
  expect(splitPhase("loss")).toEqual(["", "loss"]);
  expect(groups([metric("loss"), metric("layer/1/norm")]).map(({ title }) => title)).toEqual(["loss", "layer/1/norm"]);
});

test("phases keep their colours", () => {
  expect(["validation", "train", "test", ""].map(phaseRank)).toEqual([0, 1, 2, 0]);
});

test("a table shows validation first, the loss last of it", () => {
  expect(mainMetrics(recorded)).toEqual(["validation/accuracy", "validation/loss"]);
  expect(mainMetrics([metric("reward"), metric("loss")])).toEqual(["reward", "loss"]);
});

test("compared runs have a plot for each metric, once", () => {
  expect(comparedMetrics([...recorded, ...recorded])).toEqual([
    "validation/loss",
    "validation/accuracy",
    "train/loss",
    "train/accuracy",
    "train/learning_rate",
  ]);
});
