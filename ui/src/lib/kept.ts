/** What an answer says again need not be looked at again: who asks for more because of it asks once. */

/** `now`, with the parts of `before` that are the same in it; `before` itself if all are. */
export function kept<Answer extends object>(before: Answer | null, now: Answer): Answer {
  if (before === null) return now;
  const names = Object.keys(now) as (keyof Answer)[];
  const same = names.filter((name) => JSON.stringify(before[name]) === JSON.stringify(now[name]));
  if (same.length === names.length && names.length === Object.keys(before).length) return before;
  return { ...now, ...(Object.fromEntries(same.map((name) => [name, before[name]])) as Partial<Answer>) };
}
