/** The columns of the table of runs that the reader can choose: metrics and params. */

import type { RunList, RunRow } from "./api";
import { aligned, decimalsOf, setting } from "./format";
import { mainMetrics } from "./groups";
import { own } from "./own";

export type Column = {
  name: string; // as the server sorts by it
  above: string; // "validation", "train": the first part of a name, in small print
  title: string;
  isNumber: boolean; // stands at the right
  direction: string;
  cells: Cell[]; // one a run
};

export type Cell = { text: string; best: boolean };

/** The names of the columns shown when none were chosen. */
export const defaultColumns = (list: RunList): string[] => mainMetrics(list.metrics);

/** The columns named, filled for the runs of this page. Names that no run has any more stay, empty. */
export function columnsOf(list: RunList, names: readonly string[]): Column[] {
  const directions = new Map(list.metrics.map(({ name, direction }) => [name, direction as string]));
  return names.map((name) => {
    const isMetric = directions.has(name) || !list.params.includes(name);
    const direction = directions.get(name) ?? "";
    const cells = isMetric ? metricCells(list.runs, valuesOf(list.runs, name), direction) : paramCells(list.runs, name);
    const isNumber = isMetric || list.runs.every(({ params }) => typeof (own(params, name) ?? 0) === "number");
    return { name, ...divided(name), isNumber, direction, cells };
  });
}

/** "validation/accuracy" → above "validation", title "accuracy"; "train.epochs" likewise. */
export function divided(name: string): { above: string; title: string } {
  const end = Math.max(name.lastIndexOf("/"), name.lastIndexOf("."));
  return { above: name.slice(0, Math.max(end, 0)), title: name.slice(end + 1) };
}

/** Where the best of `values` stand, if the metric has a direction and there is something to compare. */
export function bestOf(values: readonly (number | null)[], direction: string): boolean[] {
  const known = values.filter((value): value is number => value !== null && Number.isFinite(value));
  if (direction === "" || known.length < 2) return values.map(() => false);
  const best = direction === "higher" ? Math.max(...known) : Math.min(...known);
  return known.every((value) => value === best) ? values.map(() => false) : values.map((value) => value === best);
}

/** A metric's values as text, aligned; the best is marked, which can be said only of runs on the same data. */
export function metricCells(runs: readonly RunRow[], values: readonly (number | null)[], direction: string): Cell[] {
  const decimals = decimalsOf(values.filter((value) => value !== null));
  const data = new Set(runs.filter((_, at) => values[at] !== null).map(({ params }) => setting(params["data.name"])));
  const best = bestOf(values, data.size === 1 ? direction : "");
  return values.map((value, at) => ({ text: value === null ? "" : aligned(value, decimals), best: best[at] ?? false }));
}

function valuesOf(runs: readonly RunRow[], name: string): (number | null)[] {
  return runs.map(({ values }) => {
    const value = own(values, name);
    return value === undefined ? null : Number(value);
  });
}

const paramCells = (runs: readonly RunRow[], name: string): Cell[] =>
  runs.map(({ params }) => ({ text: setting(own(params, name)), best: false }));
