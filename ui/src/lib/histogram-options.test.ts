import { expect, test } from "vitest";

import type { HistogramSeries } from "./api";
import { histogramOptions, middles, spoken } from "./histogram-options";

const ink = { text: "#111", muted: "#666", hairline: "#ddd", paper: "#fff" };
const series: HistogramSeries = {
  name: "weights",
  steps: [1, 10],
  edges: [0, 1, 2],
  shares: [
    [0.25, 0.75],
    [1, 0],
  ],
  counts: [4, 4],
  other: [0, 1],
};

type Drawn = { series: { type: string; data: unknown[]; tooltip: { formatter: (at: object) => string } }[] };
const drawn = (given: HistogramSeries) => histogramOptions(given, ink, false) as unknown as Drawn;

test("several steps are a heat map, one step is bars", () => {
  expect(drawn(series).series[0]).toMatchObject({
    type: "heatmap",
    data: [
      [0, 0, 0.5],
      [0, 1, Math.sqrt(0.75)],
      [1, 0, 1],
      [1, 1, 0],
    ],
  });
  const single = { ...series, steps: [null], shares: [[0.25, 0.75]], counts: [4], other: [0] };
  expect(drawn(single).series[0]).toMatchObject({ type: "bar", data: [0.25, 0.75] });
  expect(drawn(single).series[0]?.tooltip.formatter({ dataIndex: 1 })).toBe("1 to 2: 75.0 %");
});

test("a cell tells its step, its bin and its share", () => {
  expect(drawn(series).series[0]?.tooltip.formatter({ value: [0, 1, 0.9] })).toBe("step 1, 1 to 2: 75.0 %");
  expect(middles([0, 1, 3])).toEqual([0.5, 2]);
});

test("what a screen reader hears", () => {
  expect(spoken(series)).toBe("weights: from 0 to 2 over steps 1 to 10; 1 of the last were not finite");
});
