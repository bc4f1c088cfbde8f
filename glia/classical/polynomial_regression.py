"""Polynomial regression: least squares over powers of the columns and their products.

Paper      Gergonne, 1815; Hastie, Tibshirani & Friedman, 2009, *The Elements of Statistical Learning*, chapter 5.
We differ  powers are of standardised columns, which can be told apart better; coefficients are said in the user's
           units.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from glia.classical.choosing import FOLDS, chosen
from glia.classical.least_squares import LeastSquares
from glia.classical.model import Told, arrays
from glia.classical.penalised import Penalised, Strength, predictions, ridge_strengths
from glia.classical.regression import Regression
from glia.classical.terms import Floats, Terms, terms_of
from glia.errors import ConfigError
from glia.models.options import Width
from glia.models.samples import Samples

HIGHEST = 3  # degree tried
LEAST_SAMPLES = {"none": 3, "ridge": 1}  # for each term of a degree that is tried
MOST_WORK = 5_000_000_000  # multiplications of a fit of a degree that is tried


@dataclass(frozen=True, kw_only=True)
class PolynomialRegressionConfig:
    """What a polynomial regression is built from."""

    degree: Width | Literal["auto"] = "auto"  # greatest of a term; auto: chosen on folds, at most 3
    interactions: bool = True  # products of different columns, too; else powers alone
    penalty: Literal["none", "ridge"] = "none"  # on the squared weights of all terms
    strength: Strength = "auto"  # of the penalty, as of ridge; auto: chosen on folds


SIZES: dict[str, dict[str, Any]] = {}


class PolynomialRegression(Regression):
    """A weighted sum of powers and products of the columns."""

    MATTERS = ("outliers", "collinearity", "skew", "residuals")

    def __init__(self, config: PolynomialRegressionConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config

    def make(self, samples: Samples) -> LeastSquares | Penalised:
        """Least squares, or ridge regression, over the terms of the degree given or chosen."""
        if self.config.degree != "auto":
            return self._over(self._terms(samples, self.config.degree))
        tried = self._tried(samples)
        x, y, weights = arrays(samples)

        def judge(learned: NDArray[np.int64], judged: NDArray[np.int64]) -> Floats:
            found = [self._predicted(terms, (x[learned], y[learned], weights[learned]), x[judged]) for terms in tried]
            missed: Floats = (np.hstack(found) - y[judged, None]) ** 2
            return missed

        best = chosen(judge, y, weights, classifies=False, seed=self.seed)
        return self._over(tried[best // (len(self._strengths) if self.config.penalty == "ridge" else 1)])

    def told(self) -> list[Told]:
        """The degree, and the coefficients."""
        (told,) = super().told()
        how = f"chosen on {FOLDS} folds" if self.config.degree == "auto" else "as given"
        return [Told(f"{told.title} of a polynomial of degree {self.estimator.terms.degree}, {how}", *_rest(told))]

    def _tried(self, samples: Samples) -> list[Terms]:
        """Of all degrees that the samples can tell; of degree 1 in any case."""
        found = [self._terms(samples, 1)]
        for degree in range(2, HIGHEST + 1):
            try:
                terms = self._terms(samples, degree)
            except ConfigError:  # too many terms for any sample
                break
            if len(terms.factors) * LEAST_SAMPLES[self.config.penalty] > len(samples.targets):
                break
            if len(samples.targets) * len(terms.factors) ** 2 > MOST_WORK:
                break
            if len(terms.factors) == len(found[-1].factors):  # columns of categories alone, whose powers are themselves
                break
            found.append(terms)
        return found

    def _terms(self, samples: Samples, degree: int) -> Terms:
        return terms_of(samples, degree, interactions=self.config.interactions)

    def _predicted(self, terms: Terms, learned: tuple[Floats, Floats, Floats], judged: Floats) -> Floats:
        """(M, S) of features (M, F) by a degree, at each strength: degree and strength are chosen together."""
        if self.config.penalty == "none":
            return LeastSquares(terms).fit(*learned).predict(judged)[:, None]
        x, y, weights = learned
        seen = terms.expand(x), y, weights
        return predictions(*seen, terms.expand(judged), strengths=self._strengths, mix=0.0)

    @property
    def _strengths(self) -> Floats:
        return ridge_strengths() if self.config.strength == "auto" else np.array([self.config.strength])

    def _over(self, terms: Terms) -> LeastSquares | Penalised:
        if self.config.penalty == "none":
            return LeastSquares(terms)
        return Penalised(terms, self.config.strength, (0.0,), self.seed)


def _rest(told: Told) -> tuple[Any, ...]:
    return told.text, told.picture
