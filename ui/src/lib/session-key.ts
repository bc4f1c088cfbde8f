/** The session key in the part of an address that browsers keep to themselves: `#key=…`; else nothing. */
export function keyIn(hash: string): string {
  return new URLSearchParams(hash.replace(/^#/, "")).get("key") ?? "";
}
