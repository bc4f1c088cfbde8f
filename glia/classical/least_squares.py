"""Least squares with what inference needs: the estimator behind linear, polynomial and stepwise regression.

Letters    N samples, F features, T terms.
"""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from glia.classical.coefficients import CONSTANT, Coefficients
from glia.classical.terms import Floats, Terms, independent, weighted


class LeastSquares(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Minimises squared errors over terms; those that are a combination of others are left out, as R does.

    scikit-learn's `LinearRegression` has no standard errors, so the factorisation that both come from is kept here.

    Attributes:
        terms_: those that were kept.
        left_out_: the names of those that were not.
        standardised_: coefficients of the terms as the model sees them.
        explained_: R².
        samples_: N.
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def fit(self, X: Floats, y: Floats, sample_weight: Any = None) -> "LeastSquares":
        """Fit to features (N, F) and targets (N,)."""
        return self.fit_terms(self.terms, X, y, sample_weight)

    def fit_terms(self, terms: Terms, X: Floats, y: Floats, sample_weight: Any = None) -> "LeastSquares":
        """Fit to some terms."""
        y = np.asarray(y, np.float64)
        table, target, means, mean = weighted(terms.expand(X), y, sample_weight)
        # Whatever is asked of the table and the target can be asked of their triangle, which is small.
        triangle: Floats = np.asarray(np.linalg.qr(np.column_stack([table, target]), mode="r"), np.float64)
        kept = independent(triangle[:, :-1], len(table))
        self.terms_ = terms.chosen(kept)
        self.left_out_ = tuple(name for at, name in enumerate(terms.names) if at not in set(kept))
        q, r = np.linalg.qr(triangle[:, kept])
        met = q.T @ triangle[:, -1]
        slopes = np.linalg.solve(r, met) if kept else np.empty(0)
        errors = triangle[:, -1] - q @ met
        freedom = len(y) - len(kept) - 1
        squared = float(errors @ errors)
        variance = squared / freedom if freedom else np.nan
        inverse = np.linalg.inv(r) if kept else np.empty((0, 0))
        spread = inverse @ inverse.T
        beside = -spread @ means[kept]  # of the constant with each slope, in units of the variance
        covariance = variance * np.block([[1 / len(y) - means[kept] @ beside, beside[None]], [beside[:, None], spread]])
        values = np.concatenate([[mean - means[kept] @ slopes], slopes])
        self.standardised_ = Coefficients((CONSTANT, *self.terms_.names), values, covariance, freedom)
        total = float(target @ target)
        self.explained_ = 1 - squared / total if total else 1.0
        self.deviation_ = float(np.sqrt(variance))
        self.samples_ = len(y)
        return self

    def predict(self, X: Floats) -> Floats:
        """(N,) standardised numbers."""
        values = self.standardised_.values
        predicted: Floats = self.terms_.expand(X) @ values[1:] + values[0]
        return predicted

    @property
    def coefficients(self) -> Coefficients | None:
        """In the user's units; None where a product was left out that multiplying out would bring back."""
        matrix = self.terms_.to_units()
        return None if matrix is None else self.standardised_.mapped(matrix, self.terms_.mean)

    def told(self) -> str:
        """Figures of the fit, then the table of coefficients."""
        freedom = int(self.standardised_.freedom)
        adjusted = 1 - (1 - self.explained_) * (self.samples_ - 1) / freedom if freedom else np.nan
        lines = [
            f"{self.samples_} samples, {len(self.standardised_.values)} coefficients; R² {self.explained_:.4f}, "
            f"adjusted {adjusted:.4f}; residual standard error {self.deviation_ * self.terms_.deviation:.4g} with "
            f"{freedom} degrees of freedom"
        ]
        in_units = self.coefficients
        if in_units is None:
            lines += ["Of standardised columns:", self.standardised_.table()]
        else:
            lines.append(in_units.table(self.standardised_))
        if self.left_out_:
            lines.append(f"Left out, being constant or a combination of others: {', '.join(self.left_out_)}")
        return "\n".join(lines)
