"""Baseline: what is known without looking at a sample. A learner that is no better has learned nothing."""

from dataclasses import dataclass
from typing import Any

from sklearn.dummy import DummyClassifier, DummyRegressor

from glia.classical.model import ClassicalModel
from glia.models.samples import Samples


@dataclass(frozen=True, kw_only=True)
class BaselineConfig:
    """There is nothing to choose."""


SIZES: dict[str, dict[str, Any]] = {}


class Baseline(ClassicalModel):
    """Predicts the shares of the classes, or the mean, for every sample."""

    def __init__(self, config: BaselineConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> Any:
        """Scikit-learn's dummy."""
        return DummyClassifier(strategy="prior") if self.classifies else DummyRegressor(strategy="mean")
