"""Logistic regression: the log-odds of the classes are linear in the features.

Papers     Cox, 1958, *The regression analysis of binary sequences*; the penalties: Hoerl & Kennard, 1970; Tibshirani,
           1996; Zou & Hastie, 2005.
"""

import warnings
from dataclasses import dataclass
from math import inf, isinf
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression as Estimator

from glia.classical.choosing import chosen
from glia.classical.model import SMALLEST, ClassicalModel, Told
from glia.classical.outputs import Classes, answered, questions
from glia.errors import ConfigError
from glia.models.samples import Samples

STRENGTHS = tuple(float(10.0**power) for power in np.arange(3, -2.5, -0.5))  # tried, from the strongest
TRIAL_STEPS = 1000  # of saga, for each strength that is tried
SHOWN = 30  # features in the table
SOLVERS = {"lbfgs": {"max_iter": 10_000, "tol": 1e-6}, "saga": {"max_iter": 3_000, "tol": 1e-4}}

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LogisticRegressionConfig:
    """What a logistic regression is built from."""

    penalty: Literal["none", "l1", "l2", "elastic"] = "l2"  # on the weights
    strength: Annotated[float, Field(gt=0)] | Literal["auto"] = 1.0  # beside the sum of log-losses; auto: by folds
    mix: Annotated[float, Field(ge=0, le=1)] = 0.5  # of elastic: the share of l1
    classes: Classes = "together"  # or each class against the others, or error-correcting binary digits


SIZES: dict[str, dict[str, Any]] = {}


class LogisticRegression(ClassicalModel):
    """Soft-max regression, for two classes the logistic one."""

    def __init__(self, config: LogisticRegressionConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config
        if not self.classifies:
            raise ConfigError("logistic-regression is for classes, and the target is a number. Use linear-regression.")

    def make(self, samples: Samples) -> Any:
        """Scikit-learn's, with a strength that was chosen where it was not given."""
        return answered(self._made, self.config.classes, samples, self.outputs, self.seed)

    def learn(self, samples: Samples) -> None:
        """Fit it; that it has not come to rest is a remark."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            super().learn(samples)
        asked = [question.estimator for question in questions(self.estimator, self.about.classes)]
        if any((one.n_iter_ >= one.max_iter).any() for one in asked):
            self.remarks = (*self.remarks, "The coefficients of the logistic regression had not yet come to rest.")

    def told(self) -> list[Told]:
        """The coefficients, for features in standard deviations."""
        found = []
        for question in questions(self.estimator, self.about.classes):
            fitted, names = question.estimator, question.answers
            two = len(fitted.coef_) == 1
            penalty = "" if isinf(fitted.C) else f", penalty {self.config.penalty} of strength {1 / fitted.C:.3g}"
            text = _table(fitted.coef_, fitted.intercept_, self.about.features, names[1:] if two else names)
            of = f" of {names[1]}" if two else ""
            found.append(Told(f"Log-odds{of} for a feature one standard deviation higher{penalty}", text))
        return found

    def _made(self, x: Numbers, y: NDArray[Any], weights: Numbers) -> Any:
        strength = self.config.strength
        if strength == "auto":
            strength = 1.0 if self.config.penalty == "none" else self._chosen(x, y, weights)
        return self._estimator(strength)

    def _estimator(self, strength: float) -> Any:
        penalty = self.config.penalty
        mix = {"none": 0.0, "l2": 0.0, "l1": 1.0, "elastic": self.config.mix}[penalty]
        solver = "saga" if mix else "lbfgs"
        return Estimator(
            C=inf if penalty == "none" else 1 / strength,
            l1_ratio=mix,
            solver=solver,
            **SOLVERS[solver],
            random_state=self.seed,
        )

    def _chosen(self, x: Numbers, y: NDArray[Any], weights: Numbers) -> float:
        """The strength with the least log-loss on folds."""

        def judge(learned: NDArray[np.int64], judged: NDArray[np.int64]) -> Numbers:
            errors = np.full((len(judged), len(STRENGTHS)), -np.log(SMALLEST))
            if len(np.unique(y[learned])) < 2:
                return errors
            estimator = self._estimator(1.0)
            if estimator.solver == "saga":  # slow: each strength goes on from the one before, for a while
                estimator.set_params(warm_start=True, max_iter=TRIAL_STEPS)
            for column, strength in enumerate(STRENGTHS):
                estimator.set_params(C=1 / strength).fit(x[learned], y[learned], sample_weight=weights[learned])
                p = (estimator.predict_proba(x[judged]) * (estimator.classes_ == y[judged, None])).sum(1)
                errors[:, column] = -np.log(p.clip(min=SMALLEST))
            return errors

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return STRENGTHS[chosen(judge, y, weights, classifies=True, seed=self.seed)]


def _table(
    weights: NDArray[np.float64], biases: NDArray[np.float64], features: tuple[str, ...], names: tuple[str, ...]
) -> str:
    """Lines of a table, the features with the greatest coefficients first."""
    order = np.argsort(-np.abs(weights).max(0), kind="stable")[:SHOWN]
    titles = [features[number] if features else f"feature {number}" for number in order]
    width = max(map(len, [*titles, "(bias)"]))
    widths = [max(len(name), 8) for name in names]
    rows = [("", names), ("(bias)", tuple(f"{bias:.3f}" for bias in biases))]
    rows += [(title, tuple(f"{w:.3f}" for w in weights[:, at])) for title, at in zip(titles, order, strict=True)]
    lines = [
        f"{title:<{width}}  {'  '.join(f'{cell:>{wide}}' for cell, wide in zip(row, widths, strict=True))}"
        for title, row in rows
    ]
    left_out = len(weights[0]) - len(order)
    return "\n".join([*lines, *([f"and {left_out} more with smaller ones"] if left_out else [])])
