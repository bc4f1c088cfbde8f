/** What the address says of a page, and back: a link shows the same view. Defaults stay out of the address. */

import { readsAsCondition } from "./filter";
import type { Axis } from "./lines";

export type RunsView = {
  text: string;
  project: string;
  state: string;
  sort: string; // a column, with "-" before it for descending
  columns: string[] | null; // metrics and params chosen; null: the main ones
  selected: string[];
  page: number; // from 0
};

export const NEWEST_FIRST = "-created";
export const PAGE_LENGTH = 100;
export const MOST_METRICS = 100; // so many the server sends values of unasked

export function readRunsView(query: URLSearchParams): RunsView {
  return {
    text: query.get("text") ?? "",
    project: query.get("project") ?? "",
    state: query.get("state") ?? "",
    sort: query.get("sort") ?? NEWEST_FIRST,
    columns: query.has("columns") ? list(query.get("columns")) : null,
    selected: list(query.get("selected")),
    page: Math.max(0, Number.parseInt(query.get("page") ?? "1", 10) - 1) || 0,
  };
}

export function writeRunsView(view: RunsView): URLSearchParams {
  const query = new URLSearchParams();
  if (view.text !== "") query.set("text", view.text);
  if (view.project !== "") query.set("project", view.project);
  if (view.state !== "") query.set("state", view.state);
  if (view.sort !== NEWEST_FIRST) query.set("sort", view.sort);
  if (view.columns !== null) query.set("columns", view.columns.join(","));
  if (view.selected.length > 0) query.set("selected", view.selected.join(","));
  if (view.page > 0) query.set("page", String(view.page + 1));
  return query;
}

/** What is asked of the server for this view; with `metrics`, the values of only these. */
export function runsQuery(view: RunsView, metrics: readonly string[] = []): URLSearchParams {
  const query = new URLSearchParams({ sort: view.sort, limit: String(PAGE_LENGTH) });
  if (view.text !== "") query.set(readsAsCondition(view.text) ? "where" : "text", view.text);
  if (view.project !== "") query.set("project", view.project);
  if (view.state !== "") query.set("state", view.state);
  if (view.page > 0) query.set("offset", String(view.page * PAGE_LENGTH));
  for (const name of metrics) query.append("metric", name);
  return query;
}

/** The order after a click on a header: the better end first, then the other, then newest first again. */
export function nextSort(sort: string, column: string, descendingFirst: boolean): string {
  const [first, second] = descendingFirst ? [`-${column}`, column] : [column, `-${column}`];
  if (sort === first) return second;
  return sort === second && sort !== NEWEST_FIRST && first !== NEWEST_FIRST ? NEWEST_FIRST : first;
}

export type CurvesView = { axis: Axis; smoothing: number; logarithmic: boolean };

export function readCurvesView(query: URLSearchParams): CurvesView {
  const smoothing = Number(query.get("smoothing") ?? 0);
  return {
    axis: query.get("x") === "time" ? "time" : "step",
    smoothing: smoothing > 0 && smoothing < 1 ? smoothing : 0,
    logarithmic: query.get("y") === "log",
  };
}

/** `query` with this view of the curves in it. */
export function withCurvesView(query: URLSearchParams, view: CurvesView): URLSearchParams {
  const changed = new URLSearchParams(query);
  const put = (name: string, value: string) => {
    changed.delete(name); // also where it is set again, so that one view has one address
    if (value !== "") changed.set(name, value);
  };
  put("x", view.axis === "time" ? "time" : "");
  put("smoothing", view.smoothing > 0 ? String(view.smoothing) : "");
  put("y", view.logarithmic ? "log" : "");
  return changed;
}

export const list = (text: string | null): string[] => (text ?? "").split(",").filter((item) => item !== "");
