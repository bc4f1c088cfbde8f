import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from glia.server import pages
from glia.server.serving import Server, serve

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
ROOT = Path(__file__).parents[2]
PATIENCE_MILLISECONDS = 30_000  # a busy machine is no reason for a red test

expect.set_options(timeout=PATIENCE_MILLISECONDS)


def _missing() -> str:
    if not shutil.which(CHROMIUM):
        return f"there is no Chromium at {CHROMIUM}: install it, or name it in CHROMIUM"
    return "" if pages.are_built() else "the pages are not built: make ui"


@pytest.fixture(scope="module")  # not longer: while it is open, an event loop runs in this thread
def browser() -> Iterator[Browser]:
    """Chromium; without it, or without built pages, tests are skipped, but fail in CI."""
    if missing := _missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    arguments = [*ARGUMENTS, "--no-sandbox"] if hasattr(os, "getuid") and os.getuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@dataclass
class Watched:
    """A page of the browser, and what went wrong in it."""

    page: Page
    url: str
    wrong: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(f"{message.type}: {message.text}")

    def on_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # which is what the page itself leaves by going elsewhere
            self.wrong.append(f"{request.url}: {request.failure}")


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    home.mkdir(parents=True, exist_ok=True)
    with serve(home, port=0) as running:
        yield running


@pytest.fixture
def watched(browser: Browser, server: Server) -> Iterator[Watched]:
    """A fresh page; at the end nothing may have gone wrong in it."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900}, color_scheme="light")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    watched = Watched(context.new_page(), server.url)
    watched.page.on("console", watched.on_console)
    watched.page.on("pageerror", lambda error: watched.wrong.append(f"exception: {error}"))
    watched.page.on("requestfailed", watched.on_failure)
    yield watched
    context.close()
    assert watched.wrong == []


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


@dataclass
class Writer:
    """A training program beside the server; each `epoch()` lets it log one more."""

    process: "subprocess.Popen[str]"
    run: str

    def epoch(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@pytest.fixture
def writer(home: Path, server: Server) -> Iterator[Writer]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.browser.writer", str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        yield Writer(process, process.stdout.readline().strip())
        if process.poll() is None:
            process.kill()
