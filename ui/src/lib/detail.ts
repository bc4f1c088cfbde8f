/** A part of a long series looked at closely: which steps to ask for, and the answer among the points that were there. */

import type { Axis } from "./lines";
import type { Series } from "./series";

export type Range = { low: number; high: number };

/** Whether points were recorded that are not here. */
export const isThinned = (series: Series): boolean => series.points > series.steps.length;

/** The steps that a range of the x axis shows, and one point more on either side; `start` is second 0. */
export function stepsWithin(series: Series, axis: Axis, { low, high }: Range, start: number): [number, number] | null {
  const xs = axis === "step" ? series.steps : series.times.map((time) => time - start);
  const last = series.steps.length - 1;
  const inside = xs.flatMap((x, at) => (x >= low && x <= high ? [at] : []));
  const after = xs.findIndex((x) => x > high);
  const [from, to] = [inside[0] ?? after, inside.at(-1) ?? after - 1];
  if (last < 0 || (inside.length === 0 && after <= 0)) return null;
  return [series.steps[Math.max(0, from - 1)] ?? 0, series.steps[Math.min(last, to + 1)] ?? 0];
}

/** The series with the points of `detail` in place of those between its ends. */
export function spliced(series: Series, detail: Series | undefined): Series {
  const [first, last] = [detail?.steps[0], detail?.steps.at(-1)];
  // Fewer points than were known then: some were declared void, perhaps these.
  if (!detail || first === undefined || last === undefined || detail.points > series.points) return series;
  const before = series.steps.findIndex((step) => step >= first);
  const after = series.steps.findIndex((step) => step > last);
  const head = before < 0 ? series.steps.length : before;
  const tail = after < 0 ? series.steps.length : after;
  const joined = (column: "steps" | "times" | "values"): number[] => [
    ...series[column].slice(0, head),
    ...detail[column],
    ...series[column].slice(tail),
  ];
  return { ...series, steps: joined("steps"), times: joined("times"), values: joined("values") };
}
