/** A recipe's TOML, line by line, so that what is not a default stands out. */

export type TomlLine = { text: string; kind: "section" | "changed" | "plain" };

/** Each line with its kind; lines that go on with a value of several lines are of the kind of its first. */
export function tomlLines(toml: string, changed: readonly string[]): TomlLine[] {
  let section = "";
  let kind: TomlLine["kind"] = "plain";
  return toml
    .trimEnd()
    .split("\n")
    .map((text) => {
      const header = /^\[(.+)\]\s*$/.exec(text)?.[1];
      const key = /^([\w.-]+)\s*=/.exec(text)?.[1];
      if (header !== undefined) {
        section = header;
        return { text, kind: "section" };
      }
      if (key !== undefined) kind = changed.includes(section === "" ? key : `${section}.${key}`) ? "changed" : "plain";
      return { text, kind: text === "" ? "plain" : kind };
    });
}
