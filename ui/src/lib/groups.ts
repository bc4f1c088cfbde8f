/** Which metrics share a plot: one metric over its phases, losses first, what merely accompanies training last. */

import { isWatched } from "./watched";

const PHASES = ["validation", "train", "test"];
const HIDDEN = ["train/epoch"]; // a count of epochs, told in the readout

const isHidden = (name: string): boolean => HIDDEN.includes(name) || isWatched(name);

export type Group = { title: string; names: string[]; judged: boolean };

/** "validation/accuracy" → ["validation", "accuracy"]; a name without a phase has an empty one. */
export function splitPhase(name: string): [phase: string, metric: string] {
  const slash = name.indexOf("/");
  const phase = name.slice(0, Math.max(slash, 0));
  return PHASES.includes(phase) ? [phase, name.slice(slash + 1)] : ["", name];
}

/** The place of a phase among the lines of a plot, which also gives it its colour. */
export const phaseRank = (phase: string): number => Math.max(0, PHASES.indexOf(phase));

/** Metrics with a direction before those without, of equals the loss first, then as recorded. */
export function groups(metrics: readonly { name: string; direction: string }[]): Group[] {
  const found = new Map<string, { names: string[]; judged: boolean }>();
  for (const { name, direction } of metrics) {
    if (isHidden(name)) continue;
    const [, metric] = splitPhase(name);
    const group = found.get(metric) ?? { names: [], judged: false };
    group.names.push(name);
    group.judged ||= direction !== "";
    found.set(metric, group);
  }
  const rank = ([title, { judged }]: [string, { judged: boolean }]): number => (title === "loss" ? 0 : judged ? 1 : 2);
  return [...found]
    .sort((a, b) => rank(a) - rank(b))
    .map(([title, { names, judged }]) => ({
      title,
      judged,
      names: names.sort((a, b) => phaseRank(splitPhase(a)[0]) - phaseRank(splitPhase(b)[0])),
    }));
}

/** The metrics a table shows first: those judged on validation data, the loss last of them. */
export function mainMetrics(metrics: readonly { name: string; direction: string }[], most = 3): string[] {
  const judged = metrics.filter(({ direction }) => direction !== "");
  const validated = judged.filter(({ name }) => splitPhase(name)[0] === "validation");
  const chosen = validated.length > 0 ? validated : judged.length > 0 ? judged : metrics;
  const names = chosen.map(({ name }) => name).filter((name) => !isHidden(name));
  const isLoss = (name: string): number => (splitPhase(name)[1] === "loss" ? 1 : 0);
  return names.sort((a, b) => isLoss(a) - isLoss(b)).slice(0, most);
}

/** Every metric of several runs once, each a plot of its own: validation first, then as in `groups`. */
export function comparedMetrics(metrics: readonly { name: string; direction: string }[]): string[] {
  const once = new Map(metrics.map((metric) => [metric.name, metric]));
  const names = groups([...once.values()]).flatMap((group) => group.names);
  const rank = (name: string): number =>
    once.get(name)?.direction === "" ? PHASES.length : phaseRank(splitPhase(name)[0]);
  return names.sort((a, b) => rank(a) - rank(b));
}
