"""Naive Bayes: each column tells of the class as if the others were not there.

Numbers are normally distributed within a class, or fall into bins, or are counts of a multinomial; categories have a
probability each. Whatever a column is, it adds a logarithm.

Source     Hastie, Tibshirani & Friedman, 2009, *The Elements of Statistical Learning*, section 6.6.3. The multinomial
           of counts: McCallum & Nigam, 1998.
Letters    N samples, K classes, G groups of features, V values of a group, T tables.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from glia.classical.bins import Bins, Groups, groups
from glia.classical.model import ClassicalModel
from glia.classical.outputs import Classes, answered
from glia.errors import ConfigError, DataError
from glia.models.samples import Samples

Numbers = NDArray[np.float64]
Kind = Literal["normal", "bins", "counts"]
NARROWEST = 1e-9  # of a normal distribution's variance, as a share of the widest column's


@dataclass(frozen=True, kw_only=True)
class NaiveBayesConfig:
    """What naive Bayes is built from."""

    numbers: Kind = "normal"  # how numbers are distributed within a class; counts: together a multinomial
    bins: Annotated[int, Field(ge=2)] = 5  # of as many samples each, with numbers="bins"
    smoothing: Annotated[float, Field(gt=0)] = 1.0  # samples added to each value of a category, bin or count
    classes: Classes = "together"  # or each class against the others, or error-correcting binary digits


SIZES: dict[str, dict[str, Any]] = {}


class NaiveBayes(ClassicalModel):
    """Columns by their kind, one sum of logarithms."""

    def __init__(self, config: NaiveBayesConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.config = config
        if not self.classifies:
            raise ConfigError("naive-bayes is for classes, and the target is a number. Use linear-regression.")

    def make(self, samples: Samples) -> Any:
        """The sum of logarithms.

        Raises:
            DataError: negative numbers, to be taken for counts.
        """
        config = self.config
        numbers, categories = groups(samples.columns, self.inputs)
        moments = np.array([(column.mean, column.deviation) for column in samples.columns if column.kind == "numbers"])
        units = moments if len(moments) else np.tile([0.0, 1.0], (len(numbers), 1))

        def made(x: Numbers, y: NDArray[Any], weights: Numbers) -> "Estimator":
            return Estimator(numbers, categories, config.numbers, (config.bins, config.smoothing), units)

        return answered(made, config.classes, samples, self.outputs, self.seed)


class Estimator:
    """Naive Bayes over groups of features.

    Attributes:
        classes_: (K,).
        log_shares_: (K,) of the classes.
        log_tables_: (1, K, G, V) of values; for bins and categories.
        means_: (K, numbers) for normal distributions.
        variances_: likewise.
        log_counts_: (K, numbers) for counts.
    """

    def __init__(
        self, numbers: Groups, categories: Groups, kind: Kind, amounts: tuple[int, float], units: Numbers
    ) -> None:
        self.numbers, self.categories, self.kind = numbers, categories, kind
        self.bins, self.smoothing = amounts
        self.units = units

    def fit(self, x: Numbers, y: NDArray[np.int64], sample_weight: Numbers | None = None) -> "Estimator":
        """Count, and take means."""
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        self.classes_, numbers = np.unique(y, return_inverse=True)
        member = np.eye(len(self.classes_))[numbers] * weights[:, None]  # N K
        self.log_shares_ = np.log(member.sum(0) / member.sum())
        self.bins_ = Bins(self.numbers if self.kind == "bins" else [], self.categories, self.bins).fit(x)
        if len(self.bins_.sizes_):
            sizes = (1, len(self.classes_), int(self.bins_.sizes_.max()))
            counted = counts(self.bins_.codes(x), numbers, weights, sizes)
            self.log_tables_ = log_tables(counted, self.bins_.sizes_, self.smoothing)
        if self.kind == "normal" and self.numbers:
            values, sums = x[:, self._places], member.sum(0)[:, None]
            self.means_ = member.T @ values / sums
            # From the means, for the square of a mean far from zero would swallow the variance.
            squares = [member[:, k] @ (values - self.means_[k]) ** 2 for k in range(len(sums))]
            widest = float(values.var(0).max())
            self.variances_ = np.array(squares) / sums + NARROWEST * (widest or 1.0)
        if self.kind == "counts" and self.numbers:
            found = member.T @ self._counted(x) + self.smoothing
            self.log_counts_ = np.log(found / found.sum(1, keepdims=True))
        return self

    def predict_proba(self, x: Numbers) -> Numbers:
        """(N, K)."""
        logs = np.tile(self.log_shares_, (len(x), 1))
        if len(self.bins_.sizes_):
            logs += read(self.log_tables_, self.bins_.codes(x))
        if self.kind == "normal" and self.numbers:
            values = x[:, self._places]
            for k, (mean, variance) in enumerate(zip(self.means_, self.variances_, strict=True)):
                logs[:, k] -= 0.5 * ((values - mean) ** 2 / variance + np.log(2 * np.pi * variance)).sum(1)
        if self.kind == "counts" and self.numbers:
            logs += self._counted(x).clip(min=0) @ self.log_counts_.T
        return probabilities(logs)

    @property
    def _places(self) -> list[int]:
        return [first for first, _ in self.numbers]

    def _counted(self, x: Numbers) -> Numbers:
        """Numbers in the user's units, where they are counts."""
        found: Numbers = self.units[:, 0] + self.units[:, 1] * x[:, self._places]
        if not hasattr(self, "log_counts_") and (found < -1e-3).any():
            raise DataError(
                f"numbers='counts' is for counts, and there are numbers down to {found.min():.4g}. Use 'normal' or "
                "'bins'."
            )
        return found


