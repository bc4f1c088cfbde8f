/** The server, asked and listened to. The only place that fetches; its types are made from the server's OpenAPI. */

import { inAddress } from "./router";
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
export type Table = Schemas["Table"];
export type HistogramSeries = Schemas["HistogramSeries"];
export type Artifact = Schemas["Artifact"];
export type Child = Schemas["Child"];
export type Addition = Schemas["Addition"];
export type RunEvent = Schemas["PointsAdded"] | Schemas["RunChanged"] | Schemas["SeriesReset"];
export type Form = Schemas["Form"];
export type Setting = Schemas["Setting"];
export type Session = Schemas["Session"];
export type RegisteredModel = Schemas["RegisteredModel"];
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
export const getPicture = (run: string, file: string): Promise<RunPicture> =>
  get(`${at(run)}/pictures/${encodeURIComponent(file)}`);
export const getText = async (run: string, file: string): Promise<string> =>
  (await ask(`${at(run)}/media/${encodeURIComponent(file)}`)).text();
export const getHistograms = async (run: string, name: string): Promise<readonly HistogramSeries[]> =>
  (await get<Schemas["Histograms"]>(`${at(run)}/histograms?${new URLSearchParams({ name })}`)).series;
export const getArtifacts = async (run: string): Promise<readonly Artifact[]> =>
  (await get<Schemas["Artifacts"]>(`${at(run)}/artifacts`)).artifacts;
export const getArtifactFiles = (run: string, name: string): Promise<Schemas["ArtifactFiles"]> =>
  get(`${at(run)}/artifacts/files?${new URLSearchParams({ name })}`);
export const getChildren = (run: string, limit: number): Promise<Schemas["Children"]> =>
  get(`${at(run)}/children?limit=${limit}`);
export const artifactAddress = (run: string, name: string, path = ""): string =>
  `${ROOT}${at(run)}/artifacts/content?${new URLSearchParams(path === "" ? { name } : { name, path })}`;

/** Rows of a table; `sort` is a column, with "-" before it for descending. */
export function getTable(run: string, file: string, sort: string, offset: number, limit: number): Promise<Table> {
  const query = new URLSearchParams({ sort, offset: String(offset), limit: String(limit) });
  return get(`${at(run)}/tables/${encodeURIComponent(file)}?${query}`);
}

export const getSession = (): Promise<Session> => get("/session");
export const beginSession = async (key: string): Promise<Session> =>
  (await (await ask("/session", "POST", { key })).json()) as Session;
export const stopRun = (run: string): Promise<unknown> => ask(`${at(run)}/stop`, "POST");
export const deleteRun = (run: string): Promise<unknown> => ask(at(run), "DELETE");
export const editRun = (run: string, change: Partial<Schemas["Edit"]>): Promise<unknown> =>
  ask(at(run), "PATCH", change);
/** What can be proposed to a study, with the values of its best trial. */
export const getForm = (run: string): Promise<Form> => get(`${at(run)}/form`);
export const propose = (run: string, settings: Record<string, string>): Promise<unknown> =>
  ask(`${at(run)}/proposals`, "POST", { settings });
export const withdraw = (run: string, proposal: string): Promise<unknown> =>
  ask(`${at(run)}/proposals/${encodeURIComponent(proposal)}`, "DELETE");
export const getRegistry = async (): Promise<readonly RegisteredModel[]> =>
  (await get<Schemas["RegisteredModels"]>("/registry")).models;

export const mediaAddress = (run: string, file: string): string =>
  `${ROOT}${at(run)}/media/${encodeURIComponent(file)}`;

export const getComparison = (runs: readonly string[]): Promise<Comparison> =>
  get(`/comparison?${new URLSearchParams(runs.map((run) => ["run", run]))}`);

/** The series named, or all, thinned to at most 2000 points each; of all steps, or of some. */
export function getSeries(
  run: string,
  names: readonly string[] = [],
  steps?: { from: number; to: number },
): Promise<RunSeries> {
  const query = new URLSearchParams(names.map((name) => ["name", name]));
  query.set("points", "2000");
  if (steps) {
    query.set("from", String(steps.from));
    query.set("to", String(steps.to));
  }
  return get(`${at(run)}/metrics?${query}`);
}

/** What the machine did meanwhile. */
export const getMachine = (run: string): Promise<RunSeries> => get(`${at(run)}/machine`);

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

const at = (run: string): string => `/runs/${inAddress(run)}`;

const get = async <Answer>(path: string): Promise<Answer> => (await (await ask(path)).json()) as Answer;

async function ask(path: string, method = "GET", content?: object): Promise<Response> {
  const headers = { Accept: "application/json", ...(content && { "Content-Type": "application/json" }) };
  let response: Response;
  try {
    response = await fetch(ROOT + path, { method, headers, ...(content && { body: JSON.stringify(content) }) });
  } catch {
    throw new Refused(0, "The server does not answer. Is glia serve still running?");
  }
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

async function reason(response: Response): Promise<string> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    return typeof detail === "string" ? detail : `${response.status}: ${JSON.stringify(detail)}`;
  } catch {
    return `The server answered ${response.status} ${response.statusText}.`;
  }
}
