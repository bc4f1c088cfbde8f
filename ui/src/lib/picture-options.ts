/** Pictures of glia.pictures as ECharts options: plain values in, plain values out. */

import type { EChartsCoreOption } from "echarts/core";

import type { Picture } from "./api";
import { mixed, stroke } from "./colours";
import { number } from "./format";
import type { Ink } from "./plot";

type Row = readonly (number | string)[]; // NaN and infinities travel as text
type Of<Kind> = Extract<Picture, { kind: Kind }>;
export type Drawn = Exclude<Picture, Of<"images">>;

const GRID = { left: 8, right: 16, top: 12, bottom: 8, outerBounds: { left: 4, right: 8, top: 4, bottom: 4 } };
const SHORT_LABELS = 8;
const MOST_CELLS_WITH_TEXT = 26;
const MOST_COLUMNS_WITH_FRACTIONS = 6;
const MANY_NUMBERS = 400;
const MOST_LABELS = 26;
const [LETTER, ENTRY, NARROWEST] = [6, 30, 380]; // widths in a legend, pixels

/** How `picture` is drawn; the title stands above, outside the canvas. */
export function pictureOptions(picture: Drawn, ink: Ink, dark: boolean): EChartsCoreOption {
  const common = {
    animation: false,
    textStyle: { color: ink.text, fontFamily: "system-ui, sans-serif", fontSize: 11 },
    // HTML tooltips carry inline styles, which the content security policy refuses.
    tooltip: {
      renderMode: "richText",
      backgroundColor: ink.paper,
      borderColor: ink.hairline,
      textStyle: { color: ink.text, fontSize: 12 },
    },
  };
  switch (picture.kind) {
    case "matrix":
      return { ...common, ...matrix(picture, ink, dark) };
    case "points":
      return { ...common, ...points(picture, ink, dark) };
    case "regions":
      return { ...common, ...regions(picture, ink, dark) };
    case "bars":
      return { ...common, ...bars(picture, ink, dark) };
    case "curve":
      return { ...common, ...curve(picture, ink, dark) };
    case "graph":
      return { ...common, ...graph(picture, ink, dark) };
  }
}

/** Each cell's share of its row: of the samples that are this, how many were called that. */
export function rowShares(values: readonly Row[]): number[][] {
  return values.map(numbers).map((row) => {
    const sum = row.filter(Number.isFinite).reduce((before, value) => before + Math.abs(value), 0);
    return row.map((value) => (sum === 0 ? 0 : value / sum));
  });
}

/** The height a picture wants, at a width. */
export function pictureHeight(picture: Drawn, width: number): number {
  if (picture.kind === "matrix") return Math.min(width, 64 + Math.max(160, picture.rows.length * 28));
  return picture.kind === "points" || picture.kind === "regions" ? Math.min(width, 360) : 260;
}

/** Where each value lies between the least (0) and the greatest (1) of all. */
function placesBetweenEnds(values: readonly Row[]): number[][] {
  const all = values.flatMap((row) => numbers(row)).filter(Number.isFinite);
  const least = Math.min(...all);
  const span = Math.max(...all) - least || 1;
  return values.map((row) => numbers(row).map((value) => (value - least) / span));
}

function matrix(picture: Of<"matrix">, ink: Ink, dark: boolean): EChartsCoreOption {
  const counts = picture.counts !== false;
  const shares = counts ? rowShares(picture.values) : placesBetweenEnds(picture.values);
  const cells = picture.values.flatMap((row, y) => numbers(row).map((value, x) => [x, y, shares[y]?.[x] ?? 0, value]));
  const label = (cell: { value: number[] }): string =>
    counts && cell.value[3] === 0 ? "" : number(cell.value[3] ?? NaN, 3);
  const most = counts ? MOST_CELLS_WITH_TEXT : MOST_COLUMNS_WITH_FRACTIONS;
  const small = counts ? Math.max(picture.rows.length, picture.columns.length) <= most : picture.columns.length <= most;
  const tell = ({ value }: { value: number[] }): string =>
    `${picture.y} ${picture.rows[value[1] ?? 0]}, ${picture.x} ${picture.columns[value[0] ?? 0]}: ` +
    `${number(value[3] ?? NaN)}` +
    (counts ? ` (${((value[2] ?? 0) * 100).toFixed(1)} % of the row)` : "");
  const inverted = { color: dark ? "#0c1116" : "#ffffff" };
  return {
    grid: { left: 8, right: 8, top: 8, bottom: 8, outerBounds: { left: 4, right: 4, top: 4, bottom: 4 } },
    xAxis: { ...names(picture.columns, picture.x, ink), splitLine: { show: false } },
    yAxis: { ...names(picture.rows, picture.y, ink, false), inverse: true, nameGap: 8 },
    visualMap: {
      show: false,
      min: 0,
      max: 1,
      dimension: 2,
      inRange: {
        color: dark ? ["#131416", "#16334b", "#3b9be0", "#a9d8fb"] : ["#ffffff", "#d5e8f5", "#4a9bd1", "#00497c"],
      },
    },
    series: [
      {
        type: "heatmap",
        data: cells.map((value) => ({ value, ...((value[2] ?? 0) > 0.45 ? { label: inverted } : {}) })),
        label: { show: small, formatter: label, color: ink.text, fontSize: 11 },
        itemStyle: { borderColor: ink.hairline, borderWidth: 0.5 },
        emphasis: { itemStyle: { borderColor: ink.text, borderWidth: 1 } },
        tooltip: { formatter: tell },
      },
    ],
  };
}

