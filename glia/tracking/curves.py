"""The points of one metric, collected from all segments of a run as they are read."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from glia.tracking.segments import Slots


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
    """What a resumed run declared void: the slots before `slots[writer]` whose step is greater than `step`."""

    step: int
    slots: Mapping[str, int]

    def hides(self, writer: str, number: int, step: int | None) -> bool:
        """Whether that is void which this slot says of this step."""
        return step is not None and step > self.step and number < self.slots.get(writer, 0)


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

    def without(self, rewound: Rewound) -> "_Piece":
        keep = (self.step <= rewound.step) | (self.numbers >= rewound.slots.get(self.writer, 0))
        if keep.all():
            return self
        return _Piece(self.writer, self.numbers[keep], self.step[keep], self.time[keep], self.value[keep])

    def joined(self, after: "_Piece") -> "_Piece":
        return _Piece(
            self.writer,
            np.concatenate([self.numbers, after.numbers]),
            np.concatenate([self.step, after.step]),
            np.concatenate([self.time, after.time]),
            np.concatenate([self.value, after.value]),
        )


class Curve:
    """Points in the order in which they were read, less those that were declared void."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._whole: Series | None = None

    def __len__(self) -> int:
        return sum(len(piece.step) for piece in self._pieces)

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
        """Leave out what was declared void; whether that was anything."""
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
        if self._whole is None:
            self._whole = _sorted(self._pieces)
        return self._whole

    def last(self) -> tuple[int, float, float] | None:
        """Step, time and value of the point with the greatest step, the latest of them; None without points."""
        if not self._pieces:
            return None
        step, time, value = max((piece.last for piece in self._pieces), key=lambda point: point[:2])
        return step, time / 1e9, value

    def newest(self) -> int:
        """The latest time, in nanoseconds since 1970; 0 without points."""
        return max((piece.newest for piece in self._pieces), default=0)

    def _after(self, since: int) -> list[_Piece]:
        pieces = []
        for piece in self._pieces:
            if since < len(piece.step):
                rest = slice(max(since, 0), None)
                pieces.append(
                    _Piece(piece.writer, piece.numbers[rest], piece.step[rest], piece.time[rest], piece.value[rest])
                )
            since -= len(piece.step)
        return pieces


def _sorted(pieces: list[_Piece]) -> Series:
    if not pieces:
        return Series(np.empty(0, np.int64), np.empty(0), np.empty(0))
    step = np.concatenate([piece.step for piece in pieces])
    time = np.concatenate([piece.time for piece in pieces])
    value = np.concatenate([piece.value for piece in pieces])
    in_order = (step[1:] > step[:-1]) | ((step[1:] == step[:-1]) & (time[1:] >= time[:-1]))
    if not in_order.all():
        order = np.lexsort((time, step))
        step, time, value = step[order], time[order], value[order]
    return Series(step, time / 1e9, value)
