"""The walk of a user: train while the page is open, see the curve grow, stop, see it stopped."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

LOSS = "figure[aria-label^='loss ']"
GREW = f'before => document.querySelector("{LOSS}").ariaLabel !== before'


def test_training_is_seen_while_it_happens_and_when_it_is_stopped(page: Page, home: Path, tmp_path: Path) -> None:
    page.goto("/")
    expect(page.get_by_text("glia train digits")).to_be_visible()
    command = [sys.executable, "-m", "glia", "train", "digits", "--model", "mlp", "--epochs", "2000"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as training:
        try:
            row = page.locator("tbody tr").first
            expect(row).to_contain_text("running")
            row.get_by_role("link").click()
            loss = page.locator(LOSS)
            expect(loss).to_be_visible()
            for _ in range(3):
                page.wait_for_function(GREW, arg=loss.get_attribute("aria-label"))
            training.send_signal(signal.SIGINT)
            expect(page.locator("main header").get_by_text("stopped")).to_be_visible()
        finally:
            training.kill()
    page.get_by_role("link", name="Recipe").click()
    expect(page.get_by_text("epochs = 2000")).to_be_visible()
    page.get_by_role("link", name="Source").click()
    expect(page.get_by_text("glia train digits --model mlp --epochs 2000")).to_be_visible()
    page.get_by_role("link", name="Console").click()
    expect(page.locator("ol li").first).to_be_visible()
    page.get_by_role("link", name="Environment").click()
    expect(page.get_by_text("torch", exact=False).first).to_be_visible()
