/** The command that goes on from what a page shows. */

import type { Run } from "./api";

/** What one would type next about a run; nothing while it runs. */
export function nextCommand(run: Pick<Run, "name" | "state" | "kind" | "params">): string {
  if (run.kind !== "train") return run.state === "running" ? "" : `glia runs show ${run.name}`;
  if (run.state === "done") return `glia predict ${run.name} ${exampleInput(run)}`;
  if (run.state === "stopped" || run.state === "crashed" || run.state === "failed")
    return `glia train --resume ${run.name}`;
  return "";
}

// Convolutional networks see pictures; a guess that only shapes the example.
function exampleInput({ params }: Pick<Run, "params">): string {
  return String(params["model.name"] ?? "").startsWith("cnn") ? "picture.png" : "new.csv";
}
