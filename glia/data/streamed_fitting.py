"""Means, deviations and categories of a streamed dataset: all training rows count, one piece after another.

Sums over many pieces are rounded otherwise than sums over all rows at once, so the last digits of a mean may differ
from those of the same table in memory. Categories, gaps and integers are the same. Arrays and pictures are judged by a
random sample of rows.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from glia.data import encoders
from glia.data.columns import Arrays, Categories, Column, Numbers, Times
from glia.data.dataset import Dataset
from glia.data.encoders import CategoryEncoder, Encoder, NumberEncoder
from glia.data.streaming import some

SAMPLED_BYTES = 2**28  # of arrays or pictures that are looked at
Values = NDArray[np.float64]


def fit_encoder(dataset: Dataset, name: str, rows: NDArray[np.int64], size: tuple[int, int] | None) -> Encoder:
    """What `encoders.fit_encoder` gives for a column.

    Args:
        dataset: streamed.
        name: of the column.
        rows: of the training part, in order.
        size: (height, width) of pictures; None: their own.
    """
    column = dataset.columns[name]
    if isinstance(column, Numbers | Times):
        return _numbers(dataset, name, column, rows)
    if isinstance(column, Categories):
        counts = np.zeros(len(column.labels) + 1, np.int64)
        for piece in dataset.pieces_of(rows, f"fitting '{name}'"):
            codes = column.codes[piece]
            counts += np.bincount(np.where(codes < 0, len(column.labels), codes), minlength=len(counts))
        return CategoryEncoder.of_counts(name, column.labels, counts[:-1], gaps=bool(counts[-1]))
    chosen = some(rows, _most(column))
    sample = column.take(chosen) if dataset.streaming is None else dataset.streaming.take(column, chosen)
    return encoders.fit_encoder(name, sample, size)


def moments(pieces: Callable[[], Iterable[Values]]) -> tuple[float, float, int]:
    """Mean, deviation and number of values.

    Args:
        pieces: gives all values, in stretches; it is asked twice.
    """
    count, sums, largest = 0, list[tuple[float, float]](), 0.0
    for values in pieces():
        there = float(np.abs(values).max(initial=0.0))
        count, unit, largest = count + len(values), encoders.unit_of(there), max(largest, there)
        sums.append((float((values / unit).sum()), unit))
    if not count:
        return 0.0, 1.0, 0
    mean, unit = math.fsum(total / count * unit for total, unit in sums), encoders.unit_of(largest)
    squares = [float((((values - mean) / unit) ** 2).sum()) for values in pieces()]
    return mean, math.sqrt(math.fsum(squares) / count) * unit, count


def _numbers(dataset: Dataset, name: str, column: Numbers | Times, rows: NDArray[np.int64]) -> NumberEncoder:
    origin = 0
    if isinstance(column, Numbers) and column.array.dtype.kind == "i":
        parts = (column.array[piece] for piece in dataset.pieces_of(rows))
        ends = [(int(part.min()), int(part.max())) for part in parts]
        origin = encoders.origin_between(min(low for low, _ in ends), max(high for _, high in ends))

    def there() -> Iterable[Values]:
        for piece in dataset.pieces_of(rows, f"fitting '{name}'"):
            values = encoders.floats_of(column.take(piece), origin)
            yield values[np.isfinite(values)]

    mean, deviation, count = moments(there)
    return NumberEncoder(
        name,
        mean,
        float(encoders.unless_rounding(deviation, mean)),
        count < len(rows),
        isinstance(column, Times),
        origin,
    )


def _most(column: Column) -> int:
    """How many rows of arrays or pictures are looked at."""
    first = column.values()[:1] if isinstance(column, Arrays) else column.item(0)
    return max(1_000, SAMPLED_BYTES // max(1, np.asarray(first).nbytes))
