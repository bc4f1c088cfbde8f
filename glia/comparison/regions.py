"""Decision regions: the class that each learner predicts over the plane of two columns, side by side.

Every learner learns from these two columns alone. One that saw the others, too, would have to be given some value for
them, and the samples on the plane would lie in regions that are not theirs.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_selection import f_classif
from sklearn.model_selection import KFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from glia.comparison.contest import Limits, learned_by
from glia.comparison.contestants import BASELINE, Contestant
from glia.comparison.rounds import Round
from glia.data.columns import Numbers
from glia.data.dataset import Dataset
from glia.data.splits import Indices
from glia.errors import ConfigError, DataError, did_you_mean
from glia.learner import Learner
from glia.pictures import Regions

CELLS = 60  # along each axis
REACH = 0.01  # of the samples at each end of a column may lie outside
MARGIN = 0.05  # of the width, on each side
MOST_SAMPLES = 400  # drawn
MOST_CLASSES = 8  # that have a colour of their own
OTHERS = "other classes"
LOOKED_AT, TRIED = 2_000, 100  # rows and columns, to find the two that tell most
DEPTH, FOLDS = 6, 3  # of the trees that judge columns

Floats = NDArray[np.float64]
Group = tuple[str, tuple[float, ...], tuple[float, ...]]


def plane(dataset: Dataset, named: Sequence[str], *, classes: bool) -> tuple[str, str]:
    """The two columns of numbers to draw over: those named, or the two that together tell most of the target.

    Args:
        dataset: with its target.
        named: two columns; none: find them.
        classes: whether the target is one of some classes.

    Raises:
        ConfigError: not two columns of numbers, or the target is a number.
        DataError: there are no two columns of numbers.
    """
    if not classes:
        raise ConfigError(f"Regions are of classes, and '{dataset.target}' is a number.")
    numbers = [name for name, column in dataset.features.items() if isinstance(column, Numbers)]
    for name in named:
        if name not in dataset.features:
            known = did_you_mean(name, dataset.features)
            raise ConfigError(f"Column '{name}' is none that {dataset.title} is learned from.{known}")
        if name not in numbers:
            kind = dataset.features[name].kind
            raise ConfigError(f"Column '{name}' holds {kind}. Regions are drawn over two columns of numbers.")
    if len(numbers) < 2:
        count = "1 column" if len(numbers) == 1 else f"{len(numbers)} columns"
        raise DataError(f"{dataset.title} has {count} of numbers. Regions are drawn over two.")
    if not named:
        return _most_telling(dataset, numbers)
    if len(named) != 2 or named[0] == named[1]:
        raise ConfigError(f"Regions are drawn over two columns, not over {', '.join(named)}.")
    return named[0], named[1]


def regions(
    dataset: Dataset,
    contestants: Sequence[Contestant],
    columns: tuple[str, str],
    each: Round,
    *,
    seed: int,
    limits: Limits,
) -> Iterator[tuple[str, Regions | str]]:
    """The picture of each learner but the baseline, or why it has none; fewer where it is to stop.

    Args:
        dataset: all samples.
        contestants: who takes part.
        columns: of the plane.
        each: what is learned from, and judged.
        seed: of what is random in learners, and of the samples drawn.
        limits: of each fit.
    """
    seen = dataset.without(*(name for name in dataset.features if name not in columns))
    labels = dataset.targets().astype(str)
    shared = _Plane(seen, columns, labels, seed)
    for contestant in contestants:
        if contestant.name == BASELINE:
            continue
        try:
            learner = learned_by(contestant, seen[each.learned], seed=seed, limits=limits)
            if learner is None:
                return
            yield contestant.name, shared.drawn(contestant.name, learner, each.judged)
        except Exception as error:  # whatever fails in one learner must not end the others
            yield contestant.name, str(error) or type(error).__name__


class _Plane:
    """What all pictures share: the cells, the samples, the classes."""

    def __init__(self, dataset: Dataset, columns: tuple[str, str], labels: NDArray[np.str_], seed: int) -> None:
        self.dataset, self.columns, self.labels, self.classes = dataset, columns, labels, _shown(labels)
        values = [_floats(dataset, name) for name in columns]
        self.axes = [_middles(each) for each in values]
        self.groups = self._samples(values, seed)

    def drawn(self, name: str, learner: Learner, unseen: Indices) -> Regions:
        """The picture of a learner, which tells in its title how much of what it has not seen it is right about."""
        grid = dict(zip(self.columns, (axis.ravel() for axis in np.meshgrid(*self.axes)), strict=True))
        predicted = self._numbers(_predicted(learner, pd.DataFrame(grid)))
        right = _predicted(learner, self.dataset[unseen].frame()) == self.labels[unseen]
        return Regions(
            title=f"{name.rpartition(':')[2]}: {right.mean():.1%} of {len(unseen)} unseen right",
            x=self.columns[0],
            y=self.columns[1],
            classes=self.classes,
            xs=tuple(self.axes[0].tolist()),
            ys=tuple(self.axes[1].tolist()),
            cells=tuple(map(tuple, predicted.reshape(CELLS, CELLS).tolist())),
            groups=self.groups,
        )

    def _samples(self, values: list[Floats], seed: int) -> tuple[Group, ...]:
        """Those that lie on the plane, or some of them, by class."""
        (xs, ys), (across, up) = values, self.axes
        on_it = (xs >= across[0]) & (xs <= across[-1]) & (ys >= up[0]) & (ys <= up[-1])
        rows = np.random.default_rng(seed).permutation(np.flatnonzero(on_it))[:MOST_SAMPLES]
        numbers = self._numbers(self.labels[rows])
        mine = [rows[numbers == number] for number in range(len(self.classes))]
        return tuple(
            (name, tuple(xs[own].tolist()), tuple(ys[own].tolist()))
            for name, own in zip(self.classes, mine, strict=True)
        )

    def _numbers(self, labels: NDArray[np.str_]) -> NDArray[np.int64]:
        """The place of each among the classes shown; of others the last."""
        places = {name: number for number, name in enumerate(self.classes)}
        return np.array([places.get(label, len(self.classes) - 1) for label in labels], np.int64)


def _predicted(learner: Learner, samples: pd.DataFrame) -> NDArray[np.str_]:
    """The likeliest class, be it likely enough or not."""
    found: Any = learner.predict(samples).probabilities
    task: Any = learner.task
    return np.asarray(np.asarray(task.classes).astype(str)[found.argmax(1)])


def _shown(labels: NDArray[np.str_]) -> tuple[str, ...]:
    """Those that have a colour, in order; if there are too many, the most frequent and one for the others."""
    names, counts = np.unique(labels, return_counts=True)
    if len(names) <= MOST_CLASSES:
        return tuple(names.tolist())
    kept = np.sort(np.argsort(-counts, kind="stable")[: MOST_CLASSES - 1])
    return (*names[kept].tolist(), OTHERS)


def _floats(dataset: Dataset, name: str) -> Floats:
    column = dataset.features[name]
    return column.floats() if isinstance(column, Numbers) else np.full(len(column), np.nan)


def _middles(values: Floats) -> Floats:
    """Of the cells along an axis: nearly all values, and some room beside them."""
    finite = values[np.isfinite(values)]
    low, high = np.quantile(finite, [REACH, 1 - REACH]) if len(finite) else (0.0, 1.0)
    room = MARGIN * (high - low) or 0.5
    return np.linspace(low - room, high + room, CELLS)


def _most_telling(dataset: Dataset, names: Sequence[str]) -> tuple[str, str]:
    """The column that alone tells most of the class, and the one that tells most beside it, by trees on folds."""
    rows = np.random.default_rng(0).permutation(len(dataset))[:LOOKED_AT]
    part = dataset[rows]
    labels = np.unique(part.targets().astype(str), return_inverse=True)[1]
    # Ranks are all that a tree sees of numbers, and they are neither too large for it nor gaps.
    table = np.stack([np.unique(_floats(part, name), return_inverse=True)[1] for name in names], axis=1)
    order = range(len(names))
    if len(names) > TRIED:
        with np.errstate(all="ignore"):
            order = np.argsort(-np.nan_to_num(f_classif(table, labels)[0]), kind="stable")[:TRIED].tolist()

    def told(*places: int) -> float:
        tree = DecisionTreeClassifier(max_depth=DEPTH, random_state=0)
        return float(cross_val_score(tree, table[:, places], labels, cv=KFold(FOLDS)).mean())

    first = max(order, key=told)
    second = max((place for place in order if place != first), key=lambda place: told(first, place))
    return names[first], names[second]
