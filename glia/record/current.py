"""Which run `glia.log` records into: the one begun last that has not ended."""

import os
import re
import threading
from typing import TYPE_CHECKING

from glia.errors import NotFoundError

if TYPE_CHECKING:
    from glia.record.run import Run

PARENT = "GLIA_PARENT"
"""The environment variable by which a program hears that it runs inside a run: that run's id."""

_everywhere: list["Run"] = []  # begun and not ended, of all threads
_here = threading.local()  # .runs: those begun in this thread
_guard = threading.Lock()


def enter(run: "Run") -> "Run":
    """Make `run` the current one, of this thread and of threads that begin none."""
    with _guard:
        _everywhere.append(run)
    _here.runs = [*getattr(_here, "runs", []), run]
    return run


def leave(run: "Run") -> None:
    """The run is over: the one begun before it is current again."""
    with _guard:
        if run in _everywhere:
            _everywhere.remove(run)


def innermost() -> "Run | None":
    """The run begun last in this thread that has not ended, or else the one begun last in any; None without any."""
    _here.runs = [run for run in getattr(_here, "runs", []) if run in _everywhere]
    return next((runs[-1] for runs in (_here.runs, _everywhere) if runs), None)


def current() -> "Run":
    """The innermost run.

    Raises:
        NotFoundError: there is none.
    """
    run = innermost()
    if run is None:
        raise NotFoundError("No run is being recorded. Begin one with glia.start() before glia.log().")
    return run


def outer() -> str | None:
    """The id of the run that one begun now is part of: the innermost, or that of the program around this one."""
    run = innermost()
    if run is not None:
        return run.id
    named = os.environ.get(PARENT, "")
    return named if re.fullmatch(r"[0-9a-f]{16}", named) else None
