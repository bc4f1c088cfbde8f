"""Runs recorded by tests, closed whatever happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glia.tracking.recording.recorder import RunRecorder
from glia.tracking.recording.study import StudyRecorder


@contextmanager
def recording(home: Path, *, project: str = "tests", **options: Any) -> Iterator[RunRecorder]:
    """A run that is recorded; the block may end it."""
    recorder = RunRecorder.create(home, project=project, **options)
    try:
        yield recorder
    finally:
        recorder.close()


@contextmanager
def studying(home: Path, *, project: str = "tests", **options: Any) -> Iterator[StudyRecorder]:
    """A study that is recorded; the block may end it."""
    recorder = StudyRecorder.create(home, project=project, **options)
    try:
        yield recorder
    finally:
        recorder.close()


def searched(home: Path, trials: int, **options: Any) -> Path:
    """A study that has ended, with so many trials: trial n has the rate 0.1 n and comes to the loss 1 / (n + 1)."""
    with studying(home, **options) as study:
        study.log({"best": 0.5})
        for number in range(trials):
            trial = study.begin(number, {"rate": 0.1 * number}, by="grid")
            trial.define("loss", "lower")
            trial.log({"loss": 2 / (number + 1)}, step=1)
            trial.log({"loss": 1 / (number + 1)}, step=2)
            trial.end(value=1 / (number + 1))
        study.state("done")
    return study.folder
