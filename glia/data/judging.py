"""Columns that nothing can be learned from, and columns that only tell rows apart; gone through in pieces."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glia.data import content
from glia.data.columns import Categories, Column, Numbers, OneArray
from glia.data.encoders import MOST_EXACT
from glia.data.written_numbers import are_numbers, remedy

Pieces: TypeAlias = Callable[[], Iterable[slice]]
"""Gives all rows, in stretches that are looked at one after the other."""

FEWEST_FOR_IDS = 10  # texts that never repeat are an id only where there are more rows than this
# Names that a count of the rows goes by.
ID_NAME = re.compile(r"(^|[_\W])(?i:id|uuid|key|number|no|nr)$|[a-z]I[dD]$")
DATE = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{4}\b|\d{4}([./])\d{1,2}\2\d{1,2}\b|\d{1,2}([/-])\d{1,2}\3\d\d\b")
FRACTION = re.compile(r"[-+]?[0-9]*\.[0-9]+")
FEWEST_COUNTED = 100  # successive numbers may be years or steps where there are no more of them
MOST_SORTED = 2**24  # numbers all of which are compared; of more, so many are
ROW_COUNTERS = ("", "id", "index", "row", "rownames", "unnamed: 0", "column 1", "__index_level_0__")


def useless(name: str, column: Column, pieces: Pieces) -> str:
    """Why nothing can be learned from this column, or ""."""
    gaps = sum(int(column.take(part).gaps.sum()) for part in pieces())
    if gaps == len(column):
        return "is empty"
    if len(column) > 1 and not gaps and _is_constant(column, pieces):
        value = column.item(0)
        precisely = " as far as double precision tells" if isinstance(value, float) and abs(value) >= MOST_EXACT else ""
        return f"has the one value {shown(value)}{precisely}"
    if isinstance(column, Categories) and different_labels(column, pieces) == len(column) > FEWEST_FOR_IDS:
        return "has another text in every row, as an id has"
    counter = isinstance(column, Numbers) and name.lower() in ROW_COUNTERS and len(column) > 1
    return "counts the rows" if counter and _counts(column, pieces) else ""


def is_numbered(name: str, column: Column, pieces: Pieces) -> bool:
    """Whether whole numbers tell the rows apart and mean no more: by the column's name, or as none is left out."""
    if not isinstance(column, Numbers) or column.array.dtype.kind not in "iu" or len(column) <= FEWEST_FOR_IDS:
        return False
    ends = [(int(column.array[part].min()), int(column.array[part].max())) for part in pieces()]
    low, high = min(least for least, _ in ends), max(most for _, most in ends)
    named, successive = ID_NAME.search(name), high - low == len(column) - 1
    if high - low < len(column) - 1 or not (named or (successive and len(column) > FEWEST_COUNTED)):
        return False
    looked_at = column.array[:: -(-len(column) // MOST_SORTED)]
    return len(np.unique(looked_at)) == len(looked_at)


def of_text(name: str, column: Categories, pieces: Pieces) -> list[str]:
    """What is to be said of a column of text: it may be dates, numbers with decimals, or numbers for the most part."""
    if column.labels and all(isinstance(label, str) and DATE.match(label) for label in column.labels):
        return [
            f"Column '{name}' was read as categories: it holds dates such as '{column.labels[0]}'. Write them as "
            "2024-05-31, so that day and month are told apart."
        ]
    numbers = are_numbers([str(label) for label in column.labels])
    if not numbers.any():
        return []
    if numbers.all():
        fraction = next((label for label in column.labels if FRACTION.fullmatch(str(label))), "")
        return (
            [
                f"Column '{name}' is text, though all of it reads as numbers such as '{fraction}': read as categories. "
                "Convert it if it is meant as numbers."
            ]
            if fraction
            else []
        )
    counts = label_counts(column, pieces)[:-1]
    those, every = int(counts[numbers].sum()), int(counts.sum())
    if 2 * those < every:
        return []
    row = _first(column, np.flatnonzero(~numbers & (counts > 0)), pieces)
    return [
        f"Column '{name}' mixes numbers and words: {those:,} of its {every:,} values are numbers, others are not, such "
        f"as '{column.item(row)}' in row {row + 1:,}. It was read as categories. Mend these values, or empty them, if "
        f"it is meant as numbers; or leave the column out: {remedy(name)}."
    ]


def different_labels(column: Categories, pieces: Pieces) -> int:
    """How many labels occur, a gap being one more."""
    return int((label_counts(column, pieces) > 0).sum())


def label_counts(column: Categories, pieces: Pieces) -> NDArray[np.int64]:
    """How often each label occurs, and at the end how often none does."""
    counts = np.zeros(len(column.labels) + 1, np.int64)
    for part in pieces():
        codes = column.codes[part]
        counts += np.bincount(np.where(codes < 0, len(column.labels), codes), minlength=len(counts))
    return counts


def shown(value: Any) -> str:
    """A value in a message."""
    return f"an array of {value.shape}" if isinstance(value, np.ndarray) else repr(value)


def _first(column: Categories, codes: NDArray[np.int64], pieces: Pieces) -> int:
    """The first row that has one of these labels."""
    found = ((part.start, np.flatnonzero(np.isin(column.codes[part], codes))) for part in pieces())
    return next(int(start) + int(rows[0]) for start, rows in found if len(rows))


def _is_constant(column: Column, pieces: Pieces) -> bool:
    if isinstance(column, OneArray):
        return all(bool((column.array[part] == column.array[0]).all()) for part in pieces())
    words = content.words_of(column)
    first = words(slice(0, 1))
    return all(bool((words(part) == first).all()) for part in pieces())


def _counts(column: Column, pieces: Pieces) -> bool:
    before = None
    for part in pieces():
        values = column.take(part).values()
        if (before is not None and values[0] - before != 1) or not (np.diff(values) == 1).all():
            return False
        before = values[-1]
    return True
