"""Many classes learned as several questions of two answers each.

One-vs-all asks of each class whether it is that one. Binary digits give each class a word of zeros and ones, as far
from the others as can be, and learn each digit; some may be wrong and the word is known still.

Papers     Dietterich & Bakiri, 1995, *Solving multiclass learning problems via error-correcting output codes*.
           https://doi.org/10.1613/jair.105 · Zadrozny, 2001, *Reducing multiclass to binary by coupling probability
           estimates*: how the digits' probabilities become those of the classes.
We differ  from eight classes on, words are drawn at random, the best of some draws (the paper: a hill climb).
Letters    N samples, K classes, D digits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log2
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from glia.classical.model import arrays
from glia.errors import ConfigError
from glia.models.samples import Samples

Classes = Literal["together", "one-vs-all", "binary-digits"]
EXHAUSTIVE = 7  # classes for which every division into two is asked: 2^(K-1) - 1 questions
DIGITS_PER_BIT = 10  # of random words (Allwein et al., 2000)
DRAWS = 100
COUPLINGS = 200
SMALLEST = 1e-12

Numbers = NDArray[np.float64]
Make = Callable[[Numbers, NDArray[Any], Numbers], Any]
"""From features, targets and what each sample's error costs to an estimator for them, not yet fitted."""


def answered(make: Make, classes: Classes, samples: Samples, outputs: int, seed: int) -> Any:
    """What `make` makes, or several of them, each asked a question of two answers.

    Args:
        make: a classifier, not yet fitted, whose options may be chosen by what it is to learn.
        classes: how many classes are learned at once.
        samples: to learn from.
        outputs: K; 1: a number.
        seed: of random words.

    Raises:
        ConfigError: there are no classes.
    """
    if classes != "together" and outputs == 1:
        raise ConfigError(f"model.classes='{classes}' is for classes, and the target is a number. Use 'together'.")
    return make(*arrays(samples)) if classes == "together" or outputs == 2 else Questions(make, classes, seed)


def words(classes: int, kind: Classes, seed: int) -> NDArray[np.bool_]:
    """The digits of each class, (K, D).

    Example:
        >>> words(3, "binary-digits", seed=0).astype(int)
        array([[1, 1, 1],
               [0, 0, 1],
               [0, 1, 0]])
    """
    if kind == "one-vs-all":
        return np.eye(classes, dtype=bool)
    if classes <= EXHAUSTIVE:  # the first class has ones alone, the others count
        count = 2 ** (classes - 1) - 1
        counted = [(np.arange(count) >> (classes - 1 - row)) & 1 == 1 for row in range(1, classes)]
        return np.stack([np.ones(count, bool), *counted])
    generator = np.random.default_rng(seed)
    drawn = (generator.random((DRAWS, classes, ceil(DIGITS_PER_BIT * log2(classes)))) < 0.5).astype(np.int64)
    return np.asarray(max(drawn, key=_distance) == 1)


class Questions:
    """A classifier of many classes made of classifiers of two.

    Attributes:
        classes_: (K,) the classes.
        words_: (K, D) the answer to each question for each class.
        estimators_: who answers them, fitted.
    """

    def __init__(self, make: Make, kind: Classes, seed: int) -> None:
        self._make: Make | None = make
        self.kind, self.seed = kind, seed

    def fit(self, x: Numbers, y: NDArray[np.int64], sample_weight: Numbers | None = None) -> "Questions":
        """Make and fit a classifier for each question; questions that have one answer only are left out."""
        make, self._make = self._make, None  # which no file could hold
        if make is None:
            raise ConfigError("These questions have been answered already. Make them anew to fit them again.")
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        self.classes_, numbers = np.unique(y, return_inverse=True)
        digits = words(len(self.classes_), self.kind, self.seed)
        self.words_ = digits[:, digits.any(0) & ~digits.all(0)]
        self.estimators_ = []
        for digit in self.words_.T:
            answers = digit[numbers].astype(np.int64)
            self.estimators_.append(make(x, answers, weights).fit(x, answers, sample_weight=weights))
        return self

    def predict_proba(self, x: Numbers) -> Numbers:
        """(N, K)."""
        if not self.estimators_:
            return np.ones((len(x), 1))
        asked = np.stack([estimator.predict_proba(x)[:, 1] for estimator in self.estimators_], axis=1)
        return coupled(asked, self.words_)


@dataclass(frozen=True)
class Question:
    """A fitted classifier and what it tells apart.

    Attributes:
        title: the question; empty where all classes are told apart at once.
        estimator: fitted.
        answers: a name for each of its classes.
    """

    title: str
    estimator: Any
    answers: tuple[str, ...]


def questions(estimator: Any, labels: tuple[str, ...]) -> list[Question]:
    """What `answered` asked, once fitted.

    Args:
        estimator: what was fitted.
        labels: the user's names of the classes.
    """
    names = tuple(labels[number] if labels else str(number) for number in estimator.classes_)
    if not isinstance(estimator, Questions):
        return [Question("", estimator, names)]
    found = []
    for digit, one in zip(estimator.words_.T, estimator.estimators_, strict=True):
        meant = " or ".join(name for name, is_one in zip(names, digit, strict=True) if is_one)
        found.append(Question(f"{meant}, or not", one, (f"not {meant}", meant)))
    return found


def coupled(answers: Numbers, digits: NDArray[np.bool_]) -> Numbers:
    """The probabilities of classes whose digits' probabilities are nearest to the answers by divergence.

    Args:
        answers: (N, D) how probable a one is in each place.
        digits: (K, D).

    Example:
        >>> coupled(np.array([[0.7, 0.2, 0.1]]), np.eye(3, dtype=bool)).round(3)
        array([[0.7, 0.2, 0.1]])
    """
    ones = digits.astype(np.float64)
    found = np.full((len(answers), len(ones)), 1 / len(ones))
    for _ in range(COUPLINGS):
        mixed = np.clip(found @ ones, SMALLEST, 1 - SMALLEST)
        found *= ((answers / mixed) @ ones.T + ((1 - answers) / (1 - mixed)) @ (1 - ones.T)) / ones.shape[1]
        found /= found.sum(1, keepdims=True)
    return found


def _distance(digits: NDArray[np.int64]) -> tuple[int, int]:
    """The least number of places in which two words differ, and likewise two questions, either way round."""
    columns = digits.T
    apart = (digits[:, None] != digits).sum(2)[np.triu_indices(len(digits), 1)].min()
    differ = (columns[:, None] != columns).sum(2)[np.triu_indices(len(columns), 1)]
    return int(apart), int(np.minimum(differ, len(digits) - differ).min())
