/** The points of metrics, as they come from the server and grow while a run is watched. */

import type { Addition, Series as Sent } from "./api";

export type Series = {
  name: string;
  direction: string;
  points: number; // recorded, which may be more than are here
  steps: number[];
  times: number[];
  values: number[];
};

/** Above this many points held, the page asks for a thinned series anew. */
export const MOST_POINTS = 8000;

export function received(sent: Sent): Series {
  return { ...sent, steps: [...sent.steps], times: [...sent.times], values: sent.values.map(Number) };
}

/**
 * The series with points added; the same object if they were all known; null if some are missing between, or belong
 * between others, so that the series must be asked for again.
 */
export function added(known: Series | undefined, more: Addition): Series | null {
  const before = known ?? { name: more.name, direction: more.direction, points: 0, steps: [], times: [], values: [] };
  if (more.start > before.points) return null;
  const repeated = before.points - more.start;
  if (repeated >= more.steps.length) return before;
  if ((more.steps[repeated] ?? 0) < (before.steps.at(-1) ?? -Infinity)) return null;
  return {
    ...before,
    points: more.start + more.steps.length,
    steps: before.steps.concat(more.steps.slice(repeated)),
    times: before.times.concat(more.times.slice(repeated)),
    values: before.values.concat(more.values.slice(repeated).map(Number)),
  };
}

export const tooLong = (series: Series): boolean => series.steps.length > MOST_POINTS;

/** The step at which an epoch ended, by the series `train/epoch`. */
export function stepOfEpoch(epochs: Series | undefined, epoch: number | undefined): number | null {
  if (epochs === undefined || epoch === undefined) return null;
  const index = epochs.values.indexOf(epoch);
  return index < 0 ? null : (epochs.steps[index] ?? null);
}

/** Whether the run has more points than are known here. */
export const behind = (
  known: ReadonlyMap<string, Series>,
  metrics: readonly { name: string; points: number }[],
): boolean => metrics.some(({ name, points }) => points > (known.get(name)?.points ?? 0));
