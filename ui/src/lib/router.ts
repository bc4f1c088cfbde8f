/** Which page a path names. The server answers the same HTML for all of these (glia/server/pages.py). */

export type Place =
  { page: "runs" } | { page: "run"; id: string } | { page: "compare" } | { page: "models" } | { page: "nowhere" };

export function placeOf(path: string): Place {
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.length === 0 || (parts.length === 1 && parts[0] === "runs")) return { page: "runs" };
  if (parts.length === 1 && parts[0] === "compare") return { page: "compare" };
  if (parts.length === 1 && parts[0] === "models") return { page: "models" };
  if (parts.length === 2 && parts[0] === "runs" && parts[1]) return { page: "run", id: decoded(parts[1]) };
  return { page: "nowhere" };
}

/** In addresses a trial, `study/17`, is `study~17`. */
export const inAddress = (id: string): string => encodeURIComponent(id.replace("/", "~"));

export const runPath = (id: string): string => `/runs/${inAddress(id)}`;

export const comparePath = (ids: readonly string[]): string => `/compare?runs=${ids.map(inAddress).join(",")}`;

/** A click that the router takes over: the plain left button on a link of this site, asking for nothing special. */
export function isOurs(
  event: Pick<MouseEvent, "button" | "metaKey" | "ctrlKey" | "shiftKey" | "altKey" | "defaultPrevented">,
  link: { origin: string; target: string; pathname: string; hasAttribute(name: string): boolean },
  origin: string,
): boolean {
  if (event.defaultPrevented || event.button !== 0) return false;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return false;
  if (link.origin !== origin || link.target !== "" || link.hasAttribute("download")) return false;
  return placeOf(link.pathname).page !== "nowhere";
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
