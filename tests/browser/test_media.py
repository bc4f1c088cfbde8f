"""What a run keeps beside its numbers, as a person looks through it."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect
from torch import nn

import glia

pytestmark = pytest.mark.browser


@pytest.fixture
def run(home: Path, tmp_path: Path) -> glia.Run:
    """A run with every kind of medium, a watched network, files, and a run inside it."""
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "vocab.txt").write_text("a b c")
    with glia.start(project="media", name="calm-otter-1") as run:
        run.watch(model, every=2)
        for step in range(1, 5):
            model(torch.ones(2, 3)).sum().backward()
            run.log(loss=1 / step, step=step)
        for step in (10, 20, 30):
            run.image("digit", np.full((8, 8), step / 30), step=step, caption=f"brightness {step}")
            run.text("story", f"At step {step}.\n<b>not bold</b>", step=step)
            run.histogram("errors", np.arange(100) * step, step=step)
            run.confusion_matrix("confusion", [0, 1, 1], [0, 1, 0], labels=["cat", "dog"], step=step)
        run.audio("tone", np.sin(np.arange(8000) / 8000 * 440 * 2 * math.pi), 8000)
        run.table("mistakes", [{"word": f"word {n}", "loss": n * 7 % 50 / 10} for n in range(50)], step=30)
        run.save_artifact(tmp_path / "tokenizer")
        with glia.start(name="inner-1"):
            pass
    return run


def test_every_kind_of_medium_is_shown_and_steps_are_chosen(page: Page, run: glia.Run) -> None:
    page.goto(f"/runs/{run.id}")
    page.get_by_role("link", name="media", exact=True).last.click()
    story = page.locator("article", has=page.get_by_role("heading", name="story"))
    expect(story).to_contain_text("At step 30.")
    expect(story).to_contain_text("<b>not bold</b>")
    expect(story).to_contain_text("step 30, 3 of 3")
    slider = story.get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    expect(story).to_contain_text("At step 20.")
    expect(slider).to_have_attribute("aria-valuetext", "step 20, 2 of 3")
    expect(page.get_by_role("img", name="brightness 30")).to_be_visible()
    expect(page.get_by_role("img", name="Confusion matrix")).to_be_visible()
    expect(page.get_by_role("img", name="errors: from 0 to 2,970 over steps 10 to 30")).to_be_visible()
    page.wait_for_function("document.querySelector('audio').duration === 1")


def test_a_table_is_paged_and_sorted(page: Page, run: glia.Run) -> None:
    page.goto(f"/runs/{run.id}?tab=media")
    table = page.locator("article", has=page.get_by_role("heading", name="mistakes"))
    expect(table.locator("tbody tr")).to_have_count(20)
    table.get_by_role("button", name="Next").click()
    expect(table).to_contain_text("21–40 of 50")
    table.get_by_role("button", name="loss").click()
    expect(table.locator("tbody tr").first).to_contain_text("word 0")
    table.get_by_role("button", name="loss").click()
    expect(table.locator("tbody tr").first).to_contain_text("4.9")


def test_layers_files_and_runs_inside(page: Page, run: glia.Run, tmp_path: Path) -> None:
    page.goto(f"/runs/{run.id}?tab=layers")
    expect(page.get_by_role("figure", name="gradient norm")).to_be_visible()
    expect(page.get_by_role("img", name="watch/0/weights")).to_be_visible()
    page.get_by_role("button", name="gradients").click()
    expect(page.get_by_role("img", name="watch/0/gradients")).to_be_visible()
    page.get_by_role("link", name="files", exact=True).click()
    page.get_by_text("tokenizer/").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="vocab.txt").click()
    download.value.save_as(tmp_path / "saved.txt")
    assert download.value.suggested_filename == "vocab.txt"
    assert (tmp_path / "saved.txt").read_text() == "a b c"
    page.get_by_role("link", name="overview", exact=True).click()
    page.get_by_role("link", name="inner-1").click()
    expect(page.get_by_role("heading", name="inner-1")).to_be_visible()
    page.locator("dd a", has_text=run.id[:6]).click()
    expect(page.get_by_role("heading", name="calm-otter-1")).to_be_visible()
