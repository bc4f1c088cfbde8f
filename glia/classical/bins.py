"""Features cut into a few values each: numbers at their quantiles, categories as they are.

Letters    N samples, F features, G groups of features: a number is one, the features of a category are one.
"""

import numpy as np
from numpy.typing import NDArray

from glia.models.samples import Column

Numbers = NDArray[np.float64]
Groups = list[list[int]]
"""First feature and number of features of each group."""


def groups(columns: tuple[Column, ...], features: int) -> tuple[Groups, Groups]:
    """The features that are numbers, and those that belong to categories; without columns all are numbers.

    Example:
        >>> groups((Column("colour", "categories", 0, 3), Column("size", "numbers", 3)), 4)
        ([[3, 1]], [[0, 3]])
    """
    if not columns:
        return [[number, 1] for number in range(features)], []
    found: dict[str, Groups] = {"numbers": [], "categories": []}
    for column in columns:
        found[column.kind] += [[column.first, column.size]] * (column.size > 0)
    return found["numbers"], found["categories"]


class Bins:
    """Cuts numbers at quantiles, so that each bin has as many samples; of few different numbers each is a bin.

    Attributes:
        edges_: for each number the places where it is cut, ascending.
        sizes_: (G,) how many values each group has, numbers first; a category has one more than features, for none of
            them, and so has whatever was never seen.
    """

    def __init__(self, numbers: Groups, categories: Groups, count: int) -> None:
        self.numbers, self.categories, self.count = numbers, categories, count

    def fit(self, x: Numbers) -> "Bins":
        """Find where to cut."""
        self.edges_ = [self._edges(x[:, first]) for first, _ in self.numbers]
        sizes = [len(edges) + 1 for edges in self.edges_] + [size + 1 for _, size in self.categories]
        self.sizes_ = np.array(sizes, np.int64)
        return self

    def codes(self, x: Numbers) -> NDArray[np.int64]:
        """(N, G) the number of the value of each group."""
        found = [
            np.searchsorted(edges, x[:, first]) for (first, _), edges in zip(self.numbers, self.edges_, strict=True)
        ]
        found += [chosen(x[:, first : first + size]) for first, size in self.categories]
        return np.stack(found, axis=1).astype(np.int64)

    def _edges(self, values: Numbers) -> Numbers:
        different = np.unique(values)
        if len(different) <= self.count:
            return np.asarray((different[1:] + different[:-1]) / 2)
        edges = np.unique(np.quantile(values, np.arange(1, self.count) / self.count))
        return np.asarray(edges[edges < different[-1]])  # a value at an edge falls below it


def chosen(features: Numbers) -> NDArray[np.int64]:
    """(N,) which of the features of a category is 1; their number where none is."""
    return np.asarray(np.where(features.any(1), features.argmax(1), features.shape[1]))
