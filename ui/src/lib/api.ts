/** The server, asked and listened to. The only place that fetches; its types are made from the server's OpenAPI. */

import type { components } from "./schema";

type Schemas = components["schemas"];
export type Run = Schemas["Run"];
export type RunRow = Schemas["RunRow"];
export type RunList = Schemas["RunList"];
export type State = RunRow["state"];
export type Metric = Schemas["Metric"];
export type Medium = Schemas["Medium"];
export type Series = Schemas["Series"];
export type RunSeries = Schemas["RunSeries"];
export type Recipe = Schemas["Recipe"];
export type Document = Schemas["Document"];
export type Console = Schemas["Console"];
export type RunPicture = Schemas["RunPicture"];
export type Picture = RunPicture["picture"];
export type Comparison = Schemas["Comparison"];
export type Addition = Schemas["Addition"];
export type RunEvent = Schemas["PointsAdded"] | Schemas["RunChanged"] | Schemas["SeriesReset"];
export type RunsChanged = Schemas["RunsChanged"];

const ROOT = "/api/v1";
const AGAIN_MILLISECONDS = 2000;

/** The server's refusal, in its own words. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const getRuns = (query: URLSearchParams): Promise<RunList> => get(`/runs?${query}`);
export const getRun = (run: string): Promise<Run> => get(`${at(run)}`);
export const getRecipe = (run: string): Promise<Recipe> => get(`${at(run)}/recipe`);
export const getSource = (run: string): Promise<Document> => get(`${at(run)}/source`);
export const getEnvironment = (run: string): Promise<Document> => get(`${at(run)}/environment`);
export const getConsole = (run: string, lines: number): Promise<Console> => get(`${at(run)}/console?lines=${lines}`);
export const getPictures = async (run: string): Promise<readonly RunPicture[]> =>
  (await get<Schemas["Pictures"]>(`${at(run)}/pictures`)).pictures;
export const mediaAddress = (run: string, file: string): string =>
  `${ROOT}${at(run)}/media/${encodeURIComponent(file)}`;

export const getComparison = (runs: readonly string[]): Promise<Comparison> =>
  get(`/comparison?${new URLSearchParams(runs.map((run) => ["run", run]))}`);

/** The series named, thinned to at most `points` points each; without names all. */
export function getSeries(run: string, names: readonly string[] = [], points = 2000): Promise<RunSeries> {
  const query = new URLSearchParams(names.map((name) => ["name", name]));
  query.set("points", String(points));
  return get(`${at(run)}/metrics?${query}`);
}

/**
 * Hear the events of a stream until the returned function is called. Pauses while the page is hidden, since a browser
 * holds few connections to one server; each connection begins with an event that says how things stand.
 */
export function listen<Event>(path: string, heard: (event: Event) => void): () => void {
  let source: EventSource | null = null;
  let again: ReturnType<typeof setTimeout> | undefined;
  const close = () => {
    clearTimeout(again);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (document.hidden) return;
    source = new EventSource(ROOT + path);
    source.onmessage = (message: MessageEvent<string>) => heard(JSON.parse(message.data) as Event);
    source.onerror = () => {
      close();
      again = setTimeout(open, AGAIN_MILLISECONDS);
    };
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    document.removeEventListener("visibilitychange", open);
    close();
  };
}

export const runEvents = (run: string): string => `${at(run)}/events`;
export const RUNS_EVENTS = "/events";

const at = (run: string): string => `/runs/${encodeURIComponent(run)}`;

async function get<Answer>(path: string): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(ROOT + path, { headers: { Accept: "application/json" } });
  } catch {
    throw new Refused(0, "The server does not answer. Is glia serve still running?");
  }
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return (await response.json()) as Answer;
}

async function reason(response: Response): Promise<string> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    return typeof detail === "string" ? detail : `${response.status}: ${JSON.stringify(detail)}`;
  } catch {
    return `The server answered ${response.status} ${response.statusText}.`;
  }
}
