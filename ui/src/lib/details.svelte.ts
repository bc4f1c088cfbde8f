/** The parts of long series that a page looks at closely, asked for when a plot is zoomed. */

import { getSeries } from "./api";
import { isThinned, spliced, stepsWithin, type Range } from "./detail";
import type { Axis } from "./lines";
import { received, type Series } from "./series";

export class Details {
  #found = $state.raw<ReadonlyMap<string, Series>>(new Map());
  #asked = new Map<string, number>();

  /** The series with what was found of it. */
  of(run: string, series: Series): Series {
    return spliced(series, this.#found.get(key(run, series.name)));
  }

  /** Ask for a range of the x axis of these series of a run; null: the whole is looked at again. */
  async ask(run: string, all: readonly Series[], axis: Axis, range: Range | null, start: number): Promise<void> {
    const series = all.filter(isThinned);
    const question = series.map(({ name }) => {
      const count = (this.#asked.get(key(run, name)) ?? 0) + 1;
      this.#asked.set(key(run, name), count);
      return [name, count] as const;
    });
    const steps = range === null ? [] : series.flatMap((each) => stepsWithin(each, axis, range, start) ?? []);
    const found = steps.length === 0 ? [] : await this.#fetch(run, series, Math.min(...steps), Math.max(...steps));
    if (found === null) return;
    const details = new Map(this.#found);
    for (const [name, count] of question) {
      if (this.#asked.get(key(run, name)) !== count) continue; // the range was changed meanwhile
      const detail = found.find((each) => each.name === name);
      if (detail) details.set(key(run, name), detail);
      else details.delete(key(run, name));
    }
    this.#found = details;
  }

  async #fetch(run: string, series: readonly Series[], from: number, to: number): Promise<Series[] | null> {
    const names = series.map(({ name }) => name);
    try {
      return (await getSeries(run, names, { from, to })).series.map(received);
    } catch {
      return null; // the points that are there stay, and the page tells what is wrong with the server
    }
  }
}

const key = (run: string, name: string): string => `${run} ${name}`;
