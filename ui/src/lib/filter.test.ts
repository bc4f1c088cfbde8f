import { expect, test } from "vitest";
import { readsAsCondition } from "./filter";

test.each([
  "params.lr < 0.01",
  "params.lr=0.01",
  "metrics.'validation/accuracy'>0.9",
  "state = 'done' and name like 'a%'",
  "state ='done",
  "tags.",
  "notes is not null",
  "contains(name, 'x')",
  "not params.x is null",
  "seconds>60",
  "name != x",
])("%s is a condition", (text) => expect(readsAsCondition(text)).toBe(true));

test.each([
  "",
  "cnn",
  "calm-otter-17",
  "epochs=3",
  "train.learning_rate=1e-3",
  "digits mlp",
  "nothing like it",
  "is it",
])("%s is words", (text) => expect(readsAsCondition(text)).toBe(false));
