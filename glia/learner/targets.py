"""The task of a learner, fitted to its training rows, and which rows to judge it by, of data in memory or streamed."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glia.data import splits, streamed_splits
from glia.data.columns import Categories, Numbers
from glia.data.dataset import Dataset
from glia.data.splits import Division
from glia.data.streamed_fitting import moments
from glia.data.streaming import some
from glia.errors import DataError
from glia.recipe import TaskRecipe
from glia.tasks import Task, fit_task
from glia.tasks.regression import Regression

MOST_DIFFERENT = 100_000  # values of a streamed target that are told apart
SAMPLED = 2**20  # values of a streamed target of more


def task_of(recipe: TaskRecipe, dataset: Dataset, rows: NDArray[Any], weights: NDArray[Any] | None) -> Task:
    """The task, fitted to these rows, each of which counts as much as its weight.

    Raises:
        DataError: nothing to learn, or too many classes.
        ConfigError: an unknown task, loss or metric.
    """
    if dataset.streaming is None:
        return fit_task(recipe, dataset.targets()[rows], name=dataset.target, weights=weights)
    found = streamed_splits.classes_of(dataset, MOST_DIFFERENT)
    if found is None:
        values, counted = dataset.streaming.take(dataset.columns[dataset.target], some(rows, SAMPLED)).values(), None
    else:
        values, counted = _few_of_each(dataset, rows, *found)
    task = fit_task(recipe, values, name=dataset.target, weights=counted)
    if isinstance(task, Regression):
        mean, deviation, _ = moments(lambda: _floats(dataset, rows))
        return replace(task, mean=mean, deviation=deviation)
    if found is None:
        raise DataError(
            f"Column '{dataset.target}' has more than {MOST_DIFFERENT:,} different values: too many classes for a "
            "table that is too large for memory. Use task=regression, or choose another target."
        )
    return task


def of_seen_classes(division: Division, dataset: Dataset, task: Task) -> Division:
    """A division whose validation and test parts hold only classes that are also in the training part."""
    if task.name != "classification":
        return division
    if dataset.streaming is not None:
        return streamed_splits.without_unseen(division, dataset)
    return splits.without_unseen(division, dataset.targets())


class EncodedTargets:
    """The targets of rows of a dataset as a task encodes them.

    Args:
        dataset: with its target.
        task: fitted.
    """

    def __init__(self, dataset: Dataset, task: Task) -> None:
        self._column, self._task = dataset.columns[dataset.target], task
        self._table: Tensor | None = None
        if isinstance(self._column, Categories) and task.name == "classification" and self._column.labels:
            labels = Categories(np.arange(len(self._column.labels), dtype=np.int32), self._column.labels).values()
            known = task.known(labels)
            self._table = torch.full((len(labels),), -1, dtype=torch.int64)
            if known.any():
                self._table[torch.from_numpy(known)] = task.encode(labels[known])

    def __call__(self, rows: NDArray[Any]) -> Tensor:
        """The targets of these rows.

        Raises:
            DataError: labels that are none of the classes.
        """
        if isinstance(self._column, Categories) and self._table is not None:
            targets = self._table[torch.from_numpy(self._column.codes[rows].astype(np.int64))]
            if bool((targets >= 0).all()):
                return targets
        return self._task.encode(self._column.take(rows).values())


def _few_of_each(
    dataset: Dataset, rows: NDArray[Any], labels: list[Any], codes: Any
) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
    """Each value of the target as often as it takes to know its kind, and what each of them stands for."""
    counts = np.zeros(len(labels), np.int64)
    for piece in dataset.pieces_of(rows, f"counting '{dataset.target}'"):
        counts += np.bincount(codes(piece), minlength=len(labels))
    used = np.flatnonzero(counts)
    counts, most = counts[used], max(5, SAMPLED // max(1, len(used)))
    # A task asks whether values come five times in the mean, or twice, which must not be lost.
    while np.minimum(counts, most).sum() < min(5 * len(used), counts.sum()):
        most *= 2
    shown = np.minimum(counts, most)
    weights = np.ones(shown.sum())
    weights[np.cumsum(shown) - shown] += counts - shown
    column = dataset.columns[dataset.target]
    if isinstance(column, Categories):
        values = Categories(np.repeat(used, shown).astype(np.int32), column.labels).values()
    else:
        values = np.repeat(np.asarray(labels, column.values().dtype)[used], shown)
    return values, None if (shown == counts).all() else weights


def _floats(dataset: Dataset, rows: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    column = dataset.columns[dataset.target]
    for piece in dataset.pieces_of(rows, f"fitting '{dataset.target}'"):
        part = column.take(piece)
        yield part.floats() if isinstance(part, Numbers) else part.values().astype(np.float64)
