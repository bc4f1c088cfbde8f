/** The inside of a network, recorded by `run.watch`: series `watch/<layer>/<quantity>`, one plot a quantity. */

const PREFIX = "watch/";
const ORDER = ["gradient_norm", "update_ratio", "weight_norm", "activation_std", "activation_mean", "dead_units"];

export type Quantity = { title: string; layers: { layer: string; name: string }[] };

export const isWatched = (name: string): boolean => name.startsWith(PREFIX);

/** The layers of each quantity, in the order of the network; what tells most comes first. */
export function watchedQuantities(names: readonly string[]): Quantity[] {
  const found = new Map<string, Quantity>();
  for (const name of names.filter(isWatched)) {
    const slash = name.lastIndexOf("/");
    const title = name.slice(slash + 1);
    const quantity = found.get(title) ?? { title, layers: [] };
    quantity.layers.push({ layer: name.slice(PREFIX.length, slash), name });
    found.set(title, quantity);
  }
  const rank = ({ title }: Quantity): number => (ORDER.includes(title) ? ORDER.indexOf(title) : ORDER.length);
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}
