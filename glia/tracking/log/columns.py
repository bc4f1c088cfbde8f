"""The columns of a run: what its log says, in an order made for reading. A cache that may be deleted at any time.

One file beside the log, `metrics.columns`, made once a run is at rest (`compaction`). The segments stay the truth: the
file names what it was made of, and is ignored where they say something else or more.

    head     64 bytes: magic "GLIACOL1", zeros
    columns  of each metric: step i64[room], time_ns i64[room], value f64[room]; by step and then time, void points
             left out
    tiles    of each metric with many points, level by level from fine to coarse: points of 32 bytes,
             index i64 · step i64 · time_ns i64 · value f64; of each `size` points the least, the greatest and the first
             that is not finite
    tables   METRICS and LEVELS: where the columns and tiles of each metric are
    sums     CRC-32 u32 of each 64 KiB of what stands before
    footer   JSON: segments, names and directions of metrics, texts of the log, places of the tables; of a study's
             metrics also whether they are a trial's: null, or [trial, attempt, direction]
    end      32 bytes: place of the footer u64, its length u64, its CRC-32 u32, zeros u32, magic

All integers are little-endian. Of each column the first `count` of `room` rows are used.
"""

import bisect
import json
import os
import struct
import weakref
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glia.errors import DataError
from glia.tracking.log.records import Direction
from glia.tracking.log.sinks import read_at

NAME = "metrics.columns"
MAGIC = b"GLIACOL1"
FORMAT = 1
HEAD_BYTES = 64
BLOCK_BYTES = 64 << 10
END = struct.Struct("<QQII8s")
METRICS = np.dtype(
    [
        ("place", "<u8"),
        ("room", "<u8"),
        ("count", "<u8"),
        ("last_step", "<i8"),
        ("last_time", "<i8"),
        ("last_value", "<f8"),
        ("newest", "<i8"),  # the latest time
        ("levels", "<u8"),  # how many rows of LEVELS are about it
    ]
)
LEVELS = np.dtype([("place", "<u8"), ("count", "<u8"), ("size", "<u8")])
POINTS = np.dtype([("index", "<i8"), ("step", "<i8"), ("time", "<i8"), ("value", "<f8")])

Points = NDArray[np.void]
"""An array of the type `POINTS`."""


@dataclass(frozen=True)
class Owner:
    """Whose a metric is, the run's own or a trial's, and its direction."""

    trial: int | None
    attempt: int
    direction: Direction


class DamagedError(DataError):
    """A file of columns that is not what was written."""


