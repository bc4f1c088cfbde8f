"""The points of one metric, collected from all segments of a run as they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glia.tracking.log.columns import Column
from glia.tracking.log.segments import Slots
from glia.tracking.log.thinning import keep

MOST_KEPT = 1 << 20  # points put in order that are kept for whoever asks again
AT_ONCE = 1 << 16  # points looked at one by one; of more, those that draw each piece
FINER = 4  # times as many of these as are drawn in the end


@dataclass(frozen=True)
class Series:
    """A metric's points, by step and then by time."""

    step: NDArray[np.int64]
    time: NDArray[np.float64]  # seconds since 1970
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.step)


@dataclass(frozen=True)
class Rewound:
    """What a resumed run declared void: the slots before `slots[writer]` whose step is greater than `step`.

    With `since`, the slots from `since[writer]` on instead, whatever their step.
    """

    step: int
    slots: Mapping[str, int]
    since: Mapping[str, int] | None = None

    def hides(self, writer: str, number: int, step: int | None) -> bool:
        """Whether that is void which this slot says of this step."""
        if step is None or number >= self.slots.get(writer, 0):
            return False
        return step > self.step if self.since is None else number >= self.since.get(writer, 0)

    def voids(self, writer: str, numbers: NDArray[np.int64], step: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The same of many slots."""
        later = step > self.step if self.since is None else numbers >= self.since.get(writer, 0)
        return later & (numbers < self.slots.get(writer, 0))


class OutdatedError(Exception):
    """What is stored in columns was declared void since."""


@dataclass(frozen=True)
class _Piece:
    writer: str
    numbers: NDArray[np.int64]
    step: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]

    @cached_property
    def last(self) -> tuple[int, int, float]:
        """Step, time and value of the latest point with the greatest step."""
        at = len(self.step) - 1 - int(np.argmax(self.step[::-1]))
        return int(self.step[at]), int(self.time[at]), float(self.value[at])

    @cached_property
    def newest(self) -> int:
        """The latest time."""
        return int(self.time.max())

    @cached_property
    def in_order(self) -> bool:
        """Whether it goes by step, then time."""
        return _in_order(self.step, self.time)

    @cached_property
    def ordered(self) -> "_Piece":
        """The same points by step, then time."""
        return self if self.in_order else self.taken(np.lexsort((self.time, self.step)))

    def taken(self, which: Any) -> "_Piece":
        """Some of its points."""
        return _Piece(self.writer, self.numbers[which], self.step[which], self.time[which], self.value[which])

    def within(self, first: int | None, last: int | None) -> "_Piece":
        """The points of a range of steps, in order."""
        step = self.ordered.step
        start = 0 if first is None else int(np.searchsorted(step, first, side="left"))
        stop = len(step) if last is None else int(np.searchsorted(step, last, side="right"))
        return self.ordered.taken(slice(start, stop))

    def thinned(self, share: float) -> "_Piece":
        """Some of its points, the extremes of each stretch among them."""
        return self.taken(keep(self.value, int(share * len(self.value)))) if share < 1 else self

    def without(self, rewound: Rewound) -> "_Piece":
        keep = ~rewound.voids(self.writer, self.numbers, self.step)
        if keep.all():
            return self
        return self.taken(keep)

    def joined(self, after: "_Piece") -> "_Piece":
        return _Piece(
            self.writer,
            np.concatenate([self.numbers, after.numbers]),
            np.concatenate([self.step, after.step]),
            np.concatenate([self.time, after.time]),
            np.concatenate([self.value, after.value]),
        )


class Curve:
    """Points in the order in which they were read, less those that were declared void.

    Args:
        stored: those that are in columns; they are read when they are asked for.
    """

    def __init__(self, stored: Column | None = None) -> None:
        self._stored = stored
        self._pieces: list[_Piece] = []
        self._whole: Series | None = None

    def __len__(self) -> int:
        return (self._stored.count if self._stored else 0) + sum(len(piece.step) for piece in self._pieces)

    def copy(self) -> "Curve":
        """The same points, whatever is added to this curve afterwards."""
        copied = Curve(self._stored)
        copied._pieces, copied._whole = list(self._pieces), self._whole
        return copied

    def add(self, writer: str, numbers: NDArray[np.int64], slots: Slots, rewound: list[Rewound]) -> None:
        """Add what was read from a segment."""
        step, time, value = (np.ascontiguousarray(slots[name]) for name in ("step", "time", "value"))
        piece = _Piece(writer, numbers, step, time, value)
        for each in rewound:
            piece = piece.without(each)
        if not len(piece.step):
            return
        self._whole = None
        # Like sizes are joined, so that a run polled for days is still a few pieces.
        while self._pieces and self._pieces[-1].writer == writer and len(self._pieces[-1].step) <= 2 * len(piece.step):
            piece = self._pieces.pop().joined(piece)
        self._pieces.append(piece)

    def hide(self, rewound: Rewound) -> bool:
        """Leave out what was declared void; whether that was anything.

        Raises:
            OutdatedError: it may be among what is stored.
        """
        if self._stored and (rewound.since is not None or self._stored.last[0] > rewound.step):
            raise OutdatedError
        before = len(self)
        self._pieces = [kept for piece in self._pieces if len((kept := piece.without(rewound)).step)]
        if len(self) == before:
            return False
        self._whole = None
        return True

    def series(self, since: int = 0) -> Series:
        """All points, or those read after the first `since`."""
        if since:
            return _sorted(self._after(since))
        if self._whole is not None:
            return self._whole
        whole = _sorted(self._after(0))
        if len(whole) <= MOST_KEPT:
            self._whole = whole
        return whole

    def drawn(self, points: int, first: int | None = None, last: int | None = None) -> Series:
        """At most so many points (never fewer than 10) that draw the same line, of a range of steps."""
        pieces = [piece.within(first, last) for piece in self._pieces]
        total = sum(len(piece.step) for piece in pieces)
        share = FINER * points / total if total > AT_ONCE else 1.0
        found = [piece.thinned(share) for piece in pieces]
        weights = [_evenly(len(piece.step), len(few.step)) for piece, few in zip(pieces, found, strict=True)]
        if self._stored:
            few, count = self._stored.drawn(points, first, last)
            found.insert(0, _Piece("", few["index"], few["step"], few["time"], few["value"]))
            weights.insert(0, _evenly(count, len(few)))
        step, time, value = _columns(found)
        weight = np.concatenate([np.empty(0), *weights])
        if not _in_order(step, time):
            order = np.lexsort((time, step))
            step, time, value, weight = step[order], time[order], value[order], weight[order]
        kept = keep(value, points, weight)
        return Series(step[kept], time[kept] / 1e9, value[kept])

    def last(self) -> tuple[int, float, float] | None:
        """Step, time and value of the point with the greatest step, the latest of them; None without points."""
        points = [each.last for each in self._sources()]
        if not points:
            return None
        step, time, value = max(points, key=lambda point: point[:2])
        return step, time / 1e9, value

    def newest(self) -> int:
        """The latest time, in nanoseconds since 1970; 0 without points."""
        return max((each.newest for each in self._sources()), default=0)

    def _sources(self) -> "list[Column | _Piece]":
        return [*([self._stored] if self._stored else []), *self._pieces]

    def _after(self, since: int) -> list[_Piece]:
        pieces = []
        if self._stored:
            if since < self._stored.count:
                step, time, value = self._stored.points(since)
                pieces.append(_Piece("", step, step, time, value))
            since = max(0, since - self._stored.count)
        for piece in self._pieces:
            if since < len(piece.step):
                pieces.append(piece.taken(slice(max(since, 0), None)))
            since -= len(piece.step)
        return pieces


def _sorted(pieces: list[_Piece]) -> Series:
    step, time, value = _columns(pieces)
    if not _in_order(step, time):
        order = np.lexsort((time, step))
        step, time, value = step[order], time[order], value[order]
    return Series(step, time / 1e9, value)


def _columns(pieces: list[_Piece]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    if len(pieces) == 1:
        return pieces[0].step, pieces[0].time, pieces[0].value
    step = np.concatenate([np.empty(0, np.int64), *(piece.step for piece in pieces)])
    time = np.concatenate([np.empty(0, np.int64), *(piece.time for piece in pieces)])
    return step, time, np.concatenate([np.empty(0), *(piece.value for piece in pieces)])


def _in_order(step: NDArray[np.int64], time: NDArray[np.int64]) -> bool:
    at_once = 1 << 18  # points, so that what is computed on the way stays small
    for at in range(0, len(step), at_once):
        these, times = step[at : at + at_once + 1], time[at : at + at_once + 1]
        right = (these[1:] > these[:-1]) | ((these[1:] == these[:-1]) & (times[1:] >= times[:-1]))
        if not right.all():
            return False
    return True


def _evenly(weight: int, count: int) -> NDArray[np.float64]:
    return np.full(count, weight / max(1, count))