def counts(
    codes: NDArray[np.int64],
    classes: NDArray[np.int64],
    weights: Numbers,
    sizes: tuple[int, int, int],
    dealt: NDArray[np.int64] | None = None,
) -> Numbers:
    """How much of each class has each value, (T, K, G, V).

    Args:
        codes: (N, G).
        classes: (N,).
        weights: (N,) of each sample.
        sizes: T, K, V.
        dealt: (N,) the table that each sample is counted in; None: the first.
    """
    tables, kinds, values = sizes
    groups = codes.shape[1]
    table = classes if dealt is None else dealt * kinds + classes
    places = (table[:, None] * groups + np.arange(groups)) * values + codes
    flat = np.bincount(places.ravel(), weights=np.repeat(weights, groups), minlength=tables * kinds * groups * values)
    return np.asarray(flat.reshape(tables, kinds, groups, values), np.float64)


def log_tables(counted: Numbers, sizes: NDArray[np.int64], smoothing: float) -> Numbers:
    """Logarithms of the probabilities of values within a class, each group with as many values as it has."""
    there = np.arange(counted.shape[-1]) < sizes[:, None]  # G V
    smooth = np.where(there, counted + smoothing, 0.0)
    return np.asarray(np.log(np.where(there, smooth / smooth.sum(-1, keepdims=True), 1.0)))


def read(tables: Numbers, codes: NDArray[np.int64], asked: NDArray[np.int64] | int = 0) -> Numbers:
    """(N, K) the sum over groups of what the tables say of each sample's values.

    Args:
        tables: (T, K, G, V).
        codes: (N, G).
        asked: (N,) the table for each sample, or the one for all.
    """
    which = np.broadcast_to(np.asarray(asked), len(codes))[:, None]
    every = np.arange(codes.shape[1])
    return np.stack([tables[which, k, every, codes].sum(1) for k in range(tables.shape[1])], axis=1)


def probabilities(logs: Numbers) -> Numbers:
    """Rows of logarithms, each up to a constant, as probabilities."""
    shares = np.exp(logs - logs.max(1, keepdims=True))
    normed: Numbers = shares / shares.sum(1, keepdims=True)
    return normed
