/** Light or dark as the system wishes, for what is drawn on canvases; the rest is CSS. */

import { MediaQuery } from "svelte/reactivity";

import type { Ink } from "./plot";

const darkness = new MediaQuery("(prefers-color-scheme: dark)");

export const theme = {
  get dark(): boolean {
    return darkness.current;
  },
  /** The colours of the page's own text and lines, read from its style. */
  get ink(): Ink {
    void darkness.current;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    return {
      text: colour("--ink"),
      muted: colour("--muted"),
      hairline: colour("--hairline"),
      paper: colour("--paper"),
    };
  },
};
