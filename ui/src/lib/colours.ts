/** The colours of curves: Okabe and Ito's, blue first as in Glia's figures on paper. */

const LIGHT = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#c9b800", "#1d1d1b"];
// The same hues, lighter where a dark page would swallow them.
const DARK = ["#3b9be0", "#e69f00", "#1fb88a", "#f0732a", "#d48ab3", "#8ccbf0", "#f0e442", "#ededeb"];

export type Stroke = { colour: string; dash: number[] };

/** A share of the colour #rrggbb over another one. */
export function mixed(colour: string, below: string, share: number): string {
  const part = (text: string, at: number): number => parseInt(text.slice(at, at + 2), 16);
  const parts = [1, 3, 5].map((at) => Math.round(share * part(colour, at) + (1 - share) * part(below, at)));
  return `#${parts.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

/** The stroke of the line at `index`: eight colours, then the same dashed, then dotted. */
export function stroke(index: number, dark: boolean): Stroke {
  const colours = dark ? DARK : LIGHT;
  const turn = Math.floor(index / colours.length) % 3;
  return { colour: colours[index % colours.length] ?? "", dash: turn === 0 ? [] : turn === 1 ? [6, 3] : [2, 2] };
}
