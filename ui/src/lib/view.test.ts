import { describe, expect, test } from "vitest";

import { nextSort, readCurvesView, readRunsView, runsQuery, withCurvesView, writeRunsView } from "./view";

describe("the table of runs", () => {
  test("an empty address is the default view, which leaves the address empty", () => {
    const view = readRunsView(new URLSearchParams());
    expect(view).toEqual({ text: "", project: "", state: "", sort: "-created", columns: null, selected: [], page: 0 });
    expect(writeRunsView(view).toString()).toBe("");
  });

  test("what the address says comes back", () => {
    const query = "text=cnn&project=p&state=done&sort=seconds&columns=a%2Cb&selected=1%2C2&page=3";
    expect(writeRunsView(readRunsView(new URLSearchParams(query))).toString()).toBe(query);
  });

  test("no columns chosen is not the same as the main ones", () => {
    expect(readRunsView(new URLSearchParams("columns=")).columns).toEqual([]);
    expect(readRunsView(new URLSearchParams("")).columns).toBeNull();
  });

  test("a page that is none is the first", () => {
    expect(readRunsView(new URLSearchParams("page=x")).page).toBe(0);
    expect(readRunsView(new URLSearchParams("page=-4")).page).toBe(0);
  });

  test("the server is asked for one page", () => {
    const view = readRunsView(new URLSearchParams("text=a&page=2&selected=1"));
    expect(runsQuery(view).toString()).toBe("sort=-created&limit=100&text=a&offset=100");
  });

  test("a condition is asked as one, and of many metrics those that are looked at", () => {
    const view = readRunsView(new URLSearchParams({ text: "params.lr < 0.01" }));
    const query = runsQuery(view, ["validation/loss", "b"]);
    expect([query.get("where"), query.get("text"), query.getAll("metric")]).toEqual([
      "params.lr < 0.01",
      null,
      ["validation/loss", "b"],
    ]);
  });
});

test("a header sorts one way, the other way, then newest first again", () => {
  expect(nextSort("-created", "loss", false)).toBe("loss");
  expect(nextSort("loss", "loss", false)).toBe("-loss");
  expect(nextSort("-loss", "loss", false)).toBe("-created");
  expect(nextSort("-created", "accuracy", true)).toBe("-accuracy");
});

test("the header of creation turns between newest and oldest", () => {
  expect(nextSort("-created", "created", true)).toBe("created");
  expect(nextSort("created", "created", true)).toBe("-created");
});

test("the view of curves stands beside the rest of the address", () => {
  const query = withCurvesView(new URLSearchParams("runs=a"), { axis: "time", smoothing: 0.6, logarithmic: true });
  expect(query.toString()).toBe("runs=a&x=time&smoothing=0.6&y=log");
  expect(readCurvesView(query)).toEqual({ axis: "time", smoothing: 0.6, logarithmic: true });
  expect(withCurvesView(query, { axis: "step", smoothing: 0, logarithmic: false }).toString()).toBe("runs=a");
});

test("a smoothing that is none is off", () => {
  expect(readCurvesView(new URLSearchParams("smoothing=7")).smoothing).toBe(0);
  expect(readCurvesView(new URLSearchParams("smoothing=x")).smoothing).toBe(0);
});
