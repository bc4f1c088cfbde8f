"""NBTree: a tree of a few questions, with naive Bayes in its leaves.

A node is divided by the column after which naive Bayes, judged on five folds, is right most often; but only if that
takes away more than a twentieth of the errors it makes undivided, and the node has thirty samples or more.

Paper      Kohavi, 1996, *Scaling up the accuracy of naive-Bayes classifiers: a decision-tree hybrid*, KDD-96.
We differ  numbers fall into bins of as many samples each, and a division is into all bins (the paper: discretised by
           entropy, divided at one threshold). Samples whose value was never seen at a node stay there.
Letters    N samples, K classes, G groups of features, V values of a group, M nodes.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glia.classical.bins import Bins, groups
from glia.classical.choosing import FOLDS, folds
from glia.classical.model import ClassicalModel, Told
from glia.classical.naive_bayes import counts, log_tables, probabilities, read
from glia.classical.outputs import Classes, Questions, answered
from glia.errors import ConfigError
from glia.models.options import Share, Width
from glia.models.samples import Column, Samples

Numbers = NDArray[np.float64]
Codes = NDArray[np.int64]
STAYS = -1


@dataclass(frozen=True, kw_only=True)
class NBTreeConfig:
    """What an NBTree is built from; the defaults are the paper's."""

    improvement: Share = 0.05  # share of a node's errors that a division must take away
    samples: Width = 30  # fewest in a node that is divided
    bins: Annotated[int, Field(ge=2)] = 5  # for numbers, of as many samples each
    smoothing: Annotated[float, Field(gt=0)] = 1.0  # samples added to each value
    classes: Classes = "together"  # or each class against the others, or error-correcting binary digits


SIZES: dict[str, dict[str, Any]] = {}


