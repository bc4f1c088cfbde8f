"""Logistic regression: the log-odds of the classes are linear in the features.

Papers     Cox, 1958, *The regression analysis of binary sequences*; the penalties: Hoerl & Kennard, 1970; Tibshirani,
           1996; Zou & Hastie, 2005.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glia.classical.choosing import FOLDS
from glia.classical.model import ClassicalModel, Told
from glia.classical.outputs import Classes, Question, answered, questions
from glia.classical.penalised import Strength
from glia.classical.soft_max import MOST_COEFFICIENTS, SoftMax
from glia.classical.terms import terms_of
from glia.errors import ConfigError
from glia.models.samples import Samples

SHOWN = 30  # features in the table
MIXES = {"none": 0.0, "l2": 0.0, "l1": 1.0}
STANDARD_ERRORS = "Standard errors are those of a regression without a penalty: --set model.penalty=none"


@dataclass(frozen=True, kw_only=True)
class LogisticRegressionConfig:
    """What a logistic regression is built from."""

    penalty: Literal["none", "l1", "l2", "elastic"] = "l2"  # on the weights
    strength: Strength = "auto"  # of the penalty, beside the mean log-loss; auto: chosen on folds
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
        """With the penalty given; without one no feature that others say already."""
        free = self.config.penalty == "none"
        terms = terms_of(samples, reference=free)
        mix = MIXES.get(self.config.penalty, self.config.mix)

        def made(x: NDArray[np.float64], y: NDArray[Any], weights: NDArray[np.float64]) -> SoftMax:
            return SoftMax(terms, 0.0 if free else self.config.strength, mix, self.seed)

        return answered(made, self.config.classes, samples, self.outputs, self.seed)

    def learn(self, samples: Samples) -> None:
        """Fit it; that it has not come to rest, or never would, is a remark."""
        super().learn(samples)
        asked = questions(self.estimator, self.about.classes)
        if not all(question.estimator.at_rest_ for question in asked):
            self.remarks = (*self.remarks, "The coefficients of the logistic regression had not yet come to rest.")
        separated = [question.title for question in asked if question.estimator.separated_]
        if separated:
            of = f" ({'; '.join(separated)})" if separated[0] else ""
            self.remarks = (
                *self.remarks,
                f"The columns tell classes apart without a mistake{of}: the larger its coefficients, the likelier such "
                "a regression, so they mean nothing, though its predictions do. Give it a penalty.",
            )

    def told(self) -> list[Told]:
        """The coefficients: with a penalty of standardised features; without one in the user's units, with errors."""
        found = []
        for question in questions(self.estimator, self.about.classes):
            fitted = question.estimator
            found += _inferred(question) if fitted.coefficients_ and not fitted.separated_ else [self._plain(question)]
        return found

    def _plain(self, question: Question) -> Told:
        """Of features one standard deviation higher."""
        fitted, names = question.estimator, question.answers
        two = len(fitted.weights_) == 1
        of = f" of {names[-1]}" if two else ""
        text = _table(fitted.weights_, fitted.constants_, fitted.terms_.names, names[-1:] if two else names)
        how = f", chosen on {FOLDS} folds" if fitted.chosen_ else ""
        penalty = f", penalty {self.config.penalty} of strength {fitted.strength_:.3g}{how}"
        why = STANDARD_ERRORS
        if not fitted.strength_:
            penalty = ""
            why = f"Standard errors are reckoned for {MOST_COEFFICIENTS:,} coefficients at most"
            if fitted.separated_:
                why = "No standard errors: the classes are told apart without a mistake, so there is no likeliest fit"
        title = f"Log-odds{of} for a feature one standard deviation higher{penalty}"
        return Told(f"{question.title}: {title}" if question.title else title, f"{text}\n{why}")


def _inferred(question: Question) -> list[Told]:
    """Of each class against the first, a table with standard errors."""
    fitted, names = question.estimator, question.answers
    found = []
    for name, standardised, in_units in zip(names[1:], fitted.coefficients_, fitted.in_units(), strict=True):
        places = _greatest(standardised.ratios)
        lines = [
            f"{fitted.samples_} samples, no penalty",
            in_units.of(places).table(standardised.of(places)),
        ]
        if len(places) < len(standardised.names):
            lines.append(f"and {len(standardised.names) - len(places)} more with smaller z")
        if fitted.left_out_:
            lines.append(f"Left out, being constant or a combination of others: {', '.join(fitted.left_out_)}")
        found.append(Told(f"Log-odds of {name} against {names[0]}", "\n".join(lines)))
    return found


def _greatest(ratios: NDArray[np.float64]) -> list[int]:
    """The constant's place and, in order, those of the `SHOWN` features of which most is known."""
    kept = np.argsort(-np.abs(ratios[1:]), kind="stable")[:SHOWN] + 1
    return [0, *np.sort(kept).tolist()]


def _table(
    weights: NDArray[np.float64], biases: NDArray[np.float64], features: tuple[str, ...], names: tuple[str, ...]
) -> str:
    """Lines of a table, the features with the greatest coefficients first."""
    order = np.argsort(-np.abs(weights).max(0), kind="stable")[:SHOWN]
    titles = [features[number] for number in order]
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
