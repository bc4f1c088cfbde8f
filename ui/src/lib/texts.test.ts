import { expect, test } from "vitest";

import { nextCommand } from "./commands";
import { diffLines } from "./diff";
import { progressOf } from "./progress";
import { isOver, reasonOf, tone } from "./states";
import { tomlLines } from "./toml";

test("lines of a recipe that are not defaults stand out, with all lines of their value", () => {
  const toml = '[train]\nepochs = 3\nseed = 0\n[model]\nname = "cnn"\nchannels = [\n  64,\n]\n';
  expect(tomlLines(toml, ["train.epochs", "model.channels"]).map(({ kind }) => kind)).toEqual([
    "section",
    "changed",
    "plain",
    "section",
    "plain",
    "changed",
    "changed",
    "changed",
  ]);
});

test("nested sections have dotted keys", () => {
  expect(tomlLines("[data.split]\ntrain = 0.8", ["data.split.train"])[1]?.kind).toBe("changed");
});

test("lines of a diff", () => {
  const diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same\n";
  expect(diffLines(diff).map(({ kind }) => kind)).toEqual([
    "file",
    "file",
    "file",
    "place",
    "removed",
    "added",
    "context",
  ]);
});

const run = (state: "done" | "running" | "crashed", kind = "train", model = "cnn") => ({
  name: "calm-otter-17",
  kind,
  state,
  params: { "model.name": model },
});

test("the command that goes on", () => {
  expect(nextCommand(run("done"))).toBe("glia predict calm-otter-17 picture.png");
  expect(nextCommand(run("done", "train", "mlp"))).toBe("glia predict calm-otter-17 new.csv");
  expect(nextCommand(run("crashed"))).toBe("glia train --resume calm-otter-17");
  expect(nextCommand(run("running"))).toBe("");
  expect(nextCommand(run("done", "loop"))).toBe("glia runs show calm-otter-17");
});

test("states have a tone, and an end", () => {
  expect([tone("running"), tone("done"), tone("crashed"), tone("unreachable"), tone("stopped")]).toEqual([
    "live",
    "good",
    "bad",
    "doubt",
    "quiet",
  ]);
  expect([isOver("running"), isOver("unreachable"), isOver("crashed")]).toEqual([false, false, true]);
});

test("that all epochs were taken needs no saying", () => {
  expect(reasonOf({ state: "done", reason: "epochs" })).toBe("");
  expect(reasonOf({ state: "stopped", reason: "stopped" })).toBe("");
  expect(reasonOf({ state: "done", reason: "early stopping" })).toBe("early stopping");
});

test("how far a run has come", () => {
  const epochs = { values: [1, 2, 3] };
  expect(progressOf({ state: "running", params: { "train.epochs": 8 } }, epochs)).toBe("epoch 3 of 8");
  expect(progressOf({ state: "running", params: { "train.epochs": "auto" } }, epochs)).toBe("epoch 3");
  expect(progressOf({ state: "done", params: {} }, epochs)).toBe("");
  expect(progressOf({ state: "running", params: {} }, undefined)).toBe("");
});
