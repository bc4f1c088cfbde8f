"""Columns that know the target: what one column alone predicts almost perfectly was often written down after it."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glia.data.columns import Categories, Column, Numbers, Times
from glia.data.dataset import Dataset
from glia.data.streaming import some
from glia.data.written_numbers import remedy

LOOKED_AT = 3000  # rows
MOST_SHUFFLED = 2**20  # rows of a streamed dataset that these are drawn from
FEWEST = 30  # rows of which such a thing can be said
MOST = 1_000  # columns: each takes some milliseconds, and of so many one predicts well by chance
FOLDS = 3
ALMOST = 0.99  # of the samples that were right, or of the variance
ERRORS_LEFT = 0.05  # of those of the most frequent class

Values = NDArray[np.float64]


def leaks(dataset: Dataset, among: NDArray[np.int64] | None = None, *, classes: bool) -> list[str]:
    """What is to be said of columns each of which alone predicts the target almost perfectly.

    Rows are judged by the others, whose values are nearest, so a column that only tells rows apart, as an id does, is
    none of them; equal rows are judged together.

    Args:
        dataset: with its target.
        among: positions of the rows to look at; None: all.
        classes: whether the target is one of some classes.
    """
    given = np.arange(len(dataset)) if among is None else among
    given = given if dataset.streaming is None else some(given, MOST_SHUFFLED)
    rows = given[np.random.default_rng(0).permutation(len(given))[:LOOKED_AT]]
    if len(rows) < FEWEST or len(dataset.features) > MOST:
        return []
    looked_at = dataset[rows]
    target = looked_at.targets()
    known: NDArray[Any] = np.unique(target.astype(str), return_inverse=True)[1] if classes else target
    folds = _folds_of(looked_at)
    said = []
    for name, column in looked_at.features.items():
        values = _values(column)
        if values is None:
            continue
        found = (_right if classes else _explained)(values, known, folds)
        most = float(np.bincount(known).max()) / len(known) if classes else 0.0
        if found < ALMOST or 1 - found > ERRORS_LEFT * (1 - most):
            continue
        share = f"{found:.1%} of samples" if classes else f"{found:.1%} of the variance"
        said.append(
            f"Column '{name}' alone predicts '{dataset.target}' almost perfectly: {share} not seen before. Is it known "
            f"before the target is? If not, leave it out: {remedy(name)}."
        )
    return said


def _values(column: Column) -> Values | None:
    """A number for each row; None of what is no single number."""
    if isinstance(column, Categories):
        return column.codes.astype(np.float64)
    if not isinstance(column, Numbers | Times):
        return None
    values = np.asarray(column.floats(), np.float64)
    gaps = ~np.isfinite(values)
    if gaps.all():
        return None
    low, high = values[~gaps].min(), values[~gaps].max()
    return np.where(gaps, low - (high - low) - 1, values)  # one more value, near no other


def _right(values: Values, target: NDArray[Any], folds: NDArray[np.int64]) -> float:
    """The share of rows that have the most frequent class of the nearest value among the other rows."""
    hits = []
    for learned, judged in _parts(folds):
        known, places = np.unique(values[learned], return_inverse=True)
        votes = np.zeros((len(known), int(target.max()) + 1))
        np.add.at(votes, (places, target[learned]), 1)
        hits.append(votes.argmax(1)[_nearest(known, values[judged])] == target[judged])
    return float(np.concatenate(hits).mean()) if hits else 0.0


def _explained(values: Values, target: NDArray[Any], folds: NDArray[np.int64]) -> float:
    """The share of the variance that the mean of other rows at the nearest values, on either side, explains.

    Or a straight line through them all, where it explains more: of few rows, many lie beyond the ends of the others.
    """
    values = values / (np.abs(values).max() or 1.0)  # so that their squares are finite
    errors, of_line = [], []
    for learned, judged in _parts(folds):
        known, places = np.unique(values[learned], return_inverse=True)
        means = np.bincount(places, target[learned]) / np.bincount(places)
        errors.append(target[judged] - np.interp(values[judged], known, means))
        of_line.append(target[judged] - _line(values[learned], target[learned], values[judged]))
    if not errors or not target.var() > 0:
        return 0.0
    return 1 - min(float(np.mean(np.concatenate(each) ** 2) / target.var()) for each in (errors, of_line))


def _line(known: Values, target: Values, values: Values) -> Values:
    """What the straight line by least squares says of values."""
    centred = known - known.mean()
    spread = float(centred @ centred)
    slope = float(centred @ target) / spread if spread > 0 else 0.0
    line: Values = target.mean() + slope * (values - known.mean())
    return line


def _folds_of(looked_at: Dataset) -> NDArray[np.int64]:
    """(N,) the fold in which each row is judged; equal rows are in one."""
    _, firsts, places = np.unique(looked_at.contents(), return_index=True, return_inverse=True)
    numbers = np.empty(len(firsts), np.int64)
    numbers[np.argsort(firsts)] = np.arange(len(firsts))
    return numbers[places.reshape(-1)] % FOLDS


def _parts(folds: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows to learn from and rows to judge, of each fold that leaves some of both."""
    for fold in np.unique(folds) if len(np.unique(folds)) > 1 else ():
        yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


def _nearest(known: Values, values: Values) -> NDArray[np.int64]:
    """The place of the nearest among sorted values."""
    above = np.searchsorted(known, values).clip(max=len(known) - 1)
    below = (above - 1).clip(min=0)
    return np.where(values - known[below] <= known[above] - values, below, above)
