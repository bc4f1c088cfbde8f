"""Runs recorded by tests, closed whatever happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glia.tracking.recording.recorder import RunRecorder


@contextmanager
def recording(home: Path, *, project: str = "tests", **options: Any) -> Iterator[RunRecorder]:
    """A run that is recorded; the block may end it."""
    recorder = RunRecorder.create(home, project=project, **options)
    try:
        yield recorder
    finally:
        recorder.close()
