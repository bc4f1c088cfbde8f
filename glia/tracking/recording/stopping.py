"""Stopping a run from outside: a wish written to its log, heard by the process that records it.

Any process that can write the folder may ask: `glia runs stop`, the run page. The recording process looks for new
remarks when its loop asks `should_stop`, once a second at most, so that nothing is watched on behalf of a loop that
never asks and `log()` costs nothing more. What was asked before the run (or its resumption) began is not heard.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from glia.errors import ConfigError, DataError, StoreError
from glia.tracking.folder.home import TRIAL, brief
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.liveness import START_TOLERANCE_SECONDS, Process, is_alive, this_process
from glia.tracking.log.records import StateRecord, StopRecord
from glia.tracking.log.remarks import ENDING
from glia.tracking.log.segment_reader import SegmentReader

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_READS = 0.1
SECONDS_TO_COMPLY = 10.0  # after SIGTERM: enough for a checkpoint
LIVE = frozenset({"queued", "starting", "running", "unreachable"})


class Listener:
    """Hears whether somebody asked a run to stop since this listener was made. Any thread may ask.

    Args:
        folder: `runs/<id>`.
        clock: seconds, from any beginning.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = folder / "log"
        self._clock = clock
        self._known = set(_remarks(self._log))
        self._due = clock() + SECONDS_BETWEEN_LOOKS
        self.wish: StopRecord | None = None

    def look(self) -> StopRecord | None:
        """The wish, once there is one; looks into the folder once a second."""
        if self.wish is None and self._clock() >= self._due:
            self._due = self._clock() + SECONDS_BETWEEN_LOOKS
            for name in _remarks(self._log):
                if name not in self._known:
                    self._read(name)
        return self.wish

    def _read(self, name: str) -> None:
        try:
            said = [record for news in SegmentReader(self._log / name).refresh() for _, record in news.records]
        except (OSError, DataError):
            return
        wishes = [record for record in said if isinstance(record, StopRecord) and not record.heard]
        self.wish = wishes[-1] if wishes else self.wish
        if said:  # else it is about to be written
            self._known.add(name)


def ask_to_stop(reader: RunReader, reason: str) -> bool:
    """Ask a run to stop; false if it has ended already, so that there is nothing to ask.

    Args:
        reader: the run, up to date.
        reason: who asks and why, shown as the reason of the state `stopped`.

    Raises:
        ConfigError: it is a trial, which ends with its study.
        StoreError: its folder cannot be written.
    """
    if reader.state not in LIVE:
        return False
    if reader.kind == TRIAL:
        study = brief(reader.parent or "")
        raise ConfigError(f"'{reader.name}' is a trial: it is stopped with its study. Type: glia runs stop {study}")
    reader.remark(StopRecord(reason=reason))
    return True


def wait_for_end(reader: RunReader, seconds: float) -> bool:
    """Whether the run has ended, at the latest after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        reader.refresh()
        if reader.state not in LIVE:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(SECONDS_BETWEEN_READS)


def end_by_force(reader: RunReader, reason: str, *, patience: float = SECONDS_TO_COMPLY) -> None:
    """End the process that records a run: SIGTERM, and SIGKILL if that does not help in time.

    A run that ends with words of its own keeps them; of one that does not, this says that it was stopped.

    Raises:
        ConfigError: the process runs on another machine or in another container, or it is this one.
        StoreError: this user may not end it.
    """
    recorder, lock = reader.witness
    process = _found(reader, recorder)
    used = "SIGTERM"
    try:
        process.send_signal(signal.SIGTERM)
        if not _gone(recorder, lock, patience):
            used = "SIGKILL"
            process.kill()
            _gone(recorder, lock, patience)
    except psutil.NoSuchProcess:
        pass
    except psutil.AccessDenied:
        raise StoreError(f"Process {recorder.pid} of run '{reader.name}' belongs to somebody else.") from None
    reader.refresh()
    if reader.state == "crashed":
        reader.remark(StateRecord(state="stopped", reason=f"{used}, {reason}"))
        reader.refresh()


def _found(reader: RunReader, recorder: Process) -> psutil.Process:
    """The process, if its number and start time say that it is that one."""
    here = this_process()
    if recorder.pid == here.pid and recorder.host == here.host:
        raise ConfigError(f"Run '{reader.name}' is recorded by this very process. End it with run.end('stopped').")
    if recorder.host != here.host or recorder.boot != here.boot:
        raise ConfigError(
            f"Run '{reader.name}' is recorded by process {recorder.pid} on '{recorder.host}', and this is "
            f"'{here.host}'. End it over there."
        )
    try:
        process = psutil.Process(recorder.pid)
        if not recorder.start or abs(process.create_time() - recorder.start) < START_TOLERANCE_SECONDS:
            return process
    except psutil.NoSuchProcess:
        pass
    raise ConfigError(f"Process {recorder.pid} of run '{reader.name}' is gone; its number may be another's now.")


def _gone(recorder: Process, lock: Path, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while is_alive(recorder, lock):
        if time.monotonic() >= deadline:
            return False
        time.sleep(SECONDS_BETWEEN_READS)
    return True


def _remarks(log: Path) -> list[str]:
    try:
        return [name for name in os.listdir(log) if name.endswith(ENDING)]
    except OSError:
        return []
