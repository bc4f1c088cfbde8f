"""A search as its page shows it: what was found, and each trial as the run that it is."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import glia
from glia.server.session import session_key
from tests.browser.conftest import Watched

pytestmark = pytest.mark.browser


def test_a_study_says_what_it_found_and_leads_to_its_trials(page: Page) -> None:
    vary = {"train.learning_rate": glia.between(1e-3, 1e-1, log=True), "model.hidden": [[4], [8]]}
    study = glia.tune("iris", model="mlp", vary=vary, trials=12, epochs=2, again=0)
    page.goto(f"/runs/{study.id}")
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()
    expect(page.get_by_text(f"Best is trial {study.best.number}")).to_be_visible()
    expect(page.get_by_text("What matters")).to_be_visible()
    page.get_by_role("link", name=f"{study.name}/3", exact=True).click()
    expect(page.get_by_role("heading", name=f"{study.name}/3")).to_be_visible()
    expect(page.get_by_text("of epoch")).to_be_visible()
    page.get_by_role("link", name=study.id[:6]).click()
    expect(page.get_by_role("heading", name="What was found")).to_be_visible()


def start(command: str) -> None:
    """Run a command that a page shows, in a process of its own, to its end."""
    words = shlex.split(command)
    assert words[0] == "glia"
    done = subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_trial_by_hand_waits_for_a_process_and_is_trained_by_it(watched: Watched, home: Path) -> None:
    vary = {"train.learning_rate": glia.between(1e-3, 1e-1, log=True), "model.hidden": [[4], [8]]}
    study = glia.tune("iris", model="mlp", vary=vary, trials=4, epochs=2, again=0)
    page = watched.page
    page.goto(f"/runs/{study.id}#key={session_key(home)}")
    page.get_by_text("Try settings by hand").click()
    rate, hidden = page.get_by_role("textbox", name="train.learning_rate"), page.get_by_label("model.hidden").first
    expect(rate).to_have_value(re.compile(r"^0\.0\d{1,5}$"))  # of the best trial, rounded
    rate.fill("7")
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("alert")).to_have_text("train.learning_rate=7 is not among 0.001..0.1:log.")
    assert [said for said in watched.wrong if "422" not in said] == []
    watched.wrong.clear()
    rate.fill("0.05")
    hidden.select_option("[8]")
    page.get_by_role("button", name="Try it").click()
    waiting = page.get_by_role("row", name=re.compile("next waits since"))
    expect(waiting).to_have_count(1)
    page.get_by_role("button", name="Try it").click()
    expect(waiting).to_have_count(2)
    waiting.first.get_by_role("button", name="Take back").click()
    expect(waiting).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_text("No process works on this study. To train what you propose:")).to_be_visible()
    start(page.get_by_text("glia tune --resume").inner_text())
    tried = page.get_by_role("row", name=re.compile(r"^4 done \d"))
    expect(tried).to_be_visible()
    expect(waiting).to_have_count(0)
    [by_hand] = [each for each in study.trials if each.by_hand]
    assert (by_hand.number, by_hand.settings) == (4, {"train.learning_rate": 0.05, "model.hidden": [8]})
    tried.get_by_role("link", name="4").click()
    expect(page.get_by_role("heading", name=f"{study.name}/4")).to_be_visible()


def test_without_the_key_the_page_says_why_nothing_can_be_tried(page: Page) -> None:
    study = glia.tune("iris", model="mlp", vary={"model.hidden": [[4], [8]]}, method="grid", epochs=1, again=0)
    page.goto(f"/runs/{study.id}")
    page.get_by_text("Try settings by hand").click()
    expect(page.get_by_role("button", name="Try it")).to_be_disabled()
    form = page.get_by_role("form", name="Settings of a trial by hand")
    expect(form.get_by_text("This needs the session key")).to_be_visible()
