/** Trials by hand: which settings a person gives, and what they are sent as. */

import type { Setting } from "./api";

export type Values = Readonly<Record<string, string>>;

/** The values with which the form begins. */
export const valuesOf = (settings: readonly Setting[]): Record<string, string> =>
  Object.fromEntries(settings.map(({ key, value }) => [key, value]));

/** Whether a setting is varied with these values of the others: some are under a condition only. */
export function isActive(setting: Setting, settings: readonly Setting[], values: Values): boolean {
  return Object.entries(setting.when).every(([key, allowed]) => {
    const other = settings.find((each) => each.key === key);
    if (other === undefined) return true; // not varied: the study has seen to it
    return allowed.includes(values[key]?.trim() ?? "") && isActive(other, settings, values);
  });
}

/** What is proposed: the active settings; an empty one leaves the recipe's own value. */
export function proposal(settings: readonly Setting[], values: Values): Record<string, string> {
  const given = settings.filter((each) => isActive(each, settings, values));
  return Object.fromEntries(
    given.map(({ key }) => [key, values[key]?.trim() ?? ""]).filter(([, value]) => value !== ""),
  );
}

/** How a trial did beside the best: "0.012 below the best". */
export function beside(value: number, best: number, direction: string, number: (value: number) => string): string {
  if (value === best) return "as good as the best";
  const worse = direction === "higher" ? value < best : value > best;
  return `${number(Math.abs(value - best))} ${worse ? "worse" : "better"} than the best`;
}
