/** What somebody typed as tags: `purpose=paper draft`, a word without `=` being a tag without a value. */
export function tagsIn(text: string): Record<string, string> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "" && !word.startsWith("="));
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf("=");
      return at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}
