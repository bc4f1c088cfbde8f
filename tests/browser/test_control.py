"""Stopping, deleting, tagging and the registry as a person uses them, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from glia.server.serving import Server
from glia.store.registry import Registry
from glia.tracking.folder.reader import RunReader
from tests.server.recorded import finish, log_epochs, training
from tests.tracking.children import child, lines

pytestmark = pytest.mark.browser

TRAINING = """
import glia

glia.train("iris", epochs=1_000_000, settings={"model.hidden": [4]},
           on={"FitStarted": lambda event: print(glia.runs()[0].folder, flush=True)})
"""


def ended(home: Path, name: str) -> str:
    with training(home, name=name) as recorder:
        log_epochs(recorder, range(1, 3))
        finish(recorder, best_epoch=2, values={})
    return recorder.id


def test_the_stop_button_stops_a_real_training_but_only_with_the_key(page: Page, server: Server) -> None:
    with child(TRAINING) as process:
        reader = RunReader(Path(next(lines(process))))
        page.goto(f"/runs/{reader.id}")
        stop = page.get_by_role("button", name="Stop")
        expect(stop).to_be_disabled()
        expect(stop).to_have_accessible_description(re.compile("open the address that `glia serve` printed"))
        refused = page.evaluate(f"fetch('/api/v1/runs/{reader.id}/stop', {{method: 'POST'}}).then((a) => a.status)")
        assert refused == 401
        assert RunReader(reader.folder).wish is None

        page.goto("about:blank")
        page.goto(server.address.replace("/#", f"/runs/{reader.id}#"))
        expect(page).to_have_url(f"{server.url}/runs/{reader.id}")  # the key is not in sight any more
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("group", name=f"Stop {reader.name}?").get_by_role("button", name="Yes").click()
        expect(page.locator("header").get_by_text("stopped", exact=True)).to_be_visible()
        expect(page.locator("header").get_by_text(re.compile("asked by .* in the pages"))).to_be_visible()
        assert process.wait(60) == 0
    assert (reader.folder / "checkpoints" / "last.safetensors").is_file()


@pytest.fixture(autouse=True)
def _expected_refusals(watched) -> None:  # type: ignore[no-untyped-def]
    """A refusal that a test asks for is also a line in the browser's console."""
    allowed = re.compile(r"status of (401|409)")
    original = watched.on_console
    watched.page.remove_listener("console", original)
    watched.page.on("console", lambda message: None if allowed.search(message.text) else original(message))


def test_runs_are_deleted_from_their_page_and_from_the_table(page: Page, server: Server, home: Path) -> None:
    first, second, third = (ended(home, name) for name in ("calm-otter-17", "brave-lynx-4", "mild-heron-9"))
    Registry(home).set("faces@champion", third, by="ann")
    page.goto(server.address.replace("/#", f"/runs/{first}#"))
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="No").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Yes").click()
    expect(page).to_have_url(f"{server.url}/runs")
    expect(page.locator("tbody tr")).to_have_count(2)
    for name in ("brave-lynx-4", "mild-heron-9"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.get_by_role("button", name="Delete 2").click()
    page.get_by_role("button", name="Yes").click()
    expect(page.get_by_role("alert")).to_contain_text("'mild-heron-9' is registered as faces@1, faces@champion")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert sorted(path.name for path in (home / "deleted").iterdir()) == sorted([first, second])


def test_tags_are_edited_without_a_key(page: Page, home: Path) -> None:
    run = ended(home, "calm-otter-17")
    page.goto(f"/runs/{run}")
    page.get_by_role("textbox", name="Add tags").fill("purpose=paper draft")
    page.keyboard.press("Enter")
    expect(page.get_by_text("purpose: paper")).to_be_visible()
    page.get_by_role("button", name="Remove the tag draft").click()
    expect(page.get_by_role("button", name="Remove the tag draft")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("purpose: paper")).to_be_visible()
    assert RunReader(home / "runs" / run).tags == {"purpose": "paper"}


def test_registered_models_lead_to_their_runs(page: Page, home: Path) -> None:
    page.goto("/")
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_text("glia registry set faces@champion RUN", exact=True)).to_be_visible()
    registry = Registry(home)
    registry.set("faces@champion", ended(home, "calm-otter-17"), by="ann")
    registry.set("faces", ended(home, "brave-lynx-4"), by="bob")
    page.reload()
    row = page.get_by_role("region", name="faces").get_by_role("row").filter(has_text="champion")
    expect(row).to_contain_text("ann")
    row.get_by_role("link", name="calm-otter-17").click()
    expect(page.get_by_role("heading", name="calm-otter-17")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("region", name="faces")).to_be_visible()
