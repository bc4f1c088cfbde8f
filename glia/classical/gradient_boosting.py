"""Gradient boosting: small trees one after the other, each learning what those before it still get wrong.

Papers     Friedman, 2001, *Greedy function approximation: a gradient boosting machine*; on histograms: Ke et al.,
           2017, *LightGBM*.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from glia.classical.model import ClassicalModel
from glia.classical.outputs import Classes, answered
from glia.models.options import Width
from glia.models.samples import Samples

FEW = 500_000  # values


@dataclass(frozen=True, kw_only=True)
class GradientBoostingConfig:
    """What gradient boosting is built from; the defaults are scikit-learn's."""

    trees: Width = 100  # at most, for each class
    learning_rate: Annotated[float, Field(gt=0)] = 0.1  # share of each tree's answer that counts
    leaves: Annotated[int, Field(ge=2)] = 31  # of a tree, at most
    depth: Annotated[int, Field(ge=0)] = 0  # of a tree, at most; 0: as the leaves allow
    leaf: Width = 20  # fewest samples in a leaf
    l2: Annotated[float, Field(ge=0)] = 0.0  # penalty on the answers of leaves
    early_stopping: Literal["auto"] | bool = "auto"  # by a tenth of the samples; auto: if over 10,000
    classes: Classes = "together"  # or each class against the others, or error-correcting binary digits


SIZES: dict[str, dict[str, Any]] = {}


class GradientBoosting(ClassicalModel):
    """The sum of the trees' answers."""

    def __init__(self, config: GradientBoostingConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def learn(self, samples: Samples) -> None:
        """Fit it; to few samples on one thread, for threads that wait for each other cost more than they give."""
        with threadpool_limits(1 if samples.inputs.numel() < FEW else None, "openmp"):
            super().learn(samples)

    def make(self, samples: Samples) -> Any:
        """Scikit-learn's, on histograms."""
        return answered(self._made, self.config.classes, samples, self.outputs, self.seed)

    def _made(self, x: NDArray[np.float64], y: NDArray[Any], weights: NDArray[np.float64]) -> Any:
        config = self.config
        kind = HistGradientBoostingClassifier if self.classifies else HistGradientBoostingRegressor
        return kind(
            max_iter=config.trees,
            learning_rate=config.learning_rate,
            max_leaf_nodes=config.leaves,
            max_depth=config.depth or None,
            min_samples_leaf=config.leaf,
            l2_regularization=config.l2,
            early_stopping=config.early_stopping,
            random_state=self.seed,
        )
