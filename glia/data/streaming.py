"""How a table too large for memory is gone through: piece by piece, its columns on disk.

A streamed dataset is a `Dataset` whose columns lie in files that are mapped into memory: it is divided, sampled and
indexed like any other, and whoever goes through all of it does so in pieces, letting go of each.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glia.data.columns import Categories, Column, Rows
from glia.data.scratch import Scratch

PIECE = 2**18  # rows that are looked at together
SCATTERED = 2**12  # rows from anywhere that are read together: each brings its neighbours into memory
MOST_JUDGED = 2**22  # rows that one look at a part takes
MOST_OUTPUTS = 2**24  # outputs of the model that such a look keeps

Heard: TypeAlias = Callable[[str, int, int], None]
"""Hears what is done, the rows it is done for, and the rows in all."""


@dataclass(frozen=True, eq=False)
class Streaming:
    """What a streamed dataset has beside its columns.

    Attributes:
        scratch: where its columns lie, and whatever else is made of it.
        hear: is told how far a pass over the rows has come.
        cut: columns of so many different texts that those that came late are gaps.
    """

    scratch: Scratch
    hear: Heard = lambda what, here, total: None
    cut: frozenset[str] = frozenset()

    def pieces(self, count: int, what: str = "") -> Iterator[slice]:
        """So many rows in pieces, letting go of the memory of each.

        Args:
            count: rows in all.
            what: is done with them; "" tells nobody.
        """
        for part in pieces(count):
            yield part
            self.scratch.release()
            if what:
                self.hear(what, min(part.stop, count), count)

    def take(self, column: Column, rows: Rows) -> Column:
        """Some rows of a column in memory, or a stretch of it as it lies."""
        if isinstance(rows, slice):
            return column.take(rows)
        places = np.flatnonzero(rows) if rows.dtype == bool else rows
        array = column.codes if isinstance(column, Categories) else column.values()
        found = np.empty((len(places), *array.shape[1:]), array.dtype)
        for part in pieces(len(places), SCATTERED):
            found[part] = array[places[part]]
            self.scratch.release()
        if isinstance(column, Categories):
            return Categories(found, column.labels)
        made: Any = type(column)
        taken: Column = made(found)
        return taken


def pieces(count: int, size: int | None = None) -> Iterator[slice]:
    """So many rows as slices of at most `size`, `PIECE` unless given."""
    size = size or PIECE
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def some(rows: NDArray[Any] | int, most: int, seed: int = 0) -> NDArray[Any]:
    """All of the rows, or so many of them drawn at random, each from a stretch of its own and so in order.

    Args:
        rows: positions, or how many there are.
        most: so many are given at most.
        seed: another one draws otherwise.

    Example:
        >>> some(5, 10).tolist(), len(some(np.arange(1000), 10))
        ([0, 1, 2, 3, 4], 10)
    """
    count = rows if isinstance(rows, int) else len(rows)
    if count <= most:
        return np.arange(count) if isinstance(rows, int) else rows
    borders = np.arange(most + 1, dtype=np.int64) * count // most
    lengths = np.diff(borders)
    drawn = np.random.default_rng(seed).random(most)
    chosen = borders[:-1] + np.minimum((drawn * lengths).astype(np.int64), lengths - 1)
    return chosen if isinstance(rows, int) else np.array(rows[chosen])


def judged(rows: NDArray[Any] | int, outputs: int) -> NDArray[Any]:
    """Of the rows of a part of a streamed dataset those that one look at it takes.

    Args:
        rows: of the part, or how many there are of all.
        outputs: of the model, for one sample.
    """
    return some(rows, max(1, min(MOST_JUDGED, MOST_OUTPUTS // outputs)))
