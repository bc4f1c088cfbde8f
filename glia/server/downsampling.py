"""Fewer points that draw the same line: each bucket keeps its lowest and highest value, so that spikes survive."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FEWEST = 10


def keep(values: NDArray[np.float64], points: int) -> NDArray[np.intp]:
    """Which of `values` to draw, as increasing positions, at most `points` (never fewer than 10) of them.

    The first and the last are kept, and of each of equally long buckets the least and the greatest. Where a bucket
    holds a value that is not finite, one such value is kept too, so that the gap is seen.

    Example:
        >>> spike = np.zeros(1000)
        >>> spike[417] = 1
        >>> 417 in keep(spike, 20)
        True
    """
    points = max(points, FEWEST)
    if len(values) <= points:
        return np.arange(len(values))
    finite = np.isfinite(values)
    whole = bool(finite.all())
    low, high = np.where(finite, values, np.inf), np.where(finite, values, -np.inf)
    edges = np.linspace(0, len(values), (points - 2) // (2 if whole else 3) + 1).astype(np.intp)
    chosen = [0, len(values) - 1]
    for start, stop in pairwise(edges):
        chosen += [start + low[start:stop].argmin(), start + high[start:stop].argmax()]
        if not whole and not finite[start:stop].all():
            chosen.append(start + finite[start:stop].argmin())
    return np.unique(np.array(chosen, dtype=np.intp))
