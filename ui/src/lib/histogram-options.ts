/** Histograms over steps as ECharts options: a heat map of bins over steps; of a single step, bars. */

import type { EChartsCoreOption } from "echarts/core";

import type { HistogramSeries } from "./api";
import { stroke } from "./colours";
import { number } from "./format";
import type { Ink } from "./plot";

const MOST_LABELS = 6;
export const HISTOGRAM_HEIGHT = 220;

/** How `series` is drawn; its name stands above, outside the canvas. */
export function histogramOptions(series: HistogramSeries, ink: Ink, dark: boolean): EChartsCoreOption {
  const bins = middles(series.edges.map(Number));
  const labels = bins.map((middle) => number(middle, 3));
  const single = series.steps.length === 1;
  const common = {
    animation: false,
    textStyle: { color: ink.text, fontFamily: "system-ui, sans-serif", fontSize: 11 },
    grid: { left: 8, right: 12, top: 8, bottom: 8, outerBounds: { left: 4, right: 4, top: 4, bottom: 4 } },
  };
  const tooltip = {
    renderMode: "richText", // HTML tooltips carry inline styles, which the content security policy refuses
    backgroundColor: ink.paper,
    borderColor: ink.hairline,
    textStyle: { color: ink.text, fontSize: 12 },
  };
  if (single) {
    return {
      ...common,
      tooltip,
      xAxis: category(labels, "", ink),
      yAxis: { ...category([], "", ink), type: "value", data: undefined, axisLabel: { show: false } },
      series: [
        {
          type: "bar",
          data: (series.shares[0] ?? []).map(Number),
          barCategoryGap: "0%",
          itemStyle: { color: stroke(0, dark).colour },
          tooltip: { formatter: ({ dataIndex }: { dataIndex: number }) => tell(series, 0, dataIndex) },
        },
      ],
    };
  }
  const cells = series.shares.flatMap((row, x) => row.map((share, y) => [x, y, Math.sqrt(Number(share))]));
  return {
    ...common,
    tooltip,
    xAxis: category(
      series.steps.map((step, at) => String(step ?? at + 1)),
      "step",
      ink,
    ),
    yAxis: category(labels, "", ink),
    visualMap: {
      show: false,
      min: 0,
      max: Math.max(...cells.map(([, , size]) => size ?? 0), 1e-6),
      dimension: 2,
      inRange: {
        color: dark ? ["#131416", "#16334b", "#3b9be0", "#a9d8fb"] : ["#ffffff", "#d5e8f5", "#4a9bd1", "#00497c"],
      },
    },
    series: [
      {
        type: "heatmap",
        data: cells,
        progressive: 0,
        tooltip: {
          formatter: ({ value }: { value: number[] }) => tell(series, value[0] ?? 0, value[1] ?? 0),
        },
      },
    ],
  };
}

/** The middle of each bin. */
export const middles = (edges: readonly number[]): number[] =>
  edges.slice(1).map((edge, at) => ((edges[at] ?? edge) + edge) / 2);

/** What a screen reader hears: the name, the steps, and between which values the numbers lie. */
export function spoken(series: HistogramSeries): string {
  const [low, high] = [series.edges[0], series.edges.at(-1)].map(Number);
  const steps = series.steps.filter((step) => step !== null);
  const during = steps.length > 1 ? ` over steps ${steps[0]} to ${steps.at(-1)}` : "";
  const other = series.other.at(-1) ? `; ${series.other.at(-1)} of the last were not finite` : "";
  return `${series.name}: from ${number(low)} to ${number(high)}${during}${other}`;
}

function tell(series: HistogramSeries, x: number, y: number): string {
  const [from, to] = [series.edges[y], series.edges[y + 1]].map(Number);
  const step = series.steps[x] ?? null;
  const share = Number(series.shares[x]?.[y] ?? 0);
  const where = `${number(from, 3)} to ${number(to, 3)}: ${(share * 100).toFixed(1)} %`;
  return step === null ? where : `step ${step}, ${where}`;
}

function category(data: readonly string[], name: string, ink: Ink): Record<string, unknown> {
  return {
    type: "category",
    data: [...data],
    name,
    nameLocation: "middle",
    nameTextStyle: { color: ink.muted },
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: { color: ink.muted, hideOverlap: true, interval: Math.max(0, Math.ceil(data.length / MOST_LABELS) - 1) },
  };
}
