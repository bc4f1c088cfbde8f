/** What a run keeps beside its numbers, put together by name: one card a name, a step at a time. */

import type { Medium } from "./api";

export type Group = { name: string; kind: string; items: readonly Medium[] };

const SHOWN = ["picture", "image", "audio", "text", "table", "histogram"];

/** The media that pages can show, by name and kind in order of name; within a group by step, as they came without one. */
export function mediaGroups(media: readonly Medium[]): Group[] {
  const groups = new Map<string, Medium[]>();
  for (const medium of media) {
    if (!SHOWN.includes(medium.kind)) continue;
    const key = `${medium.name}\n${medium.kind}`;
    groups.set(key, [...(groups.get(key) ?? []), medium]);
  }
  return [...groups.values()]
    .map((items) => ({
      name: items[0]?.name ?? "",
      kind: items[0]?.kind ?? "",
      items: items.toSorted((one, other) => (one.step ?? -1) - (other.step ?? -1)),
    }))
    .sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
}

/** The newest of each name, in the order in which the names came. */
export function newestOf(media: readonly Medium[]): Medium[] {
  return [...new Map(media.map((medium) => [medium.name, medium])).values()];
}

/** Media that pages cannot show: files to be opened or saved. */
export const otherMedia = (media: readonly Medium[]): Medium[] => media.filter(({ kind }) => !SHOWN.includes(kind));

/** Which of a group is meant: "step 40, 3 of 7"; of a single one its step, if it has one. */
export function placeOf(group: Group, at: number): string {
  const step = group.items[at]?.step ?? null;
  const said = step === null ? "" : `step ${step.toLocaleString("en")}`;
  if (group.items.length < 2) return said;
  return [said, `${at + 1} of ${group.items.length}`].filter(Boolean).join(", ");
}

/** Of a watched model's series `watch/<layer>/<quantity>`: the quantities, in the order in which they came. */
export const quantitiesOf = (names: readonly string[]): string[] => [...new Set(names.map(lastPart))];

export const lastPart = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
