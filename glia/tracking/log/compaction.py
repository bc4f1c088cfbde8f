"""Makes the file of columns (`columns`) of a run that is at rest, from its log, in bounded memory.

The log stays: the columns are a cache, which may be deleted at any time. They are written under another name, synced
and renamed, so that whoever kills this leaves either none or all of them. A lock on the unfinished file, which dies
with its process, lets one at a time work at it. Where the system has no such locks (Windows) nothing is compacted.

Never call this where somebody trains: it takes a processor.
"""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glia.errors import DataError
from glia.tracking.log.column_writer import ColumnWriter
from glia.tracking.log.columns import NAME, Columns, DamagedError
from glia.tracking.log.curves import Rewound
from glia.tracking.log.liveness import is_alive, is_held
from glia.tracking.log.records import (
    ENDS,
    ChecksumRecord,
    Direction,
    RewindRecord,
    StateRecord,
    StreamRecord,
    from_text,
)
from glia.tracking.log.segment_reader import SegmentReader
from glia.tracking.log.segments import HEADER_BYTES, SLOT_BYTES, read_header
from glia.tracking.log.values import MACHINE

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LEAST_POINTS = 100_000  # below, the log itself is read in less than a tenth of a second
MOST_STREAMS = 1 << 22  # in one segment: numbers are given from 1 on, so that more are damage
HELD_POINTS = 1 << 19
UNFINISHED = f"{NAME}.new"

_Whose = tuple[int, int] | None  # of a trial its number and attempt; None: the run's own
_Part = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]

_busy: set[Path] = set()  # folders that this process works at: the lock tells only other processes
_guard = threading.Lock()


def compact(folder: Path, *, least: int = LEAST_POINTS, stopping: threading.Event | None = None) -> bool:
    """Make the columns of a run, if it is at rest and has many points that are not in columns yet.

    Args:
        folder: `runs/<id>`.
        least: fewer points are left in the log.
        stopping: once this is set, what was begun is dropped.

    Returns:
        Whether they were made. Not: nothing to do, somebody writes to the run or compacts it, no room on the disk.
    """
    try:
        if not _worth_it(folder, least) or not rests(folder):
            return False
        with _unfinished(folder) as descriptor:
            return descriptor is not None and _make(folder, descriptor, least, stopping or threading.Event())
    except (OSError, _DroppedError):
        return False


def rests(folder: Path) -> bool:
    """Whether no process of this machine writes to a run. Reads no log."""
    for path in (folder / "log").glob("*.log"):
        with contextlib.suppress(OSError, DataError), path.open("rb") as file:
            head = file.read(HEADER_BYTES)
            lock = path.with_suffix(".lock")
            if is_alive(read_header(head, str(path)).process, lock) if len(head) == HEADER_BYTES else is_held(lock):
                return False
    return True


def _make(folder: Path, descriptor: int, least: int, stopping: threading.Event) -> bool:
    def check() -> None:
        if stopping.is_set():
            raise _DroppedError

    log = _Log(folder / "log", check)
    if not log.rests or sum(log.rooms) < least:
        return False
    writer = ColumnWriter(descriptor, log.rooms, check)
    for part in _together(log.points()):
        writer.add(*part)
    footer = {
        "generation": sum(whose is None for whose, _ in log.rewound),
        "segments": log.segments,
        "directions": log.directions,
        "texts": log.texts,
        **({"trials": log.owners} if any(log.owners) else {}),
    }
    writer.finish(log.names, footer, folder)
    os.fsync(descriptor)
    if not all(SegmentReader.after(folder / "log" / name, *end) for name, end in log.segments.items()):
        return False  # somebody went on meanwhile
    (folder / UNFINISHED).replace(folder / NAME)
    _sync_folder(folder)
    return True


class _DroppedError(Exception):
    """What was begun is not wanted any more."""


