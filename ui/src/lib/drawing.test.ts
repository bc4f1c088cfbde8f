import { describe, expect, test } from "vitest";

import { mixed, stroke } from "./colours";
import { pictureHeight, pictureOptions, rowShares, type Drawn } from "./picture-options";
import { tickText } from "./plot";

const ink = { text: "#111", muted: "#666", hairline: "#ddd", paper: "#fff" };
const bare = { bands: [], dots: [] };
const titles = { title: "t", x: "predicted", y: "true" };

type Options = { series: Record<string, unknown>[]; legend?: { data: string[] } };
const options = (picture: Drawn) => pictureOptions(picture, ink, false) as unknown as Options;

describe("pictures", () => {
  test("a matrix is coloured by the share of its row and labelled with its number", () => {
    const picture = {
      kind: "matrix",
      ...titles,
      columns: ["a", "b"],
      rows: ["a", "b"],
      values: [
        [3, 1],
        [0, 0],
      ],
      counts: true,
    } as const;
    expect(rowShares(picture.values)).toEqual([
      [0.75, 0.25],
      [0, 0],
    ]);
    const data = options(picture).series[0]?.["data"] as { value: number[] }[];
    expect(data.map(({ value }) => value)).toEqual([
      [0, 0, 0.75, 3],
      [1, 0, 0.25, 1],
      [0, 1, 0, 0],
      [1, 1, 0, 0],
    ]);
    expect(pictureHeight(picture, 1000)).toBe(224);
  });

  test("a matrix that counts nothing is coloured between its least and its greatest number", () => {
    const values = [
      [0.2, 0.4],
      [0.6, 1],
    ];
    const picture = {
      kind: "matrix",
      ...titles,
      columns: ["a", "b"],
      rows: ["a", "b"],
      values,
      counts: false,
    } as const;
    const data = options(picture).series[0]?.["data"] as { value: number[] }[];
    const places = data.map(({ value }) => value[2] ?? NaN);
    [0, 0.25, 0.5, 1].forEach((place, index) => expect(places[index]).toBeCloseTo(place));
  });

  test("points have a diagonal from the least to the greatest, without an entry in the legend", () => {
    const groups: [string, number[], number[]][] = [
      ["a", [1, 5], [2, 4]],
      ["b", [3], [9]],
    ];
    const drawn = options({ kind: "points", ...titles, groups, diagonal: true, columns: [] });
    expect(drawn.series.at(-1)?.["data"]).toEqual([
      [1, 1],
      [9, 9],
    ]);
    expect(drawn.legend?.data).toEqual(["a", "b"]);
  });

  test("points in columns have a name at each and no number between, one that is empty among them", () => {
    const groups: [string, number[], number[]][] = [["trials", [0, 2], [0.5, 0.25]]];
    const columns = ["relu", "swish", "tanh"];
    const drawn = options({ kind: "points", ...titles, groups, diagonal: false, columns });
    expect(drawn).toMatchObject({
      xAxis: { type: "category", data: columns, name: "predicted" },
      yAxis: { type: "value" },
    });
    const cloud = drawn.series[0] as unknown as {
      data: number[][];
      tooltip: { formatter: (at: object) => string };
    };
    expect(cloud.data).toEqual([
      [0, 0.5],
      [2, 0.25],
    ]);
    expect(cloud.tooltip.formatter({ value: [2, 0.25] })).toBe("predicted tanh, true 0.25");
    const plain = options({ kind: "points", ...titles, groups, diagonal: false, columns: [] });
    expect(plain).toMatchObject({ xAxis: { type: "value" } });
    expect((plain.series[0] as unknown as typeof cloud).tooltip.formatter({ value: [2, 0.25] })).toBe(
      "predicted 2, true 0.25",
    );
  });

  test("regions fill the plane that the samples lie on, each class in one colour", () => {
    const groups: [string, number[], number[]][] = [
      ["a", [0.7], [2]],
      ["b", [1.6], [1.1]],
    ];
    const cells = [
      [0, 1],
      [0, 0],
    ];
    const picture = {
      kind: "regions",
      ...titles,
      classes: ["a", "b"],
      xs: [0.5, 1.5],
      ys: [1, 3],
      cells,
      groups,
    } as const;
    const drawn = options(picture) as unknown as Options & {
      xAxis: Record<string, unknown>[];
      yAxis: Record<string, unknown>[];
      visualMap: { pieces: { value: number; color: string }[] };
    };
    expect(drawn.xAxis[0]).toMatchObject({ min: 0, max: 2 });
    expect(drawn.yAxis[0]).toMatchObject({ min: 0, max: 4 });
    expect(drawn.series[0]?.["data"]).toEqual([
      [0, 0, 0],
      [1, 0, 1],
      [0, 1, 0],
      [1, 1, 0],
    ]);
    const colours = drawn.series.slice(1).map((cloud) => (cloud["itemStyle"] as { color: string }).color);
    expect(drawn.visualMap.pieces.map(({ color }) => color)).toEqual(
      colours.map((each) => mixed(each, "#ffffff", 0.3)),
    );
    expect(pictureHeight(picture, 300)).toBe(300);
  });

  test("the axis of bars reaches to the ends of their intervals", () => {
    const intervals: [number, number][] = [[-1, 8]];
    const drawn = options({ kind: "bars", ...titles, labels: ["a"], values: [3], intervals });
    const { min, max } = (drawn as unknown as { yAxis: Record<string, (range: object) => number> }).yAxis;
    expect([min?.({ min: 0, max: 3 }), max?.({ min: 0, max: 3 })]).toEqual([-1, 8]);
  });

  test("curves and graphs", () => {
    expect(options({ kind: "curve", ...titles, ...bare, lines: [["a", [1, 2], [3, 4]]] }).series[0]).toMatchObject({
      type: "line",
      data: [
        [1, 3],
        [2, 4],
      ],
    });
    expect(options({ kind: "graph", title: "t", nodes: ["a", "b"], edges: [[0, 1]] }).series[0]).toMatchObject({
      links: [{ source: "0", target: "1" }],
    });
  });

  test("a band lies behind dots and lines, each of a colour of its own, and is outlined once", () => {
    const picture = {
      kind: "curve",
      ...titles,
      lines: [["best", [0, 9], [1, 3]]],
      dots: [["trial", [0, 9], [1, 2]]],
      bands: [["again", [4, 9], [2, 2], [3, 3]]],
    } satisfies Drawn;
    const { series, legend } = options(picture);
    expect(series.map(({ type, name }) => [type, name])).toEqual([
      ["custom", "again"],
      ["scatter", "trial"],
      ["line", "best"],
    ]);
    expect(legend?.data).toEqual(["best", "trial", "again"]);
    expect(new Set(series.map(({ itemStyle }) => (itemStyle as { color: string }).color)).size).toBe(3);
    const item = series[0]?.["renderItem"] as (
      at: object,
      draw: object,
    ) => { shape: { points: number[][] } } | undefined;
    const draw = { coord: (point: number[]) => point, style: () => ({}) };
    expect(item({ dataIndexInside: 0 }, draw)?.shape.points).toEqual([
      [4, 2],
      [9, 2],
      [9, 3],
      [4, 3],
    ]);
    expect(item({ dataIndexInside: 1 }, draw)).toBeUndefined();
  });

  test("no picture brings HTML tooltips: their styles would break the content security policy", () => {
    expect(options({ kind: "curve", ...titles, ...bare, lines: [] })).toMatchObject({
      tooltip: { renderMode: "richText" },
    });
  });
});

test("a colour laid thinly over another", () => {
  expect(mixed("#ff0080", "#ffffff", 0.5)).toBe("#ff80c0");
  expect(mixed("#0072b2", "#000000", 0)).toBe("#000000");
});

test("strokes: eight colours, then the same dashed", () => {
  expect(stroke(0, false)).toEqual({ colour: "#0072b2", dash: [] });
  expect(stroke(8, false)).toEqual({ colour: "#0072b2", dash: [6, 3] });
  expect(stroke(0, true).colour).not.toBe(stroke(0, false).colour);
});

test.each([
  [200, "step", "200"],
  [12_000, "step", "12k"],
  [0.5, "step", ""],
  [2.5, "time", "2.5s"],
  [100, "time", "1:40"],
  [7380, "time", "2h03"],
] as const)("the tick %f %s reads %s", (value, axis, text) => expect(tickText(value, axis)).toBe(text));
