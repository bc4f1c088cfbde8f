"""Elastic net: the penalties of lasso and ridge together; columns that say the same are kept, or dropped, together.

Paper      Zou & Hastie, 2005, *Regularization and variable selection via the elastic net*.
           https://doi.org/10.1111/j.1467-9868.2005.00503.x
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from glia.classical.penalised import Penalised, Strength
from glia.classical.regression import Regression
from glia.classical.terms import terms_of
from glia.models.samples import Samples

MIXES = (0.1, 0.5, 0.7, 0.9, 0.95, 0.99, 1.0)  # tried, as scikit-learn's guide proposes: more of them near the lasso


@dataclass(frozen=True, kw_only=True)
class ElasticNetConfig:
    """What an elastic net is built from."""

    strength: Strength = "auto"  # of both penalties together; auto: chosen on folds
    mix: Annotated[float, Field(ge=0, le=1)] | Literal["auto"] = "auto"  # the lasso's share; auto: chosen on folds


SIZES: dict[str, dict[str, Any]] = {}


class ElasticNet(Regression):
    """A weighted sum of some of the columns, those that go together with weights alike."""

    MATTERS = ("outliers", "skew", "residuals")

    def __init__(self, config: ElasticNetConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> Penalised:
        """Both penalties."""
        mixes = MIXES if self.config.mix == "auto" else (self.config.mix,)
        return Penalised(terms_of(samples, reference=False), self.config.strength, mixes, self.seed)
