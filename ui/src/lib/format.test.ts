import { describe, expect, test } from "vitest";

import { aligned, bytes, decimalsOf, duration, exact, number, relative, setting } from "./format";

describe("number", () => {
  test.each([
    [0, "0"],
    [0.98214, "0.9821"],
    [12.3456, "12.35"],
    [1204, "1,204"],
    [123456.7, "123,500"],
    [0.000032, "3.2e−5"],
    [0.0009999999, "0.001"],
    [-0.5, "−0.5"],
    [NaN, "NaN"],
    [Infinity, "∞"],
    [-Infinity, "−∞"],
  ])("%f reads %s", (value, text) => expect(number(value)).toBe(text));

  test("nothing reads as nothing", () => expect(number(null)).toBe(""));
});

describe("a column of numbers", () => {
  test("has the decimals that its smaller half needs", () => {
    expect(decimalsOf([0.1583, 1.395])).toBe(4);
    expect(decimalsOf([0.001, 0.001])).toBe(3);
    expect(decimalsOf([3, 40])).toBe(0);
    expect(decimalsOf([])).toBe(0);
  });

  test("stands in line", () => {
    expect(aligned(1.5, 3)).toBe("1.500");
    expect(aligned(-0.25, 2)).toBe("−0.25");
  });

  test("keeps at least two digits of what is small beside the others", () => {
    expect([aligned(1.23e-7, 4), aligned(0.000159, 4), aligned(0.0159, 4)]).toEqual(["1.23e−7", "1.59e−4", "0.0159"]);
    expect([aligned(0, 4), aligned(5, 0), aligned(0.001, 3)]).toEqual(["0.0000", "5", "0.001"]);
  });
});

test.each([
  [0.42, "0.4 s"],
  [12.4, "12 s"],
  [59.7, "1 m 00 s"],
  [185, "3 m 05 s"],
  [7620, "2 h 07 m"],
  [273600, "3 d 4 h"],
  [NaN, ""],
])("a duration of %f seconds reads %s", (seconds, text) => expect(duration(seconds)).toBe(text));

test("times are relative, and far ones dates", () => {
  const now = new Date("2026-11-21T14:00:00");
  const ago = (seconds: number) => relative(new Date(now.getTime() - seconds * 1000), now);
  expect([ago(-30), ago(10), ago(61), ago(7200), ago(100_000), ago(300_000)]).toEqual([
    "just now",
    "just now",
    "1 min ago",
    "2 h ago",
    "yesterday",
    "3 days ago",
  ]);
  expect(relative(new Date("2026-03-12T10:00:00"), now)).toBe("12 Mar");
  expect(relative(new Date("2025-03-12T10:00:00"), now)).toBe("12 Mar 2025");
  expect(exact(new Date("2026-03-02T04:05:06"))).toBe("2026-03-02 04:05:06");
});

test.each([
  [[64, 32], "64, 32"],
  [true, "true"],
  [1e-4, "1e−4"],
  [64, "64"],
  [1337, "1337"],
  [1e20, "1e20"],
  ["tanh", "tanh"],
  [null, ""],
  [{ a: 1 }, '{"a":1}'],
])("the param %j reads %s", (value, text) => expect(setting(value)).toBe(text));

test("bytes", () => expect([bytes(12), bytes(25_300), bytes(25.3e9)]).toEqual(["12 B", "25.3 kB", "25.3 GB"]));
