import openapi, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, test } from "vitest";

import description from "../../openapi.json?raw";
import types from "./schema.ts?raw";

test("the types are made from openapi.json: after a change, npm run types", async () => {
  const made = astToString(await openapi(description, { alphabetize: true, immutable: true }));
  expect(types).toBe(COMMENT_HEADER + made);
});
