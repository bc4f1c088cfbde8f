/** The keyboard of the table of runs. */

export type Action = "down" | "up" | "open" | "select" | "filter" | "compare" | "first" | "last";

const ACTIONS: Readonly<Record<string, Action>> = {
  j: "down",
  k: "up",
  Enter: "open",
  o: "open",
  x: "select",
  "/": "filter",
  c: "compare",
  g: "first",
  G: "last",
};

export const KEYS: readonly [keys: string, meaning: string][] = [
  ["j k", "down, up"],
  ["enter", "open"],
  ["x", "select"],
  ["c", "compare the selected"],
  ["/", "filter"],
];

type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">;

/** What a key means; nothing while one types, on controls that have a use for it, or with a modifier held. */
export function actionOf(event: Pressed, target: { tagName: string; type?: string } | null): Action | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const tag = target?.tagName ?? "";
  const toggles = tag === "INPUT" && (target?.type === "checkbox" || target?.type === "radio");
  if ((tag === "INPUT" && !toggles) || tag === "SELECT" || tag === "TEXTAREA") return null;
  if (event.key === "Enter" && tag !== "" && tag !== "BODY" && tag !== "MAIN") return null;
  return ACTIONS[event.key] ?? null;
}

/** The row after a step, within `0..count-1`; the first step down from nowhere is the first row. */
export function moved(cursor: number, action: Action, count: number): number {
  if (count === 0) return -1;
  if (action === "first") return 0;
  if (action === "last") return count - 1;
  return Math.max(0, Math.min(count - 1, cursor + (action === "down" ? 1 : action === "up" ? -1 : 0)));
}
