"""Least squares with a penalty on the weights: the estimator behind ridge, lasso, elastic net, penalised polynomials.

It minimises |y - c - X b|² / 2N + strength (mix |b|₁ + (1 - mix) |b|² / 2), as Friedman, Hastie & Tibshirani, 2010, do
in glmnet: mix 0 is ridge, 1 the lasso. The constant c is not penalised. Targets are standardised, so a strength means
the same whatever the unit.

Letters    N samples, F features, T terms, S strengths.
"""

import warnings
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from glia.classical.choosing import FOLDS, chosen
from glia.classical.coefficients import CONSTANT, aligned
from glia.classical.terms import Floats, Terms, weighted
from glia.pictures import Curve

Strength = Annotated[float, Field(gt=0)] | Literal["auto"]

STRENGTHS = 100  # tried, evenly on a logarithmic scale
SPAN = 1e-4  # the least strength tried, as a share of that which makes all weights 0
RIDGE = (1e-5, 1e2)  # strengths tried where there is no such: no ridge makes a weight 0
MOST_LINES = 20  # drawn in a path


class Penalised(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A penalty of a given strength, or of that which errs least on folds; likewise for the mix.

    Attributes:
        strength_: given or chosen.
        mix_: likewise.
        weights_: (T,) of the standardised terms.
        constant_: beside them.
        strengths_: (S,) of the path, greatest first.
        path_: (T, S) the weights at each.
        chosen_: whether one of the two was chosen.
        freedom_: effective degrees of freedom, the constant not counted.
    """

    def __init__(self, terms: Terms, strength: Strength, mixes: tuple[float, ...] = (1.0,), seed: int = 0) -> None:
        self.terms = terms
        self.strength = strength
        self.mixes = mixes
        self.seed = seed

    def fit(self, X: Floats, y: Floats, sample_weight: Any = None) -> "Penalised":
        """Fit to features (N, F) and targets (N,)."""
        x, y = self.terms.expand(X), np.asarray(y, np.float64)
        table, target, means, mean = weighted(x, y, sample_weight)
        grids = {mix: _strengths(table, target, mix) for mix in self.mixes}
        tried = [
            (mix, float(strength))
            for mix, grid in grids.items()
            for strength in (grid if self.strength == "auto" else [self.strength])
        ]
        self.chosen_ = len(tried) > 1
        self.mix_, self.strength_ = tried[self._chosen(x, y, sample_weight, tried) if self.chosen_ else 0]
        self.weights_ = path(table, target, np.array([self.strength_]), self.mix_)[:, 0] + 0.0  # no -0
        self.constant_ = mean - float(means @ self.weights_)
        self.strengths_ = grids[self.mix_]
        self.path_ = path(table, target, self.strengths_, self.mix_)
        self.freedom_ = _freedom(table, self.weights_, self.strength_, self.mix_)
        self.samples_ = len(y)
        return self

    def predict(self, X: Floats) -> Floats:
        """(N,) standardised numbers."""
        predicted: Floats = self.terms.expand(X) @ self.weights_ + self.constant_
        return predicted

    def told(self) -> str:
        """What was chosen, then the weights in the user's units and standardised."""
        names, standardised = (CONSTANT, *self.terms.names), np.concatenate([[self.constant_], self.weights_])
        lines = [
            f"{self.samples_} samples; strength {self.strength_:.4g}"
            + (f", chosen on {FOLDS} folds" if self.chosen_ else "")
            + (f"; mix {self.mix_:g}" if 0 < self.mix_ < 1 else "")
            + (f"; {np.count_nonzero(self.weights_)} of {len(self.weights_)} weights are not 0" if self.mix_ else "")
            + f"; {self.freedom_:.1f} effective degrees of freedom"
        ]
        matrix = self.terms.to_units()
        if matrix is None:
            rows = [[name, f"{value:.3f}"] for name, value in zip(names, standardised, strict=True)]
            return "\n".join([*lines, aligned(["", "standardised"], rows)])
        values = matrix @ standardised
        values[0] += self.terms.mean
        rows = [
            [name, f"{value:.6g}", f"{small:.3f}" if name != CONSTANT else ""]
            for name, value, small in zip(names, values, standardised, strict=True)
        ]
        return "\n".join([*lines, aligned(["", "coefficient", "standardised"], rows)])

    def picture(self) -> Curve:
        """The standardised weights over the strength; of many the greatest."""
        xs = tuple(np.log10(self.strengths_).tolist())
        greatest = np.sort(np.argsort(-np.abs(self.path_).max(axis=1), kind="stable")[:MOST_LINES])
        return Curve(
            title=f"Weights over the strength of the penalty (chosen or given: {np.log10(self.strength_):.2f})"
            if self.strength_
            else "Weights over the strength of the penalty",
            x="log10 strength",
            y="standardised weight",
            lines=tuple((self.terms.names[at], xs, tuple(self.path_[at].tolist())) for at in greatest),
        )

    def _chosen(self, x: Floats, y: Floats, weights: Any, tried: list[tuple[float, float]]) -> int:
        """Which mix and strength has the least error on folds."""
        cost = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64)

        def judge(learned: NDArray[np.int64], judged: NDArray[np.int64]) -> Floats:
            seen = x[learned], y[learned], cost[learned]
            strengths = ((mix, np.array([strength for its, strength in tried if its == mix])) for mix in self.mixes)
            found = [predictions(*seen, x[judged], strengths=its, mix=mix) for mix, its in strengths]
            missed: Floats = (np.hstack(found) - y[judged, None]) ** 2
            return missed

        return chosen(judge, y, cost, classifies=False, seed=self.seed)