class Columns:
    """An open file of columns. What is read of it is checked first; `close` happens by itself.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: there is none.
        DamagedError: it is no such file, damaged, or made by a newer Glia.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self._descriptor)
        self.bytes = os.fstat(self._descriptor).st_size
        try:
            footer = self._footer()
            self.generation = int(footer["generation"])
            self.segments: dict[str, tuple[int, int]] = {
                name: (slots, salt) for name, (slots, salt) in footer["segments"].items()
            }
            self.texts: list[tuple[str, int, str]] = [(name, slot, text) for name, slot, text in footer["texts"]]
            self.names: list[str] = footer["names"]
            directions: dict[str, Direction] = footer["directions"]
            self.owners = [
                Owner(*(owner or (None, 1, directions.get(name, ""))))
                for name, owner in zip(self.names, footer.get("trials") or [None] * len(self.names), strict=True)
            ]
            place, count, checksum = footer["sums"]
            self._sums = np.frombuffer(self._checked(place, 4 * count, checksum), "<u4")
            self._known = np.zeros(count, bool)  # blocks that were found to be what was written
            self._end = place
            self._metrics = self.rows(METRICS, *footer["metrics"])
            self._levels = self.rows(LEVELS, *footer["levels"])
            if len(self._metrics) != len(self.names):
                raise self._damaged("its names and its table are of different lengths")
        except (KeyError, TypeError, ValueError, OverflowError, struct.error) as error:
            if isinstance(error, DamagedError):
                raise
            raise self._damaged(repr(error)) from None
        self._first_level = np.concatenate([[0], np.cumsum(self._metrics["levels"])]).astype(np.int64)

    def metrics(self) -> "Iterator[tuple[str, Owner, Column]]":
        """Name, owner and columns of each metric, in the order in which the metrics first came."""
        fields = ("count", "last_step", "last_time", "last_value", "newest")
        facts = zip(*(self._metrics[field].tolist() for field in fields), strict=True)
        for number, (count, step, time, value, newest) in enumerate(facts):
            column = Column(self, number, count, (step, time, value), newest)
            yield self.names[number], self.owners[number], column

    def table(self, metric: int) -> tuple[Any, Points]:
        """The rows of METRICS and LEVELS about a metric."""
        return self._metrics[metric], self._levels[self._first_level[metric] : self._first_level[metric + 1]]

    def rows(self, kind: "np.dtype[Any]", place: int, count: int) -> NDArray[Any]:
        """Rows of the file, after their blocks were found to be what was written.

        Raises:
            DamagedError: they are not.
        """
        size = count * kind.itemsize
        if not 0 <= place <= place + size <= self._end:
            raise self._damaged(f"{count} rows are said to stand at {place}")
        first, after = place // BLOCK_BYTES, -(-(place + size) // BLOCK_BYTES)
        if not size or self._known[first:after].all():
            return np.frombuffer(self._read(place, size), kind)
        start = first * BLOCK_BYTES
        data = memoryview(self._read(start, min(after * BLOCK_BYTES, self._end) - start))
        for block in range(first, after):
            at = (block - first) * BLOCK_BYTES
            if zlib.crc32(data[at : at + BLOCK_BYTES]) != self._sums[block]:
                raise self._damaged(f"the {BLOCK_BYTES} bytes from {block * BLOCK_BYTES} on are not what was written")
        self._known[first:after] = True
        return np.frombuffer(data[place - start : place - start + size], kind)

    def verify(self) -> list[int]:
        """The blocks (of 64 KiB, by number) that are not what was written. Reads the whole file."""
        wrong = []
        for block, checksum in enumerate(self._sums.tolist()):
            start = block * BLOCK_BYTES
            data = read_at(self._descriptor, min(BLOCK_BYTES, self._end - start), start)
            if zlib.crc32(data) != checksum:
                wrong.append(block)
        return wrong

    def _footer(self) -> dict[str, Any]:
        if self.bytes < HEAD_BYTES + END.size or self._read(0, len(MAGIC)) != MAGIC:
            raise self._damaged("it does not begin as one")
        place, length, checksum, _, magic = END.unpack(self._read(self.bytes - END.size, END.size))
        if magic != MAGIC or place + length + END.size != self.bytes:
            raise self._damaged("its end is missing")
        footer: dict[str, Any] = json.loads(self._checked(place, length, checksum))
        if footer["format"] != FORMAT:
            raise self._damaged(f"it is in format {footer['format']}, and this Glia reads format {FORMAT}")
        return footer

    def _checked(self, place: int, size: int, checksum: int) -> bytes:
        data = self._read(place, size)
        if zlib.crc32(data) != checksum:
            raise self._damaged(f"the {size} bytes from {place} on are not what was written")
        return data

    def _read(self, place: int, size: int) -> bytes:
        parts: list[bytes] = []
        while size > 0:  # one call reads 2 GiB at most
            data = read_at(self._descriptor, size, place)
            if not data:
                raise self._damaged(f"it ends {size} bytes too early")
            parts.append(data)
            place, size = place + len(data), size - len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _damaged(self, what: str) -> DamagedError:
        return DamagedError(
            f"'{self.path}' cannot be used: {what}. The log is read instead, which takes longer. "
            "Delete the file: it is made anew."
        )


class Column:
    """The points of one metric.

    Attributes:
        count: how many there are.
        last: step, time and value of the latest point with the greatest step, if there is one.
        newest: the latest time, in nanoseconds since 1970.
    """

    def __init__(self, columns: Columns, number: int, count: int, last: tuple[int, int, float], newest: int) -> None:
        self._columns, self._number = columns, number
        self.count, self.last, self.newest = count, last, newest

    def points(self, first: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Step, time (in nanoseconds since 1970) and value of the points from `first` on."""
        step, time, value = (self._column(which, first, self.count) for which in range(3))
        return step, time, value

    def drawn(self, points: int, first: int | None, last: int | None) -> tuple[Points, int]:
        """Points of a range of steps, among them the extremes of each stretch, and how many points they stand for.

        Args:
            points: at least about so many, if there are.
            first: the first step; None: from the beginning.
            last: the last step; None: to the end.
        """
        start = 0 if first is None else self._where(first)
        stop = self.count if last is None else self._where(last + 1)
        levels = self._levels
        level = len(levels)
        while level and 2 * (stop - start) < points * int(levels[level - 1]["size"]):
            level -= 1
        return self._stretch(start, max(start, stop), level), max(0, stop - start)

    def _stretch(self, start: int, stop: int, level: int) -> Points:
        """Points `start` to `stop`: whole tiles of a level, and at both ends, always, points of finer ones."""
        if not level:
            found = np.empty(stop - start, POINTS)
            found["index"] = np.arange(start, stop)
            for which, name in enumerate(("step", "time", "value")):
                found[name] = self._column(which, start, stop)
            return found
        place, count, size = self._levels[level - 1].tolist()
        low, high = (start // size + 1) * size, (stop - 1) // size * size
        if low >= high:
            return self._stretch(start, stop, level - 1)
        index = _Rows(self._columns, POINTS, place, count, "index")
        # Of most tiles two points are kept.
        begin, end = (_first_from(index, at, 2 * at // size) for at in (low, high))
        return np.concatenate(
            [
                self._stretch(start, low, level - 1),
                self._columns.rows(POINTS, place + begin * POINTS.itemsize, end - begin),
                self._stretch(high, stop, level - 1),
            ]
        )

    def _where(self, step: int) -> int:
        """Where the steps from `step` on begin. Tried first: where they would if all were equally far apart."""
        place = int(self._row["place"])
        steps = _Rows(self._columns, _STEP, place, self.count, "step")
        lowest, span = steps[0], self.last[0] - steps[0]
        guess = -(-(step - lowest) * (self.count - 1) // span) if span else 0
        return _first_from(steps, step, guess)

    def _column(self, which: int, first: int, stop: int) -> NDArray[Any]:
        place = int(self._row["place"]) + 8 * (which * int(self._row["room"]) + first)
        return self._columns.rows(_KINDS[which], place, stop - first)

    @property
    def _row(self) -> Any:
        return self._columns.table(self._number)[0]

    @cached_property
    def _levels(self) -> Points:
        return self._columns.table(self._number)[1]


_STEP = np.dtype([("step", "<i8")])
_KINDS = (np.dtype("<i8"), np.dtype("<i8"), np.dtype("<f8"))


def _first_from(numbers: "_Rows", least: int, guess: int) -> int:
    """Where the numbers from `least` on begin."""
    if 0 < guess < len(numbers) and numbers[guess - 1] < least <= numbers[guess]:
        return guess
    return bisect.bisect_left(numbers, least)


class _Rows(Sequence[int]):
    """One field of rows in the file, read one by one as they are asked for: what `bisect` needs."""

    def __init__(self, columns: Columns, kind: "np.dtype[Any]", place: int, count: int, field: str) -> None:
        self._columns, self._kind, self._place, self._count, self._field = columns, kind, place, count, field

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, at: Any) -> Any:
        return int(self._columns.rows(self._kind, self._place + at * self._kind.itemsize, 1)[self._field][0])
