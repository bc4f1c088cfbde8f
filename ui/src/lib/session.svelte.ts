/** Whether this browser has shown the session key, which stopping and deleting need. */

import { beginSession, getSession, Refused } from "./api";
import { keyIn } from "./session-key";

const ASKING = "Asking the server …";

let mayChange = $state(false);
let reason = $state(ASKING);

export const session = {
  get mayChange(): boolean {
    return mayChange;
  },
  /** Why not, in words. */
  get reason(): string {
    return reason;
  },
};

/** Hand in the key that the address bar brought, and take it out of there; then ask how things stand. */
export async function begin(): Promise<void> {
  const key = keyIn(location.hash);
  if (key !== "") history.replaceState(null, "", location.pathname + location.search);
  try {
    const found = key === "" ? await getSession() : await beginSession(key);
    mayChange = found.may_change;
    reason = found.reason;
  } catch (error) {
    reason = error instanceof Refused ? error.message : String(error);
  }
}