def predictions(x: Floats, y: Floats, weights: Floats, judged: Floats, *, strengths: Floats, mix: float) -> Floats:
    """(M, S) what each strength makes of samples not seen.

    Args:
        x: (N, T) terms of the samples to learn from.
        y: (N,) their targets.
        weights: (N,) what an error in each costs.
        judged: (M, T) terms of the others.
        strengths: (S,)
        mix: the lasso's share.
    """
    table, target, means, mean = weighted(x, y, weights)
    found: Floats = mean + (judged - means) @ path(table, target, strengths, mix)
    return found


def path(table: Floats, target: Floats, strengths: Floats, mix: float) -> Floats:
    """(T, S) the weights at each strength; columns and target have the mean 0.

    At mix 0 in closed form, from one singular value decomposition; else by scikit-learn's coordinate descent.
    """
    if not mix:
        u, singular, v = np.linalg.svd(table, full_matrices=False)
        squared = singular[:, None] ** 2 + len(table) * strengths
        with np.errstate(divide="ignore", invalid="ignore"):  # strength 0 where columns depend on each other
            shrunk = np.where(squared > 0, singular[:, None] / squared, 0.0)
        found: Floats = v.T @ (shrunk * (u.T @ target)[:, None])
        return found
    with warnings.catch_warnings():
        # The weakest penalties of a path may need more rounds than are worth it; none of them is chosen for that.
        warnings.simplefilter("ignore", ConvergenceWarning)
        descended: Floats = enet_path(
            table, target, l1_ratio=mix, alphas=strengths, tol=1e-7, max_iter=5_000, check_input=True
        )[1]
    return descended


def ridge_strengths() -> Floats:
    """(S,) those of a path of ridge, greatest first."""
    return np.geomspace(RIDGE[1], RIDGE[0], STRENGTHS)


def _strengths(table: Floats, target: Floats, mix: float) -> Floats:
    """Those of a path, greatest first."""
    if not mix:
        return ridge_strengths()
    greatest = float(np.abs(table.T @ target).max(initial=0)) / len(target) / mix
    greatest = max(greatest, float(np.finfo(np.float32).eps))
    return np.geomspace(greatest, greatest * SPAN, STRENGTHS)


def _freedom(table: Floats, weights: Floats, strength: float, mix: float) -> float:
    """Hastie, Tibshirani & Friedman, 2009, (3.50); Zou, Hastie & Tibshirani, 2007, of the terms that are left."""
    kept = table if not mix else table[:, weights != 0]
    squared = np.linalg.svd(kept, compute_uv=False) ** 2 if kept.size else np.empty(0)
    held = len(table) * strength * (1 - mix)
    squared = squared[squared > np.finfo(np.float64).eps * squared.max(initial=0) * len(table)]
    return float((squared / (squared + held)).sum())
