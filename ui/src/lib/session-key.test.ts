import { expect, test } from "vitest";

import { keyIn } from "./session-key";

test.each([
  ["#key=aB3_-x", "aB3_-x"],
  ["#other=1&key=x", "x"],
  ["#key=", ""],
  ["#curves", ""],
  ["", ""],
])("%s", (hash, key) => expect(keyIn(hash)).toBe(key));
