"""Nearest neighbours: what the samples most like this one were.

Papers     Fix & Hodges, 1951; Cover & Hart, 1967, *Nearest neighbor pattern classification*.
Letters    N samples, k neighbours, K classes.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors as Search

from glia.classical.choosing import chosen
from glia.classical.model import ClassicalModel, Told, arrays
from glia.models.options import Width
from glia.models.samples import Samples

Numbers = NDArray[np.float64]
Votes = Literal["equal", "distance"]
TRIED = (51, 35, 25, 17, 11, 7, 5, 3, 1)  # neighbours, from the smoothest
NEAREST = 1e-12  # a distance of zero is taken for this


@dataclass(frozen=True, kw_only=True)
class NearestNeighboursConfig:
    """What nearest neighbours is built from."""

    neighbours: Width | Literal["auto"] = "auto"  # asked; auto: chosen on folds
    votes: Votes = "equal"  # or the nearer the more: one over the distance


SIZES: dict[str, dict[str, Any]] = {}


class NearestNeighbours(ClassicalModel):
    """Shares of the classes among the neighbours, or the mean of their numbers."""

    def __init__(self, config: NearestNeighboursConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> Any:
        """As many neighbours as asked for, or as err least on folds."""
        count = self.config.neighbours
        if count == "auto":
            count = self._chosen(*arrays(samples))
        return Estimator(count, self.config.votes, self.outputs)

    def told(self) -> list[Told]:
        """How many neighbours are asked."""
        how = "chosen on folds" if self.config.neighbours == "auto" else "as given"
        return [Told("Neighbours", f"{self.estimator.neighbours} of {len(self.estimator.x_)} samples, {how}")]

    def _chosen(self, x: Numbers, y: NDArray[Any], weights: Numbers) -> int:
        def judge(learned: NDArray[np.int64], judged: NDArray[np.int64]) -> Numbers:
            most = Estimator(TRIED[0], self.config.votes, self.outputs).fit(x[learned], y[learned], weights[learned])
            said = most.with_fewer(x[judged], TRIED)
            if self.classifies:
                return np.stack([(one.argmax(1) != y[judged]).astype(np.float64) for one in said], axis=1)
            return np.stack([(one[:, 0] - y[judged]) ** 2 for one in said], axis=1)

        return TRIED[chosen(judge, y, weights, classifies=self.classifies, seed=self.seed)]


class Estimator:
    """The samples by heart. Classes are numbers below K; a regression has one output.

    Attributes:
        x_: (N, F).
        y_: (N, K) the shares of each sample, or (N, 1) its number.
        weights_: (N,) how much each sample counts as a neighbour.
        classes_: (K,).
    """

    def __init__(self, neighbours: int, votes: Votes, outputs: int) -> None:
        self.neighbours, self.votes, self.outputs = neighbours, votes, outputs
        self._search: Any = None  # made when it is first needed

    def fit(self, x: Numbers, y: NDArray[Any], sample_weight: Numbers | None = None) -> "Estimator":
        """Keep them."""
        self.x_, self.classes_ = x, np.arange(self.outputs)
        self.y_ = np.eye(self.outputs)[y] if self.outputs > 1 else y.astype(np.float64)[:, None]
        self.weights_ = np.ones(len(x)) if sample_weight is None else sample_weight
        return self

    def predict_proba(self, x: Numbers) -> Numbers:
        """(N, K) shares."""
        return self.with_fewer(x, (self.neighbours,))[0]

    def predict(self, x: Numbers) -> Numbers:
        """(N,) numbers."""
        return self.with_fewer(x, (self.neighbours,))[0][:, 0]

    def with_fewer(self, x: Numbers, counts: tuple[int, ...]) -> list[Numbers]:
        """(N, K) for each number of neighbours, with one search."""
        most = min(max(counts), len(self.x_))
        if self._search is None:
            self._search = Search(n_neighbors=most).fit(self.x_)
        distances, rows = self._search.kneighbors(x, most)
        votes = self.weights_[rows] / (distances.clip(min=NEAREST) if self.votes == "distance" else 1.0)
        asked = {min(count, most) for count in counts}
        total, found = np.zeros((len(x), self.y_.shape[1])), {}
        for number, (vote, row) in enumerate(zip(votes.T, rows.T, strict=True), start=1):
            total += vote[:, None] * self.y_[row]
            if number in asked:
                found[number] = total / votes[:, :number].sum(1, keepdims=True).clip(min=NEAREST)
        return [found[min(count, most)] for count in counts]

    def __getstate__(self) -> dict[str, Any]:
        """Without the search, whose tree is not data that a file may hold."""
        return {**vars(self), "_search": None}