function points(picture: Of<"points">, ink: Ink, dark: boolean): EChartsCoreOption {
  const all = picture.groups.flatMap(([, xs, ys]) => numbers([...xs, ...ys])).filter(Number.isFinite);
  const { columns } = picture;
  const place = (x: number): string => (columns.length > 0 ? (columns[x] ?? "") : number(x));
  const ends = [Math.min(...all), Math.max(...all)];
  const diagonal = {
    type: "line",
    silent: true,
    symbol: "none",
    lineStyle: { color: ink.muted, type: "dashed", width: 1 },
    data: ends.map((end) => [end, end]),
  };
  const clouds = picture.groups.map(([name, xs, ys], index) => ({
    type: "scatter",
    name,
    data: pairs(xs, ys),
    symbolSize: all.length < MANY_NUMBERS ? 7 : 4,
    itemStyle: { color: stroke(index, dark).colour, opacity: all.length < MANY_NUMBERS ? 0.75 : 0.5 },
    tooltip: {
      formatter: ({ value }: { value: number[] }) =>
        `${picture.x} ${place(value[0] ?? NaN)}, ${picture.y} ${number(value[1])}`,
    },
  }));
  return {
    ...frame(picture.x, picture.y, ink),
    ...(columns.length > 0 ? { xAxis: names(columns, picture.x, ink) } : {}),
    ...legend(
      picture.groups.map(([name]) => name),
      ink,
    ),
    series: picture.diagonal && all.length > 0 ? [...clouds, diagonal] : clouds,
  };
}

/** The ends of an axis whose cells have these middles. */
export function ends(middles: readonly number[]): { min: number; max: number } {
  const [first, last] = [middles[0] ?? 0, middles.at(-1) ?? 1];
  const half = middles.length > 1 ? (last - first) / (middles.length - 1) / 2 : 0.5;
  return { min: first - half, max: last + half };
}

function regions(picture: Of<"regions">, ink: Ink, dark: boolean): EChartsCoreOption {
  const colours = picture.classes.map((_, index) => stroke(index, dark).colour);
  const { xAxis, yAxis, ...rest } = frame(picture.x, picture.y, ink);
  const [xs, ys] = [numbers(picture.xs), numbers(picture.ys)];
  // A map of cells wants categories for axes; hidden, they lie below those of the samples and have the same ends.
  const cellsOf = (middles: number[]) => ({ type: "category", show: false, data: middles.map(String) });
  const clouds = picture.groups.map(([name, xs, ys], index) => ({
    type: "scatter",
    name,
    data: pairs(xs, ys),
    symbolSize: 6,
    itemStyle: { color: colours[index], borderColor: ink.paper, borderWidth: 0.5 },
    tooltip: {
      formatter: ({ value }: { value: number[] }) =>
        `${name}: ${picture.x} ${number(value[0])}, ${picture.y} ${number(value[1])}`,
    },
  }));
  return {
    ...rest,
    ...legend(
      picture.groups.map(([name]) => name),
      ink,
    ),
    xAxis: [{ ...(xAxis as object), ...ends(xs), splitLine: { show: false } }, cellsOf(xs)],
    yAxis: [{ ...(yAxis as object), ...ends(ys), splitLine: { show: false } }, cellsOf(ys)],
    visualMap: {
      type: "piecewise",
      show: false,
      seriesIndex: 0,
      dimension: 2,
      // Cells overlap a little, which would show through any that are not opaque.
      pieces: colours.map((colour, value) => ({ value, color: mixed(colour, dark ? "#131416" : "#ffffff", 0.3) })),
    },
    series: [
      {
        type: "heatmap",
        xAxisIndex: 1,
        yAxisIndex: 1,
        silent: true,
        data: picture.cells.flatMap((row, y) => row.map((value, x) => [x, y, value])),
      },
      ...clouds,
    ],
  };
}

function bars(picture: Of<"bars">, ink: Ink, dark: boolean): EChartsCoreOption {
  const { colour } = stroke(0, dark);
  const whisker = {
    silent: true,
    symbol: "none",
    label: { show: false },
    lineStyle: { color: ink.text, type: "solid", width: 1 },
  };
  const intervals = picture.intervals.map(numbers);
  const whiskers = intervals.map(([low, high], index) => [{ coord: [index, low] }, { coord: [index, high] }]);
  const { xAxis: _, yAxis, ...rest } = frame(picture.x, picture.y, ink);
  // A whisker outside the axis would not be drawn at all.
  const reach =
    intervals.length === 0
      ? {}
      : {
          min: ({ min }: { min: number }) => Math.min(0, min, ...intervals.map(([low]) => low ?? 0)),
          max: ({ max }: { max: number }) => Math.max(max, ...intervals.map(([, high]) => high ?? 0)),
        };
  return {
    ...rest,
    xAxis: names(picture.labels, picture.x, ink),
    yAxis: { ...(yAxis as object), scale: false, ...reach }, // a bar is as long as its number
    series: [
      {
        type: "bar",
        data: numbers(picture.values),
        barCategoryGap: picture.labels.length > 12 ? "5%" : "35%",
        itemStyle: { color: colour },
        tooltip: { formatter: ({ name, value }: { name: string; value: number }) => `${name}: ${number(value)}` },
        ...(whiskers.length > 0 ? { markLine: { ...whisker, data: whiskers } } : {}),
      },
    ],
  };
}

