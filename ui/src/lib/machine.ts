/** What the machine did while a run went on: figures `machine/<name>`, which of them share a plot, and in what units. */

import type { Series } from "./series";

export type MachineLine = { label: string; series: Series };
export type MachinePlot = { title: string; lines: MachineLine[] };

const PREFIX = "machine/";
const PLOTS: { title: string; names: Readonly<Record<string, string>>; unit: number }[] = [
  {
    title: "processor, %",
    names: { cpu_percent: "machine", process_cpu_percent: "run, of a core" },
    unit: 1,
  },
  { title: "memory, %", names: { memory_percent: "machine" }, unit: 1 },
  { title: "memory of this run, GB", names: { process_memory_bytes: "this run" }, unit: 1e9 },
  {
    title: "disk, MB/s",
    names: { disk_read_bytes_per_second: "read", disk_written_bytes_per_second: "written" },
    unit: 1e6,
  },
  { title: "disk in use, %", names: { disk_percent: "machine" }, unit: 1 },
  {
    title: "network, MB/s",
    names: { network_received_bytes_per_second: "received", network_sent_bytes_per_second: "sent" },
    unit: 1e6,
  },
];
const GPU = /^gpu(\d+)_(.+)$/;
const GPU_PLOTS: Readonly<Record<string, [title: string, unit: number]>> = {
  percent: ["GPU, %", 1],
  memory_bytes: ["GPU memory, GB", 1e9],
  watts: ["GPU power, W", 1],
  celsius: ["GPU temperature, °C", 1],
};

/** The plots there are figures for, GPUs first: there one looks first. Figures of a newer Glia stand alone at the end. */
export function machinePlots(series: readonly Series[]): MachinePlot[] {
  const left = new Map(series.map((each) => [each.name.slice(PREFIX.length), each]));
  const taken = (name: string, label: string, unit: number): MachineLine[] => {
    const one = left.get(name);
    left.delete(name);
    return one ? [{ label, series: { ...one, values: one.values.map((value) => value / unit) } }] : [];
  };
  const names = [...left.keys()];
  const gpus = Object.entries(GPU_PLOTS).map(([quantity, [title, unit]]) => ({
    title,
    lines: names.flatMap((name) => {
      const [, number, what] = GPU.exec(name) ?? [];
      return what === quantity ? taken(name, `GPU ${number}`, unit) : [];
    }),
  }));
  const others = PLOTS.map(({ title, names, unit }) => ({
    title,
    lines: Object.entries(names).flatMap(([name, label]) => taken(name, label, unit)),
  }));
  const unknown = [...left.keys()].map((name) => ({ title: name.replaceAll("_", " "), lines: taken(name, "", 1) }));
  return [...gpus, ...others, ...unknown].filter(({ lines }) => lines.length > 0);
}
