"""Soft-max regression with a penalty on the weights, or with standard errors: the estimator of logistic regression.

It minimises the mean of -log p + strength (mix |b|₁ + (1 - mix) |b|² / 2), the constants not penalised: the penalty is
that of ridge, lasso and elastic net (`glia.classical.penalised`), so a strength means the same. Scikit-learn's C is
1 / (N strength).

Source     L-BFGS-B, Byrd, Lu, Nocedal & Zhu, 1995; absolute weights as differences of two numbers that are not
           negative: Andrew & Gao, 2007, section 2.
Letters    N samples, F features, T terms, K classes, R rows of weights: K, but 1 for two classes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from glia.classical.choosing import chosen
from glia.classical.coefficients import Coefficients, soft_max_coefficients, soft_max_covariance
from glia.classical.model import SMALLEST
from glia.classical.penalised import Strength
from glia.classical.terms import Floats, Terms, independent

TRIED = tuple(float(10.0**power) for power in np.arange(3, -2.5, -0.5))
"""N times the strengths that are tried, from the strongest. What suits the data hardly depends on N: like the prior of
a Bayesian, it is worth so many samples."""

CHOSEN_ON = 5_000  # samples at most
TOLERANCE, TRIAL_TOLERANCE = 1e-6, 1e-4  # of the gradient
STEPS = 10_000
MOST_COEFFICIENTS = 2_000  # with standard errors: the square of that are kept in memory for a moment
NEWTON_STEPS, LEAST_STEP = 10, 1e-9
UNTOLD = 100.0  # a standard error of a log-odds per standard deviation, beyond which nothing is known of it


class SoftMax(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Log-probabilities of the classes linear in the terms.

    Attributes:
        classes_: (K,).
        weights_: (R, T) of the terms kept.
        constants_: (R,).
        terms_: all, or without a penalty those that are no combination of others.
        strength_: given or chosen; 0 without a penalty.
        chosen_: whether it was chosen.
        coefficients_: without a penalty, of the second class and those after it against the first, standardised;
            otherwise none.
        left_out_: the names of terms that were not kept.
        separated_: without a penalty: whether no coefficients are the likeliest, since larger ones always are.
        at_rest_: whether the search came to its end.
        samples_: N.
    """

    def __init__(self, terms: Terms, strength: Strength | float, mix: float = 0.0, seed: int = 0) -> None:
        self.terms = terms
        self.strength = strength
        self.mix = mix
        self.seed = seed

    def fit(self, X: Floats, y: NDArray[Any], sample_weight: Any = None) -> "SoftMax":
        """Fit to features (N, F) and classes (N,)."""
        weights = np.ones(len(y)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        x = self.terms.expand(X)
        penalised = self.strength != 0
        self.terms_ = self.terms
        self.left_out_: tuple[str, ...] = ()
        if not penalised:
            kept = independent(x - x.mean(0))
            x, self.terms_ = x[:, kept], self.terms.chosen(kept)
            self.left_out_ = tuple(name for at, name in enumerate(self.terms.names) if at not in set(kept))
        self.chosen_ = self.strength == "auto"
        self.strength_ = self._chosen(x, numbers, weights) if self.strength == "auto" else float(self.strength)
        problem = _Problem(x, numbers, weights, len(self.classes_), self.mix)
        found = problem.solved(self.strength_, tolerance=TOLERANCE)
        self.weights_, self.constants_, self.at_rest_ = found.weights, found.constants, found.at_rest
        self.samples_ = len(y)
        self.coefficients_: tuple[Coefficients, ...] = ()
        self.separated_ = False
        if not penalised and len(self.classes_) > 1:
            self._infer(x, numbers, weights)
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """(N, K)."""
        return np.asarray(softmax(self._scores(self.terms_.expand(X)), axis=1), np.float64)

    def in_units(self) -> tuple[Coefficients, ...]:
        """`coefficients_` of columns in the user's units."""
        matrix = self.terms_.to_units()
        return () if matrix is None else tuple(each.mapped(matrix) for each in self.coefficients_)

    def _scores(self, x: Floats) -> Floats:
        return _with_first(x @ self.weights_.T + self.constants_, len(self.classes_))

    def _chosen(self, x: Floats, y: NDArray[np.int64], weights: Floats) -> float:
        """The strength with the least log-loss on folds, each going on from the one before."""
        drawn = np.random.default_rng(self.seed).permutation(len(y))[:CHOSEN_ON]
        x, y, cost = x[drawn], y[drawn], weights[drawn]

        def judge(learned: NDArray[np.int64], judged: NDArray[np.int64]) -> Floats:
            errors = np.full((len(judged), len(TRIED)), -np.log(SMALLEST))
            present, numbers = np.unique(y[learned], return_inverse=True)
            if len(present) < 2:
                return errors
            problem = _Problem(x[learned], numbers, cost[learned], len(present), self.mix)
            known = np.isin(y[judged], present)
            columns = np.searchsorted(present, y[judged][known])
            found = None
            for place, worth in enumerate(TRIED):
                found = problem.solved(worth / cost[learned].sum(), tolerance=TRIAL_TOLERANCE, begin=found)
                scores = x[judged][known] @ found.weights.T + found.constants
                said = log_softmax(_with_first(scores, len(present)), axis=1)
                errors[known, place] = -np.maximum(said[np.arange(len(columns)), columns], np.log(SMALLEST))
            return errors

        best = chosen(judge, y, cost, classifies=True, seed=self.seed)
        return TRIED[best] / float(weights.sum())

    def _infer(self, x: Floats, y: NDArray[np.int64], weights: Floats) -> None:
        """The last digits by Newton's method, and standard errors, where there are not too many coefficients."""
        scores = self._scores(x)
        rest = np.where(np.arange(scores.shape[1]) == y[:, None], -np.inf, scores).max(1)
        self.separated_ = bool((scores[np.arange(len(y)), y] > rest).all())
        count = (len(self.classes_) - 1) * (x.shape[1] + 1)
        if self.separated_ or count > MOST_COEFFICIENTS:
            return
        rows = np.column_stack([self.constants_, self.weights_])
        values = rows if len(rows) == 1 else rows[1:] - rows[0]  # against the first class
        share = weights / weights.mean()
        design = np.column_stack([np.ones(len(x)), x])
        left = NEWTON_STEPS
        while True:
            probabilities = softmax(_with_first(design @ values.T, len(self.classes_)), axis=1)
            covariance = soft_max_covariance(design, probabilities, share)
            missing = (np.arange(1, len(self.classes_)) == y[:, None]) - probabilities[:, 1:]
            with np.errstate(invalid="ignore"):  # infinite times 0
                step = covariance @ ((missing * share[:, None]).T @ design).ravel()
            # A long step is one from far away, or to an end that is nowhere.
            if not left or not LEAST_STEP < np.abs(step).max() < 1:
                break
            values, left = values + step.reshape(values.shape), left - 1
        self.coefficients_ = soft_max_coefficients(self.terms_.names, values, covariance)
        self.separated_ = any(not each.errors.max() < UNTOLD for each in self.coefficients_)
        if not self.separated_:
            self.weights_ = values[:, 1:] if len(rows) == 1 else np.vstack([np.zeros(x.shape[1]), values[:, 1:]])
            self.constants_ = values[:, 0] if len(rows) == 1 else np.r_[0.0, values[:, 0]]


@dataclass(frozen=True, eq=False)
class _Solution:
    weights: Floats  # (R, T)
    constants: Floats  # (R,)
    at_rest: bool
    parameters: Floats


class _Problem:
    """What is minimised, for one set of samples and any strength."""

    def __init__(self, x: Floats, y: NDArray[np.int64], cost: Floats, classes: int, mix: float) -> None:
        self.x, self.y, self.classes, self.mix = x, y, classes, mix
        self.share = cost / cost.sum()
        self.rows = 1 if classes == 2 else classes
        self.size = self.rows * x.shape[1]

    def solved(self, strength: float, *, tolerance: float, begin: _Solution | None = None) -> _Solution:
        """The weights for a strength, found from those of another."""
        split = strength * self.mix > 0
        count = self.size * (2 if split else 1)
        bounds = [(0, None)] * count + [(None, None)] * self.rows if split else None
        found = minimize(
            self._loss,
            np.zeros(count + self.rows) if begin is None else begin.parameters,
            args=(strength, split),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": STEPS, "maxfun": 10 * STEPS, "gtol": tolerance, "ftol": 1e-14},
        )
        weights, constants = self._parts(found.x, split)
        return _Solution(weights, constants, found.nit < STEPS, found.x)

    def _parts(self, parameters: Floats, split: bool) -> tuple[Floats, Floats]:
        shape = (self.rows, self.x.shape[1])
        weights = parameters[: self.size].reshape(shape)
        if split:
            weights = weights - parameters[self.size : 2 * self.size].reshape(shape)
        return weights, parameters[len(parameters) - self.rows :]

    def _loss(self, parameters: Floats, strength: float, split: bool) -> tuple[float, Floats]:
        """With its gradient."""
        weights, constants = self._parts(parameters, split)
        scores = log_softmax(_with_first(self.x @ weights.T + constants, self.classes), axis=1)
        at = np.arange(len(self.y)), self.y
        loss = -float(self.share @ scores[at])
        slopes = np.exp(scores)
        slopes[at] -= 1
        slopes = slopes[:, self.classes - self.rows :] * self.share[:, None]
        squares = strength * (1 - self.mix)
        gradient = (slopes.T @ self.x + squares * weights).ravel()
        loss += squares * float((weights**2).sum()) / 2
        if not split:
            return loss, np.concatenate([gradient, slopes.sum(0)])
        absolute = strength * self.mix
        loss += absolute * float(parameters[: 2 * self.size].sum())
        return loss, np.concatenate([gradient + absolute, absolute - gradient, slopes.sum(0)])


def _with_first(scores: Floats, classes: int) -> Floats:
    """(N, K): where it is what the others are compared with, the first class has the score 0."""
    return scores if scores.shape[1] == classes else np.hstack([np.zeros((len(scores), 1)), scores])
