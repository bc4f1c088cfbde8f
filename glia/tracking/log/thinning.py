"""Fewer points that draw the same line: each bucket keeps its least and its greatest value, so that spikes survive."""

import numpy as np
from numpy.typing import NDArray

FEWEST = 10
_AT_ONCE = 1 << 18  # values, so that what is computed on the way stays small

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


def keep(values: Floats, points: int, weights: Floats | None = None) -> Positions:
    """Which of `values` to draw, as increasing positions, at most `points` (never fewer than 10) of them.

    The first and the last are kept, and of each of equally long buckets the least and the greatest. Where a bucket
    holds a value that is not finite, one such value is kept too, so that the gap is seen.

    Args:
        values: in the order in which they are drawn.
        points: at most so many are kept.
        weights: how many points each value stands for, where they were thinned before; by default one.

    Example:
        >>> spike = np.zeros(1000)
        >>> spike[417] = 1
        >>> 417 in keep(spike, 20)
        True
    """
    points = max(points, FEWEST)
    if len(values) <= points:
        return np.arange(len(values))
    buckets = (points - 2) // (2 if _all_finite(values) else 3)
    if weights is None:
        starts = np.linspace(0, len(values), buckets + 1).astype(np.intp)[:-1]
    else:
        reached = np.cumsum(weights)
        bucket = np.minimum((reached - weights) * (buckets / reached[-1]), buckets - 1).astype(np.intp)
        starts = _beginnings(bucket)
    return _unique(np.array([0, len(values) - 1]), extremes(values, starts))


def extremes(values: Floats, starts: Positions) -> Positions:
    """Of each bucket the least finite value, the greatest, and the first that is not finite, as increasing positions.

    Args:
        values: at least one.
        starts: where each bucket begins; increasing, the first is 0.
    """
    ends = np.append(starts[1:], len(values))
    found, at = [], 0
    while at < len(starts):
        first = int(starts[at])
        after = max(at + 1, int(np.searchsorted(ends, first + _AT_ONCE, side="right")))
        found.append(first + _extremes(values[first : ends[after - 1]], starts[at:after] - first))
        at = after
    return np.concatenate(found)


def _extremes(values: Floats, starts: Positions) -> Positions:
    finite = np.isfinite(values)
    if finite.all():
        return _unique(_first_equal(values, starts, np.minimum), _first_equal(values, starts, np.maximum))
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    gaps = np.flatnonzero(~finite)
    bucket = np.searchsorted(starts, gaps, side="right")
    return _unique(
        _first_equal(low, starts, np.minimum), _first_equal(high, starts, np.maximum), gaps[_beginnings(bucket)]
    )


def _first_equal(values: Floats, starts: Positions, which: np.ufunc) -> Positions:
    """In each bucket the first of the values that `which` chooses."""
    chosen = which.reduceat(values, starts)
    lengths = np.diff(np.append(starts, len(values)))
    equal = np.flatnonzero(values == np.repeat(chosen, lengths))
    bucket = np.searchsorted(starts, equal, side="right")
    return equal[_beginnings(bucket)]


def _beginnings(sorted_numbers: NDArray[np.intp]) -> Positions:
    """Where each number first occurs."""
    return np.flatnonzero(np.diff(sorted_numbers, prepend=-1))


def _unique(*positions: Positions) -> Positions:
    together = np.sort(np.concatenate(positions))  # of these few faster than np.unique
    return together[_beginnings(together)]


def _all_finite(values: Floats) -> bool:
    return all(bool(np.isfinite(values[at : at + _AT_ONCE]).all()) for at in range(0, len(values), _AT_ONCE))
