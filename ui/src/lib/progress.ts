/** How far a run has come. */

import type { Run } from "./api";
import type { Series } from "./series";

/** "epoch 3 of 8" while it runs; nothing when it does not, or does not count epochs. */
export function progressOf(run: Pick<Run, "state" | "params">, epochs: Pick<Series, "values"> | undefined): string {
  const epoch = epochs?.values.at(-1);
  if (run.state !== "running" || epoch === undefined) return "";
  const most = run.params["train.epochs"];
  return typeof most === "number" ? `epoch ${epoch} of ${most}` : `epoch ${epoch}`;
}