function curve(picture: Of<"curve">, ink: Ink, dark: boolean): EChartsCoreOption {
  const { dots, bands } = picture;
  const lines = picture.lines.map(([name, xs, ys], index) => ({
    type: "line",
    name,
    data: pairs(xs, ys),
    showSymbol: xs.length < 40,
    symbolSize: 4,
    lineStyle: { width: 1.5, color: stroke(index, dark).colour },
    itemStyle: { color: stroke(index, dark).colour },
  }));
  return {
    ...frame(picture.x, picture.y, ink),
    tooltip: { renderMode: "richText", trigger: "axis", valueFormatter: (value: number) => number(value) },
    ...legend(
      [...picture.lines, ...dots, ...bands].map(([name]) => name),
      ink,
    ),
    series: [
      ...bands.map((band, index) => area(band, stroke(picture.lines.length + dots.length + index, dark).colour)),
      ...dots.map(([name, xs, ys], index) => ({
        type: "scatter",
        name,
        data: pairs(xs, ys),
        symbolSize: xs.length < MANY_NUMBERS ? 5 : 3,
        itemStyle: { color: stroke(picture.lines.length + index, dark).colour, opacity: 0.6 },
      })),
      ...lines,
    ],
  };
}

/** Between its lows and its highs: the way there along the one and back along the other, filled. */
function area([name, xs, lows, highs]: readonly [string, Row, Row, Row], colour: string): object {
  const there = pairs(xs, lows);
  const back = pairs(xs, highs).toReversed();
  const outline = [...there, ...back];
  return {
    type: "custom",
    name,
    data: outline,
    itemStyle: { color: colour, opacity: 0.35 },
    renderItem: (
      params: { dataIndexInside: number },
      draw: { coord(point: number[]): number[]; style(): object },
    ): object | undefined =>
      params.dataIndexInside > 0
        ? undefined
        : { type: "polygon", shape: { points: outline.map((point) => draw.coord(point)) }, style: draw.style() },
    tooltip: { show: false },
    silent: true,
  };
}

function graph(picture: Of<"graph">, ink: Ink, dark: boolean): EChartsCoreOption {
  return {
    series: [
      {
        type: "graph",
        layout: "circular",
        roam: false,
        edgeSymbol: ["none", "arrow"],
        edgeSymbolSize: 6,
        label: { show: true, position: "right", color: ink.text },
        itemStyle: { color: stroke(0, dark).colour },
        lineStyle: { color: ink.muted },
        data: picture.nodes.map((name, id) => ({ id: String(id), name })),
        links: picture.edges.map(([source, target]) => ({ source: String(source), target: String(target) })),
      },
    ],
  };
}

const numbers = (row: Row): number[] => row.map(Number);

const pairs = (xs: Row, ys: Row): number[][] => numbers(xs).map((x, at) => [x, Number(ys[at])]);

function names(labels: readonly string[], name: string, ink: Ink, across = true): object {
  const long = labels.some((label) => label.length > SHORT_LABELS) || labels.length > 16;
  return {
    type: "category",
    data: [...labels],
    name,
    nameLocation: "middle",
    nameTextStyle: { color: ink.muted },
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: {
      color: ink.muted,
      hideOverlap: true,
      rotate: across && long ? 40 : 0,
      interval: Math.ceil(labels.length / MOST_LABELS) - 1,
      width: 96,
      overflow: "truncate",
    },
  };
}

function frame(x: string, y: string, ink: Ink): EChartsCoreOption {
  const axis = (name: string) => ({
    type: "value",
    scale: true,
    name,
    nameLocation: "middle",
    nameTextStyle: { color: ink.muted },
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: ink.muted, formatter: (value: number) => number(value) },
    splitLine: { lineStyle: { color: ink.hairline } },
  });
  return {
    grid: GRID,
    xAxis: axis(x),
    yAxis: axis(y),
  };
}

// Named one by one, so that a diagonal has no entry.
function legend(data: string[], ink: Ink): EChartsCoreOption {
  if (data.length < 2) return {};
  const look = { top: 0, right: 0, itemWidth: 12, itemHeight: 4, icon: "rect", textStyle: { color: ink.text } };
  const width = data.reduce((sum, name) => sum + LETTER * name.length + ENTRY, 0);
  const lines = Math.ceil(width / NARROWEST);
  return { legend: { data, ...look }, grid: { ...GRID, top: 12 + 16 * lines } };
}