class _Log:
    """A run's log read through: everything about it but its points, which `points` reads again."""

    def __init__(self, folder: Path, check: Callable[[], None]) -> None:
        self._folder, self._check = folder, check
        self.segments: dict[str, tuple[int, int]] = {}  # slots and salt
        self.texts: list[tuple[str, int, str]] = []
        self.rewound: list[tuple[_Whose, Rewound]] = []
        self._numbers: dict[tuple[_Whose, str], int] = {}  # of metrics
        self._directions: dict[int, Direction] = {}  # by number
        self._attempts: dict[int, int] = {}  # by trial the latest
        self._metrics: dict[str, NDArray[np.intp]] = {}  # by segment: stream → metric
        self._counts: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
        self._stated = StateRecord(time=-1, state="starting")
        self._lives: list[bool | None] = []
        for path in sorted(folder.glob("*.log")):
            self._read(SegmentReader(path))

    @property
    def names(self) -> list[str]:
        """The metrics, in the order in which they first came."""
        return [name for _, name in self._numbers]

    @property
    def owners(self) -> list[tuple[int, int, Direction] | None]:
        """Of each metric whose it is, if it is not the run's own: trial, attempt, direction."""
        return [
            None if whose is None else (*whose, self._directions.get(number, ""))
            for (whose, _), number in self._numbers.items()
        ]

    @property
    def directions(self) -> dict[str, Direction]:
        """The directions of the run's own metrics."""
        return {
            name: self._directions[number]
            for (whose, name), number in self._numbers.items()
            if whose is None and number in self._directions
        }

    @property
    def rooms(self) -> list[int]:
        """How many points each metric has, void ones included."""
        rooms = np.zeros(len(self._numbers), np.int64)
        for metrics, counts in self._counts:
            np.add.at(rooms, metrics, counts)
        return rooms.tolist()

    @property
    def rests(self) -> bool:
        """Whether nobody writes any more. Of one that has ended elsewhere this is believed."""
        return True not in self._lives and (None not in self._lives or self._stated.state in ENDS)

    def points(self) -> Iterator[_Part]:
        """All points that are not void, in pieces: the number of the metric, step, time, value."""
        void = np.array([whose is not None and whose[1] < self._attempts[whose[0]] for whose, _ in self._numbers], bool)
        rewound = [(self._reached(whose), each) for whose, each in self.rewound]
        for name, (slots, _) in self.segments.items():
            for news in SegmentReader(self._folder / name).refresh():
                self._check()
                metric = self._metrics[name][news.values["stream"]]
                kept = (news.numbers < slots) & ~void[metric]
                for reached, each in rewound:
                    kept &= ~(reached[metric] & each.voids(name, news.numbers, news.values["step"]))
                values = news.values[kept]
                yield metric[kept], values["step"], values["time"], values["value"]

    def _reached(self, whose: _Whose) -> NDArray[np.bool_]:
        """The metrics that a rewind reaches: never what a machine did."""
        return np.array([owner == whose and not name.startswith(MACHINE) for owner, name in self._numbers], bool)

    def _read(self, segment: SegmentReader) -> None:
        name = segment.path.name
        streams: dict[int, int] = {}  # number in this segment → metric
        counts = np.zeros(1, np.int64)
        try:
            for news in segment.refresh():
                self._check()
                for slot, text in news.texts:
                    self._hear(name, slot, text, streams)
                counts = _counted(counts, news.values["stream"])
        except DataError:
            return  # of a newer Glia, or damaged: the reader tells
        if segment.header is None:
            self._lives.append(is_held(segment.lock) or False)
            return
        self._lives.append(is_alive(segment.header.process, segment.lock))
        self.segments[name] = (segment.slots, segment.header.salt)
        used = np.flatnonzero(counts)
        for stream in used.tolist():
            if stream not in streams:
                streams[stream] = self._number(None, f"unnamed/{stream}")
        table = np.zeros(len(counts), np.intp)
        table[used] = [streams[stream] for stream in used.tolist()]
        self._metrics[name] = table
        self._counts.append((table[used], counts[used]))

    def _hear(self, name: str, slot: int, text: bytes, streams: dict[int, int]) -> None:
        record = from_text(text)
        if isinstance(record, ChecksumRecord):
            return
        whose = None
        if record is not None and record.trial is not None:
            whose = record.trial, record.attempt
            self._attempts[record.trial] = max(record.attempt, self._attempts.get(record.trial, record.attempt))
        if isinstance(record, StreamRecord):
            streams[record.id] = self._number(whose, record.name)
            if record.direction in ("higher", "lower", ""):
                self._directions[streams[record.id]] = record.direction
            return
        if isinstance(record, RewindRecord):
            self.rewound.append((whose, Rewound(record.step, record.slots, record.since)))
        elif isinstance(record, StateRecord) and whose is None and record.time >= self._stated.time:
            self._stated = record
        self.texts.append((name, slot, text.decode()))

    def _number(self, whose: _Whose, name: str) -> int:
        return self._numbers.setdefault((whose, name), len(self._numbers))


def _counted(counts: NDArray[np.int64], streams: NDArray[Any]) -> NDArray[np.int64]:
    if streams.max(initial=0) >= MOST_STREAMS:
        raise _DroppedError
    more = np.bincount(streams, minlength=len(counts))
    more[: len(counts)] += counts
    return more


def _together(parts: Iterator[_Part]) -> Iterator[_Part]:
    """Small pieces joined: of a hundred thousand metrics each piece holds few points of each."""
    held: list[_Part] = []
    for part in parts:
        held.append(part)
        if sum(len(each[0]) for each in held) >= HELD_POINTS:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(parts: list[_Part]) -> _Part:
    metric, step, time, value = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return metric, step, time, value


def _worth_it(folder: Path, least: int) -> bool:
    """Whether columns would spare much reading, judged without reading much."""
    files = {path.name: path for path in (folder / "log").glob("*.log")}
    try:
        known = Columns(folder / NAME).segments
    except (FileNotFoundError, DamagedError):
        known = {}
    if not all(name in files and SegmentReader.after(files[name], *end) for name, end in known.items()):
        known = {}
    fresh = [path for name, path in files.items() if name not in known]
    if sum((path.stat().st_size - HEADER_BYTES) // SLOT_BYTES for path in fresh) >= least:
        return True
    return bool(known) and any(_rewinds(path) for path in fresh)


def _rewinds(path: Path) -> bool:
    with contextlib.suppress(DataError):
        return any(
            isinstance(record, RewindRecord) for news in SegmentReader(path).refresh() for _, record in news.records
        )
    return False


@contextlib.contextmanager
def _unfinished(folder: Path) -> Iterator[int | None]:
    """An empty file that only this thread works at; None if somebody works at it already."""
    if fcntl is None:
        yield None
        return
    with _guard:
        taken = folder in _busy
        _busy.add(folder)
    if taken:
        yield None
        return
    path = folder / UNFINISHED
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is(path, descriptor):  # its maker has finished or dropped it meanwhile
                yield None
                return
            os.ftruncate(descriptor, 0)
            try:
                yield descriptor
            finally:
                if _is(path, descriptor):
                    path.unlink()
        finally:
            os.close(descriptor)
    finally:
        _busy.discard(folder)


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
