"""Columns that know the target: what one column alone predicts almost perfectly was often written down after it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from glia.data.columns import Categories, Column, Numbers, Times
from glia.data.dataset import Dataset

LOOKED_AT = 3000  # rows
FEWEST = 30  # rows of which such a thing can be said
FOLDS = 3
ALMOST = 0.99  # of the samples that were right, or of the variance
ERRORS_LEFT = 0.05  # of those of the most frequent class

Values = NDArray[np.float64]


def leaks(dataset: Dataset, *, classes: bool) -> list[str]:
    """What is to be said of columns each of which alone predicts the target almost perfectly.

    A tree grown on one column is judged by rows that it was not grown on, so a column that only tells rows apart, as an
    id does, is none of them.

    Args:
        dataset: with its target.
        classes: whether the target is one of some classes.
    """
    rows = np.random.default_rng(0).permutation(len(dataset))[:LOOKED_AT]
    if len(rows) < FEWEST:
        return []
    target = dataset.targets()[rows]
    known: NDArray[Any] = np.unique(target.astype(str), return_inverse=True)[1] if classes else target
    said = []
    for name, column in dataset.features.items():
        values = _values(column, rows)
        if values is None:
            continue
        found = _right(values, known) if classes else _explained(values, known)
        most = float(np.bincount(known).max()) / len(known) if classes else 0.0
        if found < ALMOST or 1 - found > ERRORS_LEFT * (1 - most):
            continue
        share = f"{found:.1%} of samples" if classes else f"{found:.1%} of the variance"
        said.append(
            f"Column '{name}' alone predicts '{dataset.target}' almost perfectly: {share} not seen before. Is it known "
            "before the target is? If not, leave it out."
        )
    return said


def _values(column: Column, rows: NDArray[np.int64]) -> Values | None:
    """As a tree takes them; None of what is no single number."""
    part = column.take(rows)
    if isinstance(part, Categories):
        return part.codes.astype(np.float64)
    return np.asarray(part.floats(), np.float64) if isinstance(part, Numbers | Times) else None


def _right(values: Values, target: NDArray[Any]) -> float:
    hits = [
        DecisionTreeClassifier(random_state=0).fit(values[learned, None], target[learned]).predict(values[judged, None])
        == target[judged]
        for learned, judged in KFold(FOLDS).split(values)
    ]
    return float(np.concatenate(hits).mean())


def _explained(values: Values, target: NDArray[Any]) -> float:
    errors = [
        target[judged]
        - DecisionTreeRegressor(random_state=0)
        .fit(values[learned, None], target[learned])
        .predict(values[judged, None])
        for learned, judged in KFold(FOLDS).split(values)
    ]
    return 1 - float(np.mean(np.concatenate(errors) ** 2) / target.var()) if target.var() > 0 else 0.0
