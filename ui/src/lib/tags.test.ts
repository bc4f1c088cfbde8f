import { expect, test } from "vitest";

import { tagsIn } from "./tags";

test.each([
  ["purpose=paper", { purpose: "paper" }],
  ["purpose=paper, draft", { purpose: "paper", draft: "" }],
  ["formula=a=b", { formula: "a=b" }],
  ["  ", {}],
  ["=x", {}],
])("%s", (text, tags) => expect(tagsIn(text)).toEqual(tags));
