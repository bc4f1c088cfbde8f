"""Linear regression: least squares, each coefficient with its standard error and significance.

Paper      Legendre, 1805; Gauss, 1809; Hastie, Tibshirani & Friedman, 2009, *The Elements of Statistical Learning*,
           section 3.2.
We differ  of a category column the first category is the reference; a column that is a combination of those before it
           is left out, as R does.
"""

from dataclasses import dataclass
from typing import Any

from glia.classical.least_squares import LeastSquares
from glia.classical.regression import Regression
from glia.classical.terms import terms_of
from glia.models.samples import Samples


@dataclass(frozen=True, kw_only=True)
class LinearRegressionConfig:
    """There is nothing to choose."""


SIZES: dict[str, dict[str, Any]] = {}


class LinearRegression(Regression):
    """A weighted sum of the columns."""

    MATTERS = ("outliers", "collinearity", "residuals")

    def __init__(self, config: LinearRegressionConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> LeastSquares:
        """Least squares over the features."""
        return LeastSquares(terms_of(samples))
