/** The states of runs, in the order in which they come, and how each is coloured; the word is always beside. */

import type { State } from "./api";

export const STATES: State[] = [
  "queued",
  "starting",
  "running",
  "done",
  "failed",
  "stopped",
  "crashed",
  "unreachable",
  "lost",
];

export type Tone = "live" | "good" | "bad" | "doubt" | "quiet";

export function tone(state: State): Tone {
  if (state === "running" || state === "starting") return "live";
  if (state === "done") return "good";
  if (state === "failed" || state === "crashed" || state === "lost") return "bad";
  return state === "unreachable" ? "doubt" : "quiet";
}

export const isOver = (state: State): boolean => !["queued", "starting", "running", "unreachable"].includes(state);

/** Why a run is in its state, where that says more than the state. */
export const reasonOf = ({ state, reason }: { state: State; reason: string }): string =>
  reason === state || (state === "done" && reason === "epochs") ? "" : reason;
