"""Whether a classifier is right as often as it is certain.

Paper      Guo et al., 2017, *On calibration of modern neural networks*. https://arxiv.org/abs/1706.04599
Letters    N samples, B bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glia.comparison.contest import Fit

BINS = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reliability:
    """Samples by the probability of the class predicted for them, in bins of equal width; empty ones are left out.

    Attributes:
        certainty: (B,) the mean of that probability.
        accuracy: (B,) the share that was right.
        counts: (B,) samples.
    """

    certainty: Floats
    accuracy: Floats
    counts: NDArray[np.int64]

    @property
    def error(self) -> float:
        """The expected calibration error: |accuracy - certainty|, averaged over the samples."""
        return float(np.average(np.abs(self.accuracy - self.certainty), weights=self.counts))


def reliability(certainty: Floats, right: NDArray[np.bool_]) -> Reliability:
    """Put samples into bins.

    Args:
        certainty: (N,) the probability of the class predicted.
        right: (N,) whether it was the class.

    Example:
        >>> found = reliability(np.array([0.95, 0.95, 0.65, 0.65]), np.array([True, True, True, False]))
        >>> found.accuracy.tolist(), round(found.error, 3)
        ([0.5, 1.0], 0.1)
    """
    bins = np.minimum((certainty * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    there = counts > 0
    sums = np.bincount(bins, certainty, BINS), np.bincount(bins, right.astype(np.float64), BINS)
    means = [total[there] / counts[there] for total in sums]
    return Reliability(means[0], means[1], counts[there])


def reliability_of(fits: Sequence[Fit]) -> Reliability | None:
    """Over all samples that fits of a learner were judged on; None where it predicts numbers."""
    if not fits or fits[0].task.name != "classification":
        return None
    decoded = [fit.task.decode(fit.outputs).probabilities for fit in fits]
    certainty = np.concatenate([probabilities.max(1) for probabilities in decoded])
    pairs = zip(decoded, fits, strict=True)
    right = np.concatenate([probabilities.argmax(1) == fit.targets.numpy() for probabilities, fit in pairs])
    return reliability(certainty, right)


def calibration_error(fits: Sequence[Fit]) -> float:
    """The expected calibration error over all fits of a learner; NaN where it predicts numbers."""
    found = reliability_of(fits)
    return float("nan") if found is None else found.error
