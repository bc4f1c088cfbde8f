"""The pages as a person uses them, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from glia import pictures
from glia.tracking.recording.recorder import RunRecorder
from tests.browser.conftest import Watched, Writer
from tests.server.recorded import add_picture, confusion, finish, log_epochs, scatter, training

pytestmark = pytest.mark.browser


@pytest.fixture
def three(home: Path) -> list[RunRecorder]:
    """Three ended runs."""
    recorders = []
    for name, model, rate in (
        ("calm-otter-17", "cnn", 1e-3),
        ("brave-lynx-4", "cnn", 3e-3),
        ("mild-heron-9", "mlp", 1e-3),
    ):
        with training(home, name=name, **{"model.name": model, "train.learning_rate": rate}) as recorder:
            log_epochs(recorder, range(1, 9), seed=len(recorders), learning_rate=rate)
            finish(recorder, best_epoch=6, values={})
            recorders.append(recorder)
    return recorders


def rows(page: Page) -> list[str]:
    return page.locator("tbody tr th").all_inner_texts()


def test_an_empty_home_says_what_to_type(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_text("glia train digits")).to_be_visible()


def test_a_run_is_watched_from_the_table_to_its_end(page: Page, writer: Writer) -> None:
    page.goto("/")
    row = page.get_by_role("row", name="live-lark-1")
    expect(row).to_contain_text("running")
    row.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/runs/{writer.run}$"))
    expect(page.get_by_role("heading", name="live-lark-1")).to_be_visible()
    loss = page.get_by_role("figure", name="loss up to step 40:")
    expect(loss).to_be_visible()
    before = loss.locator("canvas").screenshot()
    for epoch in (2, 3, 4):
        writer.epoch()
        loss = page.get_by_role("figure", name=f"loss up to step {epoch * 40}:")
        expect(loss).to_be_visible()
    assert loss.locator("canvas").screenshot() != before
    writer.end()
    expect(page.locator("header").get_by_text("done")).to_be_visible()
    expect(page.get_by_text("of epoch 3, the one kept")).to_be_visible()
    expect(page.get_by_text("Confusion matrix", exact=True)).to_be_visible()
    expect(page.get_by_text("glia predict live-lark-1 picture.png")).to_be_visible()


def test_bias_and_variance_stand_beside_the_curves_once_a_run_has_ended(page: Page, home: Path) -> None:
    with training(home) as recorder:
        log_epochs(recorder, range(1, 3))
        page.goto(f"/runs/{recorder.id}")
        expect(page.get_by_role("figure", name="accuracy up to step 80:")).to_be_visible()
        expect(page.get_by_role("heading", name="Bias and variance")).to_have_count(0)
        finish(recorder, best_epoch=2, values={"train/accuracy": 0.99, "validation/accuracy": 0.9})
        named = page.get_by_role("region", name="Bias and variance")
        expect(named).to_contain_text("Validation error 10 %. Training error 1 %: the gap is 9 points")
        expect(named).to_contain_text("Against variance: more samples")


def test_a_run_that_begins_and_ends_is_seen_in_the_table(page: Page, home: Path) -> None:
    page.goto("/")
    expect(page.get_by_text("glia train digits")).to_be_visible()
    with training(home, name="new-newt-2") as recorder:
        expect(page.get_by_role("row", name="new-newt-2")).to_contain_text("running")
        recorder.state("failed", "loss is nan at step 3")
    expect(page.get_by_role("row", name="new-newt-2")).to_contain_text("failed")


def test_filter_sort_and_columns_are_in_the_address(page: Page, three: list[RunRecorder]) -> None:
    page.goto("/")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.keyboard.press("/")
    page.keyboard.type("cnn")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?text=cnn$"))
    page.get_by_role("button", name="accuracy").click()
    expect(page.get_by_role("columnheader", name="accuracy")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="train.learning_rate").check()
    expect(page.get_by_role("columnheader", name="learning_rate")).to_be_visible()
    page.reload()
    expect(page.get_by_role("columnheader", name="learning_rate")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)
    assert rows(page)[0] == "brave-lynx-4"
    page.get_by_role("searchbox").fill("nothing like it")
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.locator("tbody tr")).to_have_count(3)


def test_the_filter_takes_conditions_and_points_at_mistakes(watched: Watched, three: list[RunRecorder]) -> None:
    page = watched.page
    page.goto("/")
    expect(page.locator("tbody tr")).to_have_count(3)
    field = page.get_by_role("searchbox")
    field.fill("params.train.learning_rate > 0.002 and state = 'done'")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert rows(page) == ["brave-lynx-4"]
    field.fill("params.train.learning_rate > 0.002 and stat = 'done'")
    expect(page.get_by_role("alert")).to_contain_text("There is no 'stat' to ask for. Did you mean 'state'?")
    expect(page.get_by_role("alert")).to_contain_text(re.compile(rf"\n {{{2 + 39}}}\^$"))
    assert rows(page) == ["brave-lynx-4"]  # what was found before stays
    page.reload()  # the mistake is in the address, and can be mended
    field.fill("metrics.'validation/loss' < 100")
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert {each for each in watched.wrong if "422" not in each} == set()
    watched.wrong.clear()


def test_two_runs_are_compared(page: Page, three: list[RunRecorder]) -> None:
    page.goto("/")
    page.get_by_label("Select calm-otter-17").check()
    page.get_by_label("Select brave-lynx-4").check()
    page.get_by_role("button", name="Compare 2").click()
    expect(page.get_by_role("heading", name="2 runs compared")).to_be_visible()
    expect(page.get_by_role("row", name="train.learning_rate 0.001 0.003")).to_be_visible()
    curves = page.get_by_role("figure", name="validation loss")
    expect(curves).to_have_attribute("aria-label", re.compile(r"calm-otter-17 [\d.]+, brave-lynx-4 [\d.]+"))
    page.get_by_role("link", name="brave-lynx-4").click()
    expect(page.get_by_role("heading", name="brave-lynx-4")).to_be_visible()


def test_the_keyboard_walks_selects_compares_and_opens(page: Page, three: list[RunRecorder]) -> None:
    page.goto("/")
    expect(page.locator("tbody tr")).to_have_count(3)
    for key in ("j", "x", "j", "x", "c"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="2 runs compared")).to_be_visible()
    page.go_back()
    expect(page.locator("tbody tr.selected")).to_have_count(2)
    for key in ("G", "k", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("heading", name="brave-lynx-4")).to_be_visible()


def test_curves_follow_axis_scale_and_smoothing(page: Page, three: list[RunRecorder]) -> None:
    page.goto(f"/runs/{three[0].id}")
    expect(page.get_by_role("figure", name="loss up to step 320")).to_be_visible()
    page.get_by_text("time", exact=True).click()
    page.get_by_label("log scale").check()
    page.get_by_label("smoothing").fill("0.6")
    expect(page).to_have_url(re.compile(r"\?x=time&smoothing=0\.6&y=log$"))
    expect(page.get_by_role("figure", name=re.compile("^loss up to [0-9.]+ s:"))).to_be_visible()
    page.reload()
    expect(page.get_by_label("log scale")).to_be_checked()


def test_the_readout_follows_the_cursor_in_all_plots(page: Page, three: list[RunRecorder]) -> None:
    page.goto(f"/runs/{three[0].id}")
    plot = page.get_by_role("figure", name="loss up to").locator(".u-over")
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for metric in ("loss", "accuracy"):
        caption = page.get_by_role("figure", name=f"{metric} up to").locator("figcaption")
        expect(caption).to_contain_text(re.compile(r"step 1[5-7]\d"))


def test_all_parts_of_a_run_open(page: Page, home: Path, three: list[RunRecorder]) -> None:
    run = three[0]
    (run.folder / "source.json").write_text(
        '{"command": ["glia", "train", "digits"], "commit": "4f2a", "diff": "+new line\\n-old line\\n"}',
        encoding="utf-8",
    )
    (run.folder / "environment.json").write_text(
        '{"python": "3.11.7", "packages": {"numpy": "2.4.6"}}', encoding="utf-8"
    )
    page.goto(f"/runs/{run.id}")
    page.get_by_role("link", name="Recipe").click()
    expect(page.get_by_text("learning_rate = 0.001")).to_be_visible()
    page.get_by_role("link", name="Console").click()
    expect(page.get_by_text("The program has printed nothing.")).to_be_visible()
    page.get_by_role("link", name="Source").click()
    expect(page.get_by_text("glia train digits")).to_be_visible()
    expect(page.get_by_text("+new line")).to_be_visible()
    page.get_by_role("link", name="Environment").click()
    expect(page.get_by_text("numpy 2.4.6")).to_be_visible()


def test_pictures_are_drawn_and_files_are_linked(page: Page, home: Path) -> None:
    with training(home) as recorder:
        add_picture(recorder, "validation/predicted", scatter())
        add_picture(recorder, "validation/confusion", confusion(3))
        recorder.media("coefficients", b"name,value", suffix=".csv", kind="coefficients")
        recorder.media("first filter", b"GIF89a", suffix=".gif", kind="image", caption="after training")
    page.goto(f"/runs/{recorder.id}")
    expect(page.get_by_role("img", name="Predicted against true").locator("canvas")).to_be_visible()
    expect(page.get_by_text("after training")).to_be_visible()
    expect(page.get_by_role("table", name="Confusion matrix: rows true, columns predicted")).to_be_attached()
    page.get_by_role("link", name="Media").click()  # a kind of the user's own is a file to open
    expect(page.get_by_role("link", name="coefficients")).to_have_attribute("href", re.compile(r"/media/\w+\.csv$"))


def test_an_unknown_run_and_an_unknown_page_say_so(home: Path, watched: "object") -> None:
    page = watched.page  # type: ignore[attr-defined]
    page.goto("/runs/0123456789abcdef")
    expect(page.get_by_role("alert")).to_contain_text("There is no run '0123456789abcdef'")
    # The browser itself reports the 404 that was asked for.
    watched.wrong[:] = [wrong for wrong in watched.wrong if "404" not in wrong]  # type: ignore[attr-defined]


def test_dark_follows_the_system_while_the_page_is_open(page: Page, three: list[RunRecorder]) -> None:
    page.goto(f"/runs/{three[0].id}")
    expect(page.locator("canvas").first).to_be_visible()
    background = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"{background} === 'rgb(19, 20, 22)'")
    expect(page.locator("canvas").first).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_the_window(page: Page, three: list[RunRecorder], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    paths = ["/", f"/runs/{three[0].id}", f"/compare?runs={three[0].id},{three[1].id},{three[2].id}"]
    for path in paths:
        page.goto(path)
        expect(page.locator("main h1")).to_be_visible()
        page.wait_for_load_state("load")
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), path


def odd_values() -> dict[str, list[float]]:
    """Metrics that are hard to draw."""
    nan, inf = float("nan"), float("inf")
    return {
        "one": [1.0],
        "constant": [0.0001] * 5,
        "nothing": [nan, nan],
        "endless": [inf, -inf, 1.0],
        "negative": [-1.0, -2.0, -3.0],
        "tiny": [1e-300, 1e-290],
        "huge": [1e300, -1e300],
        "loss/with/slashes": [0.0107, 0.3, 1.95],
        "__proto__": [1.0, 2.0],
        "constructor": [3.0, 2.0],
        "<b>bold & 'quoted' \"name\"</b>": [1.0, 2.0],
        "Verlust ünter Prüfung \U0001f40d": [2.0, 1.0],
    }


@pytest.mark.parametrize("query", ["", "?y=log&smoothing=0.9", "?x=time&y=log"])
def test_odd_runs_break_no_page(page: Page, home: Path, query: str) -> None:
    with training(home, name="<i>odd</i>", project="a/b&c=d", **{"data.name": "/a/very/long/path/" * 20}) as recorder:
        for name, values in odd_values().items():
            for step, value in enumerate(values):
                recorder.log({name: value}, step=step - 1)
        recorder.params({"text": "x" * 3000, "nested": {"a": [1, None]}, "<script>": "alert(1)"})
        recorder.tag(a="", b="<b>")
        recorder.note("one\ntwo <b>")
        add_picture(recorder, "nothing", pictures.Points(title="", x="", y="", groups=()))
        add_picture(
            recorder, "gaps", pictures.Curve(title="g", x="x", y="y", lines=(("a", (1.0, 2.0), (float("nan"), 2.0)),))
        )
        add_picture(recorder, "empty", pictures.Matrix(title="e", x="", y="", columns=(), rows=(), values=()))
    page.goto("/")
    expect(page.get_by_role("link", name="<i>odd</i>")).to_be_visible()
    page.goto(f"/runs/{recorder.id}{query}")
    for name in odd_values():
        expect(page.locator("figcaption b").get_by_text(name, exact=True)).to_be_visible()
    expect(page.locator("figure canvas").nth(len(odd_values()) - 1)).to_be_visible()
    page.goto(f"/compare{query or '?'}&runs={recorder.id}")
    expect(page.get_by_role("heading", name="1 run compared")).to_be_visible()
    page.goto(f"/runs/{recorder.id}?tab=recipe")
    expect(page.get_by_text("[data]")).to_be_visible()


def test_a_zoomed_plot_asks_for_the_points_of_its_range(page: Page, home: Path) -> None:
    with training(home, name="long-loon-1") as recorder:
        for step in range(20_000):
            recorder.log({"train/loss": step % 50}, step=step)
        recorder.state("done")
    page.goto(f"/runs/{recorder.id}")
    figure = page.get_by_role("figure", name="loss up to step 19,999")
    box = figure.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 50, steps=5)
    with page.expect_response(re.compile("from=")) as answer:
        page.mouse.up()
    steps = answer.value.json()["series"][0]["steps"]
    assert 900 < len(steps) <= 2000
    assert steps == list(range(steps[0], steps[-1] + 1))  # each that was logged
    assert 4900 < steps[0] < 5100
    before = figure.locator("canvas").screenshot()
    figure.locator(".u-over").dblclick()
    expect(figure).to_be_visible()
    assert figure.locator("canvas").screenshot() != before
