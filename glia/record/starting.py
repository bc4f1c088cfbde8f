"""Runs of loops that are not Glia's: begun by hand, ended by hand or by the end of the program."""

import atexit
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glia.errors import ConfigError
from glia.record import checkpoints
from glia.record.current import innermost, outer
from glia.record.parameters import flattened
from glia.record.run import Run, opened
from glia.tracking.folder.home import open_home
from glia.tracking.recording.recorder import RunRecorder


def begun(*, project: str | None, name: str | None, params: Mapping[str, Any] | None) -> Run:
    """A new run that records from now on, a part of the one around it.

    Args:
        project: the outer run's, or the folder's name, if none is given.
        name: a readable one is made up if none is given.
        params: values, and objects of which they are read.
    """
    if params is not None and not isinstance(params, Mapping):
        raise ConfigError(f"params is a dict of names and values, such as {{'rate': 0.1}}, not {params!r}.")
    around = innermost()
    recorder = RunRecorder.create(
        open_home(),
        project=project or (around.project if around else Path.cwd().name),
        name=name,
        params=flattened(params or {}),
        parent=outer(),
        kind="loop",
    )
    return _recording(recorder)


def continued(reference: str) -> Run:
    """The run named, recording again from its newest checkpoint on, if it has one.

    Raises:
        ConfigError: it is still running somewhere.
    """
    run = opened(reference)
    if run.state == "running":
        raise ConfigError(f"Run '{run.name}' is running in another process; one of them would overwrite the other.")
    recorder = RunRecorder.reopen(run.folder)
    restored = checkpoints.restore(recorder)
    run = _recording(recorder)
    run.restored = restored
    return run


def _recording(recorder: RunRecorder) -> Run:
    recorder.state("running")
    run = Run(recorder.folder, recorder=recorder)
    atexit.register(_ended_with_the_program, run, os.getpid())
    return run


def _ended_with_the_program(run: Run, pid: int) -> None:
    if os.getpid() != pid:
        return  # a forked child that leaves by sys.exit; the program goes on
    error = getattr(sys, "last_value", None)
    run.__exit__(type(error) if error else None, error, None)