class NBTree(ClassicalModel):
    """One tree of naive Bayes."""

    def __init__(self, config: NBTreeConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config
        if not self.classifies:
            raise ConfigError("nb-tree is for classes, and the target is a number. Use decision-tree.")

    def make(self, samples: Samples) -> Any:
        """The tree."""
        numbers, categories = groups(samples.columns, self.inputs)

        def made(x: Numbers, y: NDArray[Any], weights: Numbers) -> "Estimator":
            config = self.config
            bins = Bins(numbers, categories, config.bins)
            return Estimator(bins, config.improvement, config.samples, config.smoothing, self.seed)

        return answered(made, self.config.classes, samples, self.outputs, self.seed)

    def told(self) -> list[Told]:
        """Which columns divide, and how many samples reach each naive Bayes."""
        if isinstance(self.estimator, Questions):
            return []
        lines = self.estimator.lines(_names(self.about.columns, self.estimator.bins_))
        return [Told(f"Tree of {len(lines)} nodes, each with its naive Bayes", "\n".join(lines))]


class Estimator:
    """The tree, flattened: nodes in the order they were made, the root first.

    Attributes:
        classes_: (K,).
        bins_: from features to values.
        groups_: (M,) the group that divides a node; -1: none.
        children_: (M, V) by value; -1: samples stay.
        log_shares_: (M, K) of the classes at each node, up to a constant.
        log_tables_: (M, K, G, V) of values there.
        samples_: (M,) how many reached it.
        errors_: (M,) of naive Bayes there, on folds.
    """

    def __init__(self, bins: Bins, improvement: float, samples: int, smoothing: float, seed: int) -> None:
        self.bins, self.improvement, self.samples, self.smoothing = bins, improvement, samples, smoothing
        self.seed = seed

    def fit(self, x: Numbers, y: NDArray[np.int64], sample_weight: Numbers | None = None) -> "Estimator":
        """Grow it."""
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        self.classes_, numbers = np.unique(y, return_inverse=True)
        self.bins_ = self.bins.fit(x)
        self._codes, self._y, self._weights = self.bins_.codes(x), numbers, weights
        self._width = int(self.bins_.sizes_.max())
        nodes: list[dict[str, Any]] = []
        self._grow(np.arange(len(y)), nodes)
        self.groups_ = np.array([node["group"] for node in nodes])
        self.children_ = np.array([node["children"] for node in nodes])
        self.log_shares_ = np.array([node["log_shares"] for node in nodes])
        self.log_tables_ = np.array([node["log_tables"] for node in nodes])
        self.samples_ = np.array([node["samples"] for node in nodes])
        self.errors_ = np.array([node["error"] for node in nodes])
        del self._codes, self._y, self._weights
        return self

    def predict_proba(self, x: Numbers) -> Numbers:
        """(N, K)."""
        codes = self.bins_.codes(x)
        reached = np.zeros(len(x), np.int64)
        for node, group in enumerate(self.groups_):  # children stand after their parent
            if group != STAYS:
                here = np.flatnonzero(reached == node)
                below = self.children_[node, codes[here, group]]
                reached[here] = np.where(below == STAYS, node, below)
        return probabilities(self.log_shares_[reached] + read(self.log_tables_, codes, reached))

    def lines(self, names: list[tuple[str, tuple[str, ...]]]) -> list[str]:
        """A line a node, indented by its depth.

        Args:
            names: of each group, and of its values.
        """
        found: list[str] = []
        open_ = [(0, 0, "all")]
        while open_:
            node, depth, said = open_.pop()
            error = f"{self.samples_[node]} samples, {self.errors_[node]:.1%} wrong on folds"
            found.append(f"{'  ' * depth}{said}: {error}")
            group = self.groups_[node]
            if group != STAYS:
                name, values = names[group]
                for value in range(len(values) - 1, -1, -1):
                    if self.children_[node, value] != STAYS:
                        open_.append((int(self.children_[node, value]), depth + 1, f"{name} {values[value]}"))
        return found

    def _grow(self, rows: Codes, nodes: list[dict[str, Any]]) -> int:
        """Add the node that these samples reach, and those below it."""
        number, error = len(nodes), self._error(rows)
        shares, counted = self._counts(rows)
        nodes.append(
            {
                "group": STAYS,
                "children": [STAYS] * self._width,
                "log_shares": np.log(shares[0] + self.smoothing),
                "log_tables": log_tables(counted[0], self.bins_.sizes_, self.smoothing),
                "samples": len(rows),
                "error": error,
            }
        )
        if len(rows) < self.samples or error <= 0:
            return number
        divided = [self._divided(rows, group) for group in range(self._codes.shape[1])]
        best = int(np.argmin(divided))
        if divided[best] < (1 - self.improvement) * error:
            nodes[number]["group"] = best
            for value in np.unique(self._codes[rows, best]):
                here = rows[self._codes[rows, best] == value]
                nodes[number]["children"][value] = self._grow(here, nodes)
        return number

    def _divided(self, rows: Codes, group: int) -> float:
        """The error of naive Bayes below a node that is divided by a group."""
        values = self._codes[rows, group]
        parts = [rows[values == value] for value in np.unique(values)]
        if len(parts) < 2:
            return np.inf
        shares = np.array([self._weights[part].sum() for part in parts])
        return float(shares @ [self._error(part) for part in parts] / shares.sum())

    def _error(self, rows: Codes) -> float:
        """The share of samples that naive Bayes takes for another class, on five folds."""
        y = self._y[rows]
        if (y == y[0]).all():
            return 0.0
        dealt = folds(y, classifies=True, seed=self.seed)
        shares, counted = self._counts(rows, dealt)
        learned = log_tables(counted.sum(0) - counted, self.bins_.sizes_, self.smoothing)
        logs = np.log(shares.sum(0) - shares + self.smoothing)[dealt] + read(learned, self._codes[rows], dealt)
        return float(np.average(logs.argmax(1) != y, weights=self._weights[rows]))

    def _counts(self, rows: Codes, dealt: Codes | None = None) -> tuple[Numbers, Numbers]:
        """How much there is of each class, and of each value in each; for each fold, if the samples are dealt."""
        y, weights, kinds = self._y[rows], self._weights[rows], len(self.classes_)
        parts = 1 if dealt is None else FOLDS
        shares = counts(np.zeros((len(rows), 1), np.int64), y, weights, (parts, kinds, 1), dealt)[:, :, 0, 0]
        return shares, counts(self._codes[rows], y, weights, (parts, kinds, self._width), dealt)


def _names(columns: tuple[Column, ...], bins: Bins) -> list[tuple[str, tuple[str, ...]]]:
    """Of each group and of its values, in the user's units and labels."""
    named = {column.first: column for column in columns}
    found = []
    for (first, _), edges in zip(bins.numbers, bins.edges_, strict=True):
        column = named.get(first, Column(f"feature {first}", "numbers", first))
        ends = [f"{column.mean + column.deviation * edge:.4g}" for edge in edges]
        between = [f"in ({low}, {high}]" for low, high in pairwise(ends)]
        values = (f"≤ {ends[0]}", *between, f"> {ends[-1]}") if ends else ("",)
        found.append((column.name, values))
    for first, size in bins.categories:
        labels = named[first].labels or tuple(str(number) for number in range(size))
        found.append((named[first].name, (*(f"= {label}" for label in labels), "unknown")))
    return found
