/** What a run came to, as a small table: a metric a row, a phase a column. */

import type { Run } from "./api";
import { groups, phaseRank, splitPhase } from "./groups";
import { own } from "./own";
import type { Series } from "./series";

export type SummaryTable = { phases: string[]; rows: { metric: string; values: (number | null)[] }[] };

/** The summary's value of each metric, or else its last one; while a run is watched, the last is that of the curve. */
export function summaryRows(
  run: Pick<Run, "metrics" | "summary">,
  series: ReadonlyMap<string, Pick<Series, "values">>,
): SummaryTable {
  const last = new Map(run.metrics.map(({ name, last }) => [name, Number(last)]));
  for (const [name, { values }] of series) last.set(name, values.at(-1) ?? NaN);
  const said = (name: string): number | null => {
    const value = own(run.summary, name);
    return value === null || value === undefined || value === "" ? (last.get(name) ?? null) : Number(value);
  };
  const found = groups(run.metrics);
  const phases = [...new Set(found.flatMap(({ names }) => names.map((name) => splitPhase(name)[0])))];
  phases.sort((a, b) => phaseRank(a) - phaseRank(b));
  const rows = found.map(({ title, names }) => ({
    metric: title,
    values: phases.map((phase) => {
      const name = names.find((each) => splitPhase(each)[0] === phase);
      return name === undefined ? null : said(name);
    }),
  }));
  return { phases, rows };
}
