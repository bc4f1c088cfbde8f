"""What a program recorded, read from its folder of runs."""

import json
import subprocess
from pathlib import Path
from typing import Any

from glia.record.run import Run

PROGRAMS = Path(__file__).parent / "programs"


def runs(home: Path) -> dict[str, Run]:
    """Every run by its name."""
    return {run.name: run for run in in_order(home)}


def in_order(home: Path) -> list[Run]:
    """Every run, the first one first."""
    return sorted((Run(folder) for folder in (home / "runs").iterdir()), key=lambda run: run.created)


def told(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    """What a program that went well printed last."""
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def values(run: Run, name: str) -> list[float]:
    """Of one metric."""
    return [float(value) for value in run.metrics(name)["value"]]


def steps(run: Run, name: str) -> list[int]:
    """At which one metric was recorded."""
    return [int(step) for step in run.metrics(name)["step"]]


def writers(run: Run) -> int:
    """How many processes, or recordings after the end, wrote to the run's log."""
    return len(list((run.folder / "log").glob("*.log")))
