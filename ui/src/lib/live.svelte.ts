/** Runs as they are now: asked for once, then kept current by the server's events. */

import {
  getComparison,
  getRun,
  getRuns,
  getSeries,
  listen,
  Refused,
  runEvents,
  RUNS_EVENTS,
  type Comparison,
  type Run,
  type RunEvent,
  type RunList,
  type RunsChanged,
} from "./api";
import { kept } from "./kept";
import { isOver } from "./states";
import { added, behind, received, tooLong, type Series } from "./series";

/** One run with its points. */
export class LiveRun {
  run = $state.raw<Run | null>(null);
  series = $state.raw<ReadonlyMap<string, Series>>(new Map());
  problem = $state("");
  #asking = false;
  #stopped = false;

  constructor(readonly id: string) {}

  /** Watch until the returned function is called. */
  watch(): () => void {
    let silence = () => {};
    void this.#ask(async () => {
      const [run] = await Promise.all([getRun(this.id), this.#fetchSeries()]);
      this.run = run;
      if (!this.#stopped) silence = listen<RunEvent>(runEvents(run.id), (event) => this.#hear(event));
    });
    return () => {
      this.#stopped = true;
      silence();
    };
  }

  #hear(event: RunEvent): void {
    this.problem = "";
    if (event.type === "run") {
      this.run = kept(this.run, event.run);
      if (behind(this.series, event.run.metrics)) this.#refetch();
    } else if (event.type === "reset") {
      this.#refetch();
    } else {
      const grown = new Map(this.series);
      for (const more of event.series) {
        const series = added(grown.get(more.name), more);
        if (series === null || tooLong(series)) this.#refetch();
        else grown.set(more.name, series);
      }
      this.series = grown;
    }
  }

  #refetch(): void {
    if (!this.#asking) void this.#ask(() => this.#fetchSeries());
  }

  async #fetchSeries(): Promise<void> {
    const { series } = await getSeries(this.id);
    if (!this.#stopped) this.series = new Map(series.map((each) => [each.name, received(each)]));
  }

  async #ask(asked: () => Promise<void>): Promise<void> {
    this.#asking = true;
    try {
      await asked();
    } catch (error) {
      this.problem = error instanceof Refused ? error.message : String(error);
    } finally {
      this.#asking = false;
    }
  }
}

/** The list of runs that match a query, kept current by the server's events. */
export class LiveRuns {
  list = $state.raw<RunList | null>(null);
  problem = $state("");
  #query = "";
  #asked = 0;

  /** Ask for what matches `query`; an answer that comes after a later question is dropped. */
  async ask(query: URLSearchParams): Promise<void> {
    this.#query = query.toString();
    this.#asked += 1;
    const question = this.#asked;
    try {
      const list = await getRuns(query);
      if (question !== this.#asked) return;
      this.list = list;
      this.problem = "";
    } catch (error) {
      if (question === this.#asked) this.problem = error instanceof Refused ? error.message : String(error);
    }
  }

  watch(): () => void {
    return listen<RunsChanged>(RUNS_EVENTS, () => void this.ask(new URLSearchParams(this.#query)));
  }
}

const AGAIN_MILLISECONDS = 3000;

/** Several runs with their points, asked for again while one of them goes on and the page is seen. */
export class LiveComparison {
  comparison = $state.raw<Comparison | null>(null);
  series = $state.raw<ReadonlyMap<string, ReadonlyMap<string, Series>>>(new Map());
  problem = $state("");

  constructor(readonly ids: readonly string[]) {}

  /** Watch until the returned function is called. */
  watch(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const again = async () => {
      if (!document.hidden) await this.#ask();
      const goesOn = this.comparison?.runs.some(({ state }) => !isOver(state)) ?? false;
      if (!stopped && goesOn) timer = setTimeout(() => void again(), AGAIN_MILLISECONDS);
    };
    if (this.ids.length > 0) void again();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }

  async #ask(): Promise<void> {
    try {
      const comparison = await getComparison(this.ids);
      const found = await Promise.all(comparison.runs.map(({ id, state }) => this.#seriesOf(id, isOver(state))));
      this.series = new Map(comparison.runs.map(({ id }, at) => [id, found[at] ?? new Map<string, Series>()]));
      this.comparison = comparison;
      this.problem = "";
    } catch (error) {
      this.problem = error instanceof Refused ? error.message : String(error);
    }
  }

  async #seriesOf(id: string, over: boolean): Promise<ReadonlyMap<string, Series>> {
    const known = this.series.get(id);
    const before = this.comparison?.runs.find((run) => run.id === id);
    if (known && over && before && isOver(before.state)) return known;
    const { series } = await getSeries(id);
    return new Map(series.map((each) => [each.name, received(each)]));
  }
}
