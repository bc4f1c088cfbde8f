"""What one process writes of a run: a segment, and the next one when that takes no more."""

import contextlib
import itertools
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from glia.tracking.log.marks import slots_of
from glia.tracking.log.records import Record, StreamRecord, to_text
from glia.tracking.log.writer import SegmentClosed, SegmentWriter

Append = Callable[[int, int, int, float], None]


class Writing(Protocol):
    """Whoever writes numbers into a journal."""

    def after_fork(self) -> None:
        """This is a child of the process that wrote so far: its streams are not ours."""


class Journal:
    """The log of a run as this process writes it. Safe for threads; a forked child goes on in a segment of its own.

    Args:
        folder: `runs/<id>`.

    Attributes:
        lock: held while something is written that must not be torn apart.
        latest: time of the last record: a clock that is set back does not bring old facts back.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.latest = 0
        self.writing: weakref.WeakSet[Writing] = weakref.WeakSet()
        self._ids = itertools.count(1)
        self._writer: SegmentWriter | None = None
        _open_journals.add(self)

    def segment(self) -> SegmentWriter:
        """The segment that is written to."""
        with self.lock:
            if self._writer is None:
                folder = self.folder / "log"
                with contextlib.suppress(OSError):
                    folder.mkdir(exist_ok=True)
                count = sum(1 for _ in folder.glob("*.log"))
                self._writer = SegmentWriter(folder / f"{count + 1}-{os.urandom(4).hex()}.log")
                _open_writers.add(self._writer)
            return self._writer

    def say(self, record: Record, about: Mapping[str, int]) -> None:
        """Write a record; its time is set here, and whose it is."""
        with self.lock:
            self.latest = max(time.time_ns(), self.latest + 1)
            text = to_text(replace(record, time=self.latest, **about))
            while True:
                writer = self.segment()
                try:
                    writer.text(text)
                except SegmentClosed:
                    self.forget(writer.append)
                else:
                    return

    def begin_stream(self, record: StreamRecord) -> tuple[int, Append]:
        """Name a number, which is found here; that and what writes its values."""
        with self.lock:
            record = replace(record, id=next(self._ids), time=time.time_ns())
            while True:
                writer = self.segment()
                try:
                    writer.text(to_text(record))
                except SegmentClosed:
                    self.forget(writer.append)
                else:
                    return record.id, writer.append

    def forget(self, append: Append) -> None:
        """Begin another segment, unless somebody has already since this one was closed."""
        with self.lock:
            if self._writer is not None and self._writer.append == append:
                _open_writers.discard(self._writer)
                self._writer = None

    def lengths(self) -> dict[str, int]:
        """By segment of the run, whoever writes it: so many slots."""
        own = self.segment()
        slots = {own.path.name: own.position}
        with contextlib.suppress(OSError):
            for path in (self.folder / "log").glob("*.log"):
                if path != own.path:
                    slots[path.name] = slots_of(path)
        return slots

    def close(self, timeout: float) -> None:
        """Close the segment within so many seconds; what is written from now on begins another."""
        with self.lock:
            writer, self._writer = self._writer, None
        if writer is not None:
            writer.close(timeout)
            _open_writers.discard(writer)

    def after_fork(self) -> None:
        """For a forked child: leave the segment to the parent."""
        self.lock = threading.RLock()
        writer, self._writer = self._writer, None
        for each in list(self.writing):
            each.after_fork()
        if writer is not None:
            writer.abandon()


def close_all(deadline: float) -> None:
    """Close the segments that are still open, also those whose journal nobody refers to any more.

    Args:
        deadline: the monotonic clock's time at which this returns.
    """
    for writer in list(_open_writers):
        writer.close(max(0.0, deadline - time.monotonic()))


_open_journals: "weakref.WeakSet[Journal]" = weakref.WeakSet()
_open_writers: set[SegmentWriter] = set()


def _after_fork() -> None:
    _open_writers.clear()
    for journal in list(_open_journals):
        journal.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
