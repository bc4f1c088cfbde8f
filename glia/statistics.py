"""How sure a difference is: intervals and tests for learners judged on the same folds, or on the same samples.

Papers     Nadeau & Bengio, 2003, *Inference for the generalization error*. https://doi.org/10.1023/A:1024068626366
           Holm, 1979, *A simple sequentially rejective multiple test procedure*.
           McNemar, 1947; exact, by the binomial distribution.
Letters    L learners, F fits of each, N samples.

Fits on folds share most of their training samples, so they vary less than fits on fresh data would. A plain t-test
takes that for certainty: of learners that do not differ it finds far more than 5 % different. The remedy of Nadeau and
Bengio multiplies the variance by 1/F + (samples judged) / (samples learned) in place of 1/F.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from glia.errors import ConfigError

Floats = NDArray[np.float64]

FEWEST_FITS = 5  # that a test is made of: the deviation of fewer is little more than a guess
CONFIDENCE = 0.95
LEVEL = 1 - CONFIDENCE


@dataclass(frozen=True)
class Estimate:
    """A mean and its interval; NaN at both ends where there is too little to tell."""

    mean: float
    low: float
    high: float

    @property
    def spans_zero(self) -> bool:
        """Whether zero is inside, or nothing is known."""
        return not (self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Difference:
    """Of two learners, and how likely one as large is where there is none; `p` is NaN where there was no test."""

    size: Estimate
    p: float


def mean_over_fits(values: Floats, ratio: float) -> Estimate:
    """The mean of a metric over fits, with an interval that knows that the fits share training samples.

    Args:
        values: (F,) one number per fit.
        ratio: samples judged by samples learned from, of one fit.

    Example:
        >>> found = mean_over_fits(np.array([0.8, 0.9, 0.85, 0.8, 0.9]), ratio=0.25)
        >>> round(found.mean, 3), round(found.low, 3), round(found.high, 3)
        (0.85, 0.757, 0.943)
    """
    count, mean = len(values), float(values.mean())
    if count < 2:
        return Estimate(mean, float("nan"), float("nan"))
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1)) * _error(values, ratio)
    return Estimate(mean, mean - half, mean + half)


def corrected_t_test(differences: Floats, ratio: float) -> Difference:
    """Whether differences over fits are more than chance: the corrected resampled t-test, two-sided.

    Args:
        differences: (F,) of two learners on the same fits.
        ratio: samples judged by samples learned from, of one fit.

    Returns:
        With p = NaN for fewer than 5 fits: then there is no test.
    """
    difference = mean_over_fits(differences, ratio)
    if len(differences) < FEWEST_FITS:
        return Difference(difference, float("nan"))
    error = _error(differences, ratio)
    if error == 0:  # the same difference in every fit
        return Difference(difference, float(difference.mean == 0))
    return Difference(difference, float(2 * stats.t.sf(abs(difference.mean) / error, len(differences) - 1)))


def mcnemar(right: NDArray[np.bool_], other_right: NDArray[np.bool_]) -> float:
    """McNemar's exact p: whether two classifiers err equally often on the same samples.

    Args:
        right: (N,) whether the one met each sample.
        other_right: (N,) whether the other did.

    Example:
        >>> round(mcnemar(np.array([True] * 9 + [False]), np.array([False] * 9 + [True])), 4)
        0.0215
    """
    alone, other_alone = int((right & ~other_right).sum()), int((~right & other_right).sum())
    if alone + other_alone == 0:
        return 1.0
    return float(stats.binomtest(alone, alone + other_alone, 0.5).pvalue)


def bootstrap(metric: Callable[[NDArray[np.int64]], Floats], samples: int, *, draws: int, seed: int) -> Floats:
    """Metrics of learners on samples drawn with replacement, the same samples for all of them.

    Args:
        metric: from (N,) positions to (L,) numbers.
        samples: N.
        draws: how often.
        seed: of the drawing.

    Returns:
        (draws, L).
    """
    generator = np.random.default_rng(seed)
    return np.stack([metric(generator.integers(samples, size=samples)) for _ in range(draws)])


def bootstrap_test(drawn: Floats, difference: float) -> Difference:
    """A difference with its percentile interval, and twice the share of draws on the far side of zero.

    Args:
        drawn: (draws,) differences of two learners; those that are not finite are left out.
        difference: on the samples themselves.
    """
    finite = drawn[np.isfinite(drawn)]
    if not len(finite):
        return Difference(Estimate(difference, float("nan"), float("nan")), float("nan"))
    low, high = np.quantile(finite, [LEVEL / 2, 1 - LEVEL / 2])
    # One more on both sides, as of the samples themselves: no finite number of draws shows that p is 0.
    side = (1 + min((finite <= 0).sum(), (finite >= 0).sum())) / (1 + len(finite))
    return Difference(Estimate(difference, float(low), float(high)), min(1.0, 2 * float(side)))


def holm(p: Sequence[float]) -> list[float]:
    """p-values made larger, so that among all of them the chance of one false alarm is at most the level.

    NaN, where there was no test, stays and does not count.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    given = np.array(p, np.float64)
    tested = np.flatnonzero(~np.isnan(given))
    order = tested[np.argsort(given[tested], kind="stable")]
    steps = given[order] * np.arange(len(order), 0, -1)
    given[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(order) else steps
    return [float(value) for value in given]


def groups(p: Floats) -> tuple[int, ...]:
    """Learners in groups of the not distinguishable, 1 being that of the best.

    The best of those that have no group yet begins one, with all others of them that its test does not tell from it.

    Args:
        p: (L, L) corrected p-values, symmetric, the learners from best to worst.

    Returns:
        The group of each; 0 for all where there was no test.

    Raises:
        ConfigError: not a square.
    """
    if p.ndim != 2 or p.shape[0] != p.shape[1]:
        raise ConfigError(f"p-values of pairs are a square, not of shape {p.shape}.")
    count = len(p)
    pairs = p[np.triu_indices(count, 1)]
    if count > 1 and np.isnan(pairs).all():
        return (0,) * count
    found = [0] * count
    for first in range(count):
        if found[first]:
            continue
        number = max(found) + 1
        for other in range(first, count):
            if not found[other] and (other == first or not p[first, other] < LEVEL):
                found[other] = number
    return tuple(found)


def _error(values: Floats, ratio: float) -> float:
    """The standard error of the mean, corrected."""
    # What differs by rounding alone does not differ.
    deviation = 0.0 if np.ptp(values) <= 1e-12 * np.abs(values).max() else float(values.std(ddof=1))
    return deviation * sqrt(1 / len(values) + ratio)
