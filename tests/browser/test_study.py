"""A search as its page shows it: what was found, and each trial as the run that it is."""

import pytest
from playwright.sync_api import Page, expect

import glia

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
