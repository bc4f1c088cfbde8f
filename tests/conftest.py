"""What holds for every test: a home of its own, one thread per worker, no network, and a count of what was skipped."""

import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported; subprocesses inherit it
    os.environ["OMP_NUM_THREADS"] = "1"

import hypothesis
import pytest

LOOPBACK = re.compile(r"127\..*|::ffff:127\..*|::1|::|0\.0\.0\.0|localhost|")
NEEDS_MIRROR = "GLIA_MIRROR is not set to a folder of data sets"

# A busy machine is no reason for a red test.
hypothesis.settings.register_profile("glia", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("glia")


@pytest.fixture(scope="session", autouse=True)
def _clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's settings, colours and caches stay out of the tests, and the tests out of them."""
    unwanted = {"FORCE_COLOR", "PY_COLORS", "CLICOLOR_FORCE", "GITHUB_ACTIONS"}
    unwanted |= {name for name in os.environ if name.startswith("GLIA_")} - {"GLIA_MIRROR"}
    with pytest.MonkeyPatch.context() as patch:
        for name in unwanted:
            patch.delenv(name, raising=False)
        patch.setenv("NO_COLOR", "1")
        patch.setenv("GLIA_MACHINE", "0")  # what is recorded must not depend on how long a test takes
        patch.setenv("MPLBACKEND", "agg")
        patch.setenv("GLIA_HOME", str(tmp_path_factory.mktemp("session") / ".glia"))
        patch.setenv("GLIA_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `.glia` folder of this test; it is made by whoever writes first."""
    folder = tmp_path_factory.mktemp("home") / ".glia"
    monkeypatch.setenv("GLIA_HOME", str(folder))
    return folder


@pytest.fixture
def mirror() -> Path:
    """The folder of data sets named by `GLIA_MIRROR`; without one the test is skipped."""
    folder = os.environ.get("GLIA_MIRROR", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip(NEEDS_MIRROR)
    return Path(folder)


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """A connection that would leave this machine fails the test, even where the code catches every exception."""

    def guarded(name: str) -> Any:
        original = getattr(socket.socket, name)

        def connect(self: socket.socket, address: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and not LOOPBACK.fullmatch(str(address[0])):
                self.close()
                pytest.fail(f"Tests do not touch the network, but something connects to {address[0]}:{address[1]}.")
            return original(self, address)

        return connect

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded("connect"))
        patch.setattr(socket.socket, "connect_ex", guarded("connect_ex"))
        yield


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips tests marked `mirror` where there is none."""
    if item.get_closest_marker("mirror") and not Path(os.environ.get("GLIA_MIRROR") or "/dev/null").is_dir():
        pytest.skip(NEEDS_MIRROR)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how many tests were skipped for want of the mirror, so that a green run is not mistaken for a whole one."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if "GLIA_MIRROR" in str(report.longrepr)]
    if os.environ.get("GLIA_MIRROR") or skipped:
        terminalreporter.write_line(f"Skipped for want of the mirror (GLIA_MIRROR): {len(skipped)} tests.")
