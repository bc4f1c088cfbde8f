import { expect, test } from "vitest";

import type { Setting } from "./api";
import { beside, isActive, proposal, valuesOf } from "./by-hand";

const setting = (key: string, value: string, when: Record<string, string[]> = {}): Setting => ({
  key,
  value,
  when,
  range: "",
  choices: [],
});

const settings = [
  setting("train.optimizer", "sgd"),
  setting("train.momentum", "0.9", { "train.optimizer": ["sgd", "rmsprop"] }),
  setting("train.nesterov", "true", { "train.momentum": ["0.9"], "model.name": ["mlp"] }),
];
const values = valuesOf(settings);

test("a form begins with the values of the best", () => {
  expect(values).toEqual({ "train.optimizer": "sgd", "train.momentum": "0.9", "train.nesterov": "true" });
});

test("a setting under a condition comes and goes, and with it those that depend on it", () => {
  const active = (given: Record<string, string>) =>
    settings.filter((each) => isActive(each, settings, { ...values, ...given })).map(({ key }) => key);
  expect(active({})).toEqual(["train.optimizer", "train.momentum", "train.nesterov"]);
  expect(active({ "train.optimizer": "rmsprop " })).toHaveLength(3);
  expect(active({ "train.optimizer": "adam" })).toEqual(["train.optimizer"]);
  expect(active({ "train.momentum": "0.5" })).toEqual(["train.optimizer", "train.momentum"]);
});

test("only what is active and filled in is sent", () => {
  expect(proposal(settings, { ...values, "train.optimizer": "adam" })).toEqual({ "train.optimizer": "adam" });
  expect(proposal(settings, { ...values, "train.momentum": " 0.9 ", "train.nesterov": " " })).toEqual({
    "train.optimizer": "sgd",
    "train.momentum": "0.9",
  });
});

test.each([
  [0.9, 0.95, "higher", "0.05 worse than the best"],
  [0.4, 0.3, "lower", "0.1 worse than the best"],
  [0.2, 0.3, "lower", "0.1 better than the best"],
  [0.3, 0.3, "lower", "as good as the best"],
])("%d beside %d, %s is better: %s", (value, best, direction, said) => {
  expect(beside(value, best, direction, (number) => String(Number(number.toPrecision(3))))).toBe(said);
});
