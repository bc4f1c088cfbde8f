/** The address bar as a reactive value: it holds the view, so that a link or a reload shows the same. */

import { isOurs } from "./router";

let href = $state(globalThis.location?.href ?? "http://localhost/");

export const address = {
  get path(): string {
    return new URL(href).pathname;
  },
  get query(): URLSearchParams {
    return new URL(href).searchParams;
  },
};

export function go(to: string): void {
  history.pushState(null, "", to);
  href = location.href;
  scrollTo(0, 0);
}

/** Change the view of the same page: no new entry in the history, so that Back leaves the page. */
export function show(query: URLSearchParams): void {
  const text = query.toString();
  // A comma needs no escape in a query, and lists read better with it.
  const search = text === "" ? "" : `?${text.replaceAll("%2C", ",").replaceAll("%2F", "/")}`;
  history.replaceState(null, "", location.pathname + search + location.hash);
  href = location.href;
}

/** Follow links of this site without loading the page anew. Returns what undoes it. */
export function follow(): () => void {
  const popped = () => (href = location.href);
  const clicked = (event: MouseEvent) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null || !link.hasAttribute("href") || !isOurs(event, link, location.origin)) return;
    event.preventDefault();
    go(link.href);
  };
  addEventListener("popstate", popped);
  document.addEventListener("click", clicked);
  return () => {
    removeEventListener("popstate", popped);
    document.removeEventListener("click", clicked);
  };
}
