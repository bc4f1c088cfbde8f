"""Ridge regression: least squares with a penalty on squared weights, which shares out what columns have in common.

Paper      Hoerl & Kennard, 1970, *Ridge regression*. https://doi.org/10.1080/00401706.1970.10488634
"""

from dataclasses import dataclass
from typing import Any

from glia.classical.penalised import Penalised, Strength
from glia.classical.regression import Regression
from glia.classical.terms import terms_of
from glia.models.samples import Samples


@dataclass(frozen=True, kw_only=True)
class RidgeConfig:
    """What a ridge regression is built from."""

    strength: Strength = "auto"  # of the penalty, per sample: λ / N of the textbooks; auto: chosen on folds


SIZES: dict[str, dict[str, Any]] = {}


class Ridge(Regression):
    """A weighted sum of the columns, all weights smaller than least squares would have them."""

    MATTERS = ("outliers", "skew", "residuals")

    def __init__(self, config: RidgeConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> Penalised:
        """The penalty on squares alone."""
        return Penalised(terms_of(samples, reference=False), self.config.strength, (0.0,), self.seed)
