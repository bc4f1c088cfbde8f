"""Writes a file of columns (`columns` has the format): points come in any order, and leave by step and time."""

import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glia.tracking.log.columns import BLOCK_BYTES, END, FORMAT, HEAD_BYTES, LEVELS, MAGIC, METRICS, POINTS, Points
from glia.tracking.log.thinning import extremes

FIRST_SIZE = 32  # points of a tile of the finest level
FACTOR = 8  # tiles of a level that make one of the next
FEWEST_TILES = 256  # in the coarsest level
LEAST_FOR_TILES = 1 << 14  # fewer points are drawn from the columns
AT_ONCE = 1 << 18  # points held in memory; a multiple of the sizes of the first two levels
SORTED_AT_ONCE = 1 << 20

Column = NDArray[Any]


class ColumnWriter:
    """A file of columns as it is written. Give it all points with `add`, then call `finish`.

    Args:
        descriptor: an empty file, open for reading and writing.
        rooms: for each metric how many points it has at most.
        check: called every now and then; may raise.
    """

    def __init__(self, descriptor: int, rooms: Sequence[int], check: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._check = check
        self._metrics = np.zeros(len(rooms), METRICS)
        self._metrics["room"] = rooms
        self._metrics["place"] = HEAD_BYTES + 24 * (np.cumsum(self._metrics["room"]) - self._metrics["room"])
        self._disordered = np.zeros(len(rooms), bool)
        self._end = HEAD_BYTES + 24 * int(self._metrics["room"].sum())
        self._write(MAGIC, 0)

    def add(self, metric: Column, step: Column, time: Column, value: Column) -> None:
        """Add points, in the order in which they were read: the number of the metric of each, step, time and value."""
        if not len(metric):
            return
        if (metric[0] == metric).all():
            starts = np.zeros(1, np.intp)
            step, time, value = (np.ascontiguousarray(each) for each in (step, time, value))
        else:
            order = np.argsort(metric, kind="stable")
            metric, step, time, value = metric[order], step[order], time[order], value[order]
            starts = np.flatnonzero(np.diff(metric, prepend=-1))
        stops = np.append(starts[1:], len(metric))
        numbers = metric[starts]
        self._look_for_disorder(metric, step, time, starts)
        rows = self._metrics[numbers]
        places = (rows["place"] + 8 * rows["count"]).tolist()
        rooms = (8 * rows["room"]).tolist()
        for place, room, start, stop in zip(places, rooms, starts.tolist(), stops.tolist(), strict=True):
            for column in (step, time, value):
                self._write(column[start:stop], place)
                place += room
        newest = np.maximum.reduceat(time, starts)
        self._metrics["newest"][numbers] = np.where(rows["count"] > 0, np.maximum(rows["newest"], newest), newest)
        self._metrics["count"][numbers] += (stops - starts).astype(np.uint64)
        for name, column in (("last_step", step), ("last_time", time), ("last_value", value)):
            self._metrics[name][numbers] = column[stops - 1]

    def finish(self, names: Sequence[str], footer: Mapping[str, Any], folder: Path) -> None:
        """Put the points in order, make the tiles, write the rest.

        Args:
            names: of the metrics.
            footer: what else it says.
            folder: where a scratch file may be made.
        """
        for metric in np.flatnonzero(self._disordered).tolist():
            self._put_in_order(metric, folder)
        levels: list[tuple[int, int, int]] = []
        for metric in np.flatnonzero(self._metrics["count"] >= LEAST_FOR_TILES).tolist():
            made = self._make_tiles(metric)
            self._metrics["levels"][metric] = len(made)
            levels += made
        tables = {"metrics": self._metrics, "levels": np.array(levels, LEVELS)}
        places = {name: (self._append(table), len(table)) for name, table in tables.items()}
        sums = self._sums()
        place = self._append(sums)
        text = {"format": FORMAT, **footer, "names": names, **places, "sums": (place, len(sums), zlib.crc32(sums.data))}
        data = json.dumps(text, separators=(",", ":")).encode()
        place = self._append(data)
        self._append(END.pack(place, len(data), zlib.crc32(data), 0, MAGIC))

    def _look_for_disorder(self, metric: Column, step: Column, time: Column, starts: Column) -> None:
        """Mark the metrics whose points do not come by step and time."""
        before = self._metrics[metric[starts]]
        first = _descends(before["last_step"], before["last_time"], step[starts], time[starts]) & (before["count"] > 0)
        self._disordered[metric[starts[first]]] = True
        within = _descends(step[:-1], time[:-1], step[1:], time[1:]) & (metric[1:] == metric[:-1])
        self._disordered[metric[1:][within]] = True

    def _put_in_order(self, metric: int, folder: Path) -> None:
        count = int(self._metrics[metric]["count"])
        if count <= SORTED_AT_ONCE:
            self._put(metric, 0, _sorted(self._points(metric, 0, count)))
        else:
            with tempfile.TemporaryFile(dir=folder, buffering=0) as scratch:
                self._sort_apart(metric, scratch.fileno())
        last = self._points(metric, count - 1, count)
        for name in ("step", "time", "value"):
            self._metrics[f"last_{name}"][metric] = last[name][0]

    def _sort_apart(self, metric: int, scratch: int) -> None:
        """Sort more points than memory should hold: by ranges of steps, each taken out of all points."""
        count = int(self._metrics[metric]["count"])
        every = max(1, count >> 16)
        sample = [self._step(metric, at)[-at % every :: every] for at in range(0, count, AT_ONCE)]
        borders = np.unique(np.sort(np.concatenate(sample))[:: max(1, SORTED_AT_ONCE // 2 // every)])
        done = 0
        for low, high in pairwise([None, *borders[1:].tolist(), None]):
            part = _sorted(np.concatenate(list(self._between(metric, low, high))))
            _write_all(scratch, part, done * POINTS.itemsize)
            done += len(part)
        for at in range(0, count, AT_ONCE):
            size = min(AT_ONCE, count - at) * POINTS.itemsize
            self._put(metric, at, np.frombuffer(_read_all(scratch, size, at * POINTS.itemsize), POINTS))

    def _between(self, metric: int, low: int | None, high: int | None) -> Iterator[Points]:
        """The points from step `low` to before `high`, in the order in which they were added."""
        count = int(self._metrics[metric]["count"])
        for at in range(0, count, AT_ONCE):
            self._check()
            step = self._step(metric, at)
            wanted = np.ones(len(step), bool)
            if low is not None:
                wanted &= step >= low
            if high is not None:
                wanted &= step < high
            yield self._points(metric, at, at + len(step))[wanted] if wanted.any() else np.empty(0, POINTS)

    def _make_tiles(self, metric: int) -> list[tuple[int, int, int]]:
        """The levels of a metric: place, number of points, points per tile."""
        count = int(self._metrics[metric]["count"])
        place, length, coarser = self._end, 0, []
        for at in range(0, count, AT_ONCE):
            self._check()
            fine = _tiles(self._points(metric, at, min(at + AT_ONCE, count)), FIRST_SIZE)
            self._append(fine)
            length += len(fine)
            coarser.append(_tiles(fine, FIRST_SIZE * FACTOR))
        levels = [(place, length, FIRST_SIZE)]
        size, points = FIRST_SIZE * FACTOR, np.concatenate(coarser)
        while count // size >= FEWEST_TILES:
            levels.append((self._append(points), len(points), size))
            size *= FACTOR
            points = _tiles(points, size)
        return levels

    def _sums(self) -> NDArray[np.uint32]:
        sums = []
        for at in range(0, self._end, BLOCK_BYTES):
            self._check()
            sums.append(zlib.crc32(_read_all(self._descriptor, min(BLOCK_BYTES, self._end - at), at)))
        return np.array(sums, "<u4")

    def _points(self, metric: int, first: int, stop: int) -> Points:
        points = np.empty(stop - first, POINTS)
        points["index"] = np.arange(first, stop)
        for which, name in enumerate(("step", "time", "value")):
            data = _read_all(self._descriptor, 8 * (stop - first), self._place(metric, which, first))
            points[name] = np.frombuffer(data, POINTS[name])
        return points

    def _step(self, metric: int, first: int) -> Column:
        """The steps of the points from `first` on, as many as are held at once."""
        size = 8 * min(AT_ONCE, int(self._metrics[metric]["count"]) - first)
        return np.frombuffer(_read_all(self._descriptor, size, self._place(metric, 0, first)), "<i8")

    def _put(self, metric: int, first: int, points: Points) -> None:
        for which, name in enumerate(("step", "time", "value")):
            self._write(np.ascontiguousarray(points[name]), self._place(metric, which, first))

    def _place(self, metric: int, which: int, at: int) -> int:
        row = self._metrics[metric]
        return int(row["place"]) + 8 * (which * int(row["room"]) + at)

    def _append(self, data: "bytes | NDArray[Any]") -> int:
        place = self._end
        self._write(data, place)
        self._end += len(data) if isinstance(data, bytes) else data.nbytes
        return place

    def _write(self, data: "bytes | NDArray[Any]", place: int) -> None:
        _write_all(self._descriptor, data, place)


def _descends(step: Column, time: Column, next_step: Column, next_time: Column) -> NDArray[np.bool_]:
    descends: NDArray[np.bool_] = (next_step < step) | ((next_step == step) & (next_time < time))
    return descends


def _sorted(points: Points) -> Points:
    return points[np.lexsort((points["time"], points["step"]))]


def _tiles(points: Points, size: int) -> Points:
    """Of the points of each tile the least, the greatest and one that is not finite."""
    tile = points["index"] // size
    starts = np.flatnonzero(np.diff(tile, prepend=-1))
    return points[extremes(np.ascontiguousarray(points["value"]), starts)]


def _write_all(descriptor: int, data: "bytes | NDArray[Any]", place: int) -> None:
    rest = memoryview(data) if isinstance(data, bytes) else data.reshape(-1).view(np.uint8).data
    while len(rest):
        written = os.pwrite(descriptor, rest, place)
        rest, place = rest[written:], place + written


def _read_all(descriptor: int, size: int, place: int) -> bytes:
    """Exactly so many bytes; where the file was never written, zeros."""
    parts = []
    while size:
        data = os.pread(descriptor, size, place) or bytes(size)
        parts.append(data)
        place, size = place + len(data), size - len(data)
    return b"".join(parts)
