import { expect, test } from "vitest";

import { machinePlots } from "./machine";

const series = (name: string, value = 1) => ({
  name: `machine/${name}`,
  direction: "",
  points: 1,
  steps: [1],
  times: [1],
  values: [value],
});

test("figures that belong together share a plot, in units that are read", () => {
  const plots = machinePlots([
    series("cpu_percent", 50),
    series("process_cpu_percent", 180),
    series("process_memory_bytes", 2e9),
    series("gpu1_percent", 90),
    series("gpu0_percent", 80),
    series("gpu0_memory_bytes", 40e9),
  ]);
  expect(plots.map(({ title, lines }) => [title, lines.map(({ label, series }) => [label, series.values[0]])])).toEqual(
    [
      [
        "GPU, %",
        [
          ["GPU 1", 90],
          ["GPU 0", 80],
        ],
      ],
      ["GPU memory, GB", [["GPU 0", 40]]],
      [
        "processor, %",
        [
          ["machine", 50],
          ["run, of a core", 180],
        ],
      ],
      ["memory of this run, GB", [["this run", 2]]],
    ],
  );
});

test("a figure that is not known here stands alone", () => {
  expect(machinePlots([series("fan_speed")]).map(({ title }) => title)).toEqual(["fan speed"]);
  expect(machinePlots([])).toEqual([]);
});
