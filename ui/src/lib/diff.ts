/** A unified diff, line by line, with what each line is. */

export type DiffLine = { text: string; kind: "file" | "place" | "added" | "removed" | "context" };

const HEADERS = /^(diff |index |--- |\+\+\+ |new file|deleted file|old mode|new mode|rename |similarity |Binary )/;

export function diffLines(diff: string): DiffLine[] {
  return diff
    .trimEnd()
    .split("\n")
    .map((text) => ({ text, kind: kindOf(text) }));
}

function kindOf(text: string): DiffLine["kind"] {
  if (HEADERS.test(text)) return "file";
  if (text.startsWith("@@")) return "place";
  if (text.startsWith("+")) return "added";
  return text.startsWith("-") ? "removed" : "context";
}
