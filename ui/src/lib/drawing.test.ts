import { describe, expect, test } from "vitest";

import { stroke } from "./colours";
import { pictureHeight, pictureOptions, rowShares, type Drawn } from "./picture-options";
import { tickText } from "./plot";

const ink = { text: "#111", muted: "#666", hairline: "#ddd", paper: "#fff" };
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

  test("points have a diagonal from the least to the greatest, without an entry in the legend", () => {
    const groups: [string, number[], number[]][] = [
      ["a", [1, 5], [2, 4]],
      ["b", [3], [9]],
    ];
    const drawn = options({ kind: "points", ...titles, groups, diagonal: true });
    expect(drawn.series.at(-1)?.["data"]).toEqual([
      [1, 1],
      [9, 9],
    ]);
    expect(drawn.legend?.data).toEqual(["a", "b"]);
  });

  test("the axis of bars reaches to the ends of their intervals", () => {
    const intervals: [number, number][] = [[-1, 8]];
    const drawn = options({ kind: "bars", ...titles, labels: ["a"], values: [3], intervals });
    const { min, max } = (drawn as unknown as { yAxis: Record<string, (range: object) => number> }).yAxis;
    expect([min?.({ min: 0, max: 3 }), max?.({ min: 0, max: 3 })]).toEqual([-1, 8]);
  });

  test("curves and graphs", () => {
    expect(options({ kind: "curve", ...titles, lines: [["a", [1, 2], [3, 4]]] }).series[0]).toMatchObject({
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

  test("no picture brings HTML tooltips: their styles would break the content security policy", () => {
    expect(options({ kind: "curve", ...titles, lines: [] })).toMatchObject({ tooltip: { renderMode: "richText" } });
  });
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
