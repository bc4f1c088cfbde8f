"""Lasso: least squares with a penalty on absolute weights, which makes those of needless columns 0.

Paper      Tibshirani, 1996, *Regression shrinkage and selection via the lasso*.
           https://doi.org/10.1111/j.2517-6161.1996.tb02080.x
"""

from dataclasses import dataclass
from typing import Any

from glia.classical.penalised import Penalised, Strength
from glia.classical.regression import Regression
from glia.classical.terms import terms_of
from glia.models.samples import Samples


@dataclass(frozen=True, kw_only=True)
class LassoConfig:
    """What a lasso is built from."""

    strength: Strength = "auto"  # of the penalty; auto: chosen on folds


SIZES: dict[str, dict[str, Any]] = {}


class Lasso(Regression):
    """A weighted sum of some of the columns."""

    MATTERS = ("outliers", "collinearity", "skew", "residuals")

    def __init__(self, config: LassoConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> Penalised:
        """The penalty on absolute weights alone."""
        return Penalised(terms_of(samples, reference=False), self.config.strength, (1.0,), self.seed)
