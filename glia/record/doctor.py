"""Everything that `glia doctor` looks at: this installation, the `.glia` folder, the runs in it."""

import errno
import platform
import re
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from glia.errors import counted
from glia.tracking.folder.home import find_home, find_run, run_folders
from glia.tracking.upkeep import health
from glia.tracking.upkeep.findings import Finding, ok, problem, warning
from glia.tracking.upkeep.verifying import check_runs

OLDEST_PYTHON = (3, 11)
PORT = 7007
PAGES = Path(__file__).parent.parent / "server" / "static" / "index.html"
MOST_SKEW_SECONDS = 60.0


def examine(run: str | None = None) -> Iterator[Finding]:
    """What is found, as it is found.

    Args:
        run: look at this run only, instead of at everything.

    Raises:
        NotFoundError: no such run.
    """
    home = find_home()
    if run is not None and home is not None:
        yield from check_runs(home, find_run(home, run))
        return
    yield from _check_installation()
    if home is None:
        yield ok("folder", "none yet: the first run makes .glia here")
        return
    for check in (
        health.check_place,
        health.check_speed,
        health.check_database,
        health.check_leftovers,
        _check_clock,
        check_runs,
    ):
        yield from check(home)


def _check_installation() -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        yield problem("Python", version, "Glia needs Python 3.11 or newer.")
    else:
        yield ok("Python", f"{version} on {platform.system()} {platform.release()}, {platform.machine()}")
    yield _check_torch()
    yield _check_packages()
    if PAGES.is_file():
        yield ok("pages", "built")
    else:
        yield warning("pages", "not built: glia serve shows none", "In a clone, type: make ui")
    yield _check_port()


def _check_torch() -> Finding:
    try:
        import torch

        from glia.training import devices

        device = devices.choose("auto")
        return ok("torch", f"{torch.__version__} on {devices.describe(device)}")
    except (ImportError, OSError, RuntimeError) as error:
        return problem("torch", f"cannot be used: {error}", "Install it again: pip install --force-reinstall torch")


def _check_packages() -> Finding:
    try:
        wanted = [each for each in metadata.requires("glia") or [] if "extra ==" not in each]
    except metadata.PackageNotFoundError:
        return warning("packages", "Glia runs from a folder that is not installed", "Install it: pip install -e .")
    missing = []
    for requirement in wanted:
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(requirement)
    if missing:
        return problem("packages", f"missing: {', '.join(missing)}", f"pip install {' '.join(map(repr, missing))}")
    return ok("packages", f"all {len(wanted)} there")


def _check_port() -> Finding:
    with socket.socket() as asking:
        try:
            asking.bind(("127.0.0.1", PORT))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return warning("port", f"{PORT} cannot be used: {error.strerror}", "Take another: glia serve --port N")
            return ok("port", f"{PORT} is taken, perhaps by glia serve; the next free one is used")
    return ok("port", f"{PORT} is free")


def _check_clock(home: Path) -> Iterator[Finding]:
    """A clock that was set back shows as runs, or a file written now, that come from the future."""
    now = time.time()
    newest = max((folder.stat().st_mtime for folder in run_folders(home)), default=0.0)
    if newest > now + MOST_SKEW_SECONDS:
        text = f"a run was made {counted(int(newest - now), 'second')} from now"
        yield warning("clock", text, "The clock was set back, or that of the file server goes differently.")
    else:
        yield ok("clock", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
