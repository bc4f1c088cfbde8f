import { expect, test } from "vitest";

import { groups, mainMetrics } from "./groups";
import { watchedQuantities } from "./watched";

const names = ["loss", "watch/a/weight_norm", "watch/a.b/weight_norm", "watch/g/a/gradient_norm"];
const metrics = names.map((name) => ({ name, direction: "" }));

test("one plot a quantity, one line a layer", () => {
  expect(watchedQuantities(names)).toEqual([
    { title: "gradient_norm", layers: [{ layer: "g/a", name: "watch/g/a/gradient_norm" }] },
    {
      title: "weight_norm",
      layers: [
        { layer: "a", name: "watch/a/weight_norm" },
        { layer: "a.b", name: "watch/a.b/weight_norm" },
      ],
    },
  ]);
});

test("they stand neither among the curves nor in tables", () => {
  expect(groups(metrics).map(({ title }) => title)).toEqual(["loss"]);
  expect(mainMetrics(metrics)).toEqual(["loss"]);
});
