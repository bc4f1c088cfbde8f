"""Coefficients with standard errors, t or z values and their significance.

Source     least squares: Hastie, Tibshirani & Friedman, 2009, section 3.2; soft-max regression: the inverse of the
           expected information, ibid. 4.4.1; agrees with statsmodels.
Letters    N samples, P coefficients (the constant first), K classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
CONSTANT = "(constant)"


@dataclass(frozen=True, eq=False)
class Coefficients:
    """What was estimated, and how well.

    Attributes:
        names: of the P coefficients.
        values: (P,).
        covariance: (P, P) of the estimates.
        freedom: degrees of freedom of the t distribution; infinite: a normal distribution.
    """

    names: tuple[str, ...]
    values: Floats
    covariance: Floats
    freedom: float = np.inf

    @property
    def errors(self) -> Floats:
        """(P,) standard errors."""
        return np.sqrt(np.clip(np.diag(self.covariance), 0, None))

    @property
    def ratios(self) -> Floats:
        """(P,) values in standard errors: t, or z where the distribution is normal."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.values / self.errors

    @property
    def significances(self) -> Floats:
        """(P,) p: how often a ratio as large would be seen if the true coefficient were 0."""
        ratios = np.abs(self.ratios)
        tail = stats.norm.sf(ratios) if np.isinf(self.freedom) else stats.t.sf(ratios, self.freedom)
        return np.asarray(2 * tail, np.float64)

    def mapped(self, matrix: Floats, shift: float = 0.0) -> "Coefficients":
        """The same in other units: values multiplied by a matrix (P, P), and `shift` added to the constant."""
        values = matrix @ self.values
        values[0] += shift
        return Coefficients(self.names, values, matrix @ self.covariance @ matrix.T, self.freedom)

    def of(self, places: Sequence[int]) -> "Coefficients":
        """Some of them."""
        names = tuple(self.names[place] for place in places)
        return Coefficients(names, self.values[places], self.covariance[np.ix_(places, places)], self.freedom)

    def table(self, standardised: "Coefficients | None" = None) -> str:
        """Lines: name, coefficient, standard error, t or z, p; and the standardised coefficient where it is known."""
        ratio = "z" if np.isinf(self.freedom) else "t"
        heads = ["", "coefficient", "std. error", ratio, "p", *(["standardised"] if standardised else [])]
        rows = [
            [name, f"{value:.6g}", f"{error:.3g}", f"{times:.2f}", _significance(p)]
            for name, value, error, times, p in zip(
                self.names, self.values, self.errors, self.ratios, self.significances, strict=True
            )
        ]
        if standardised:
            for row, value in zip(rows, standardised.values, strict=True):
                row.append(f"{value:.3f}" if row[0] != CONSTANT else "")
        return aligned(heads, rows)


def soft_max_covariance(design: Floats, probabilities: Floats, weights: Floats) -> Floats:
    """The covariance of the coefficients of soft-max regression without a penalty; infinite where it has none.

    Only differences between classes can be told, so the first class is what the others are compared with.

    Args:
        design: (N, P) the features, after a column of ones.
        probabilities: (N, K) as fitted.
        weights: (N,) how often each sample counts.

    Returns:
        ((K - 1) P, (K - 1) P), class by class.
    """
    count, free = design.shape[1], probabilities.shape[1] - 1
    information = np.empty((free * count, free * count))
    for one in range(free):
        for other in range(one + 1):
            mine, its = probabilities[:, one + 1], probabilities[:, other + 1]
            curvature = weights * mine * ((one == other) - its)
            place = slice(one * count, (one + 1) * count), slice(other * count, (other + 1) * count)
            block = design.T @ (curvature[:, None] * design)
            information[place] = block
            information[place[::-1]] = block
    return _inverse(information)


def soft_max_coefficients(names: Sequence[str], values: Floats, covariance: Floats) -> tuple[Coefficients, ...]:
    """Coefficients of each class but the first, against the first.

    Args:
        names: of the features, without the constant.
        values: (K - 1, P), the constant first.
        covariance: as `soft_max_covariance` gives it.
    """
    count = values.shape[1]
    blocks = (slice(at * count, (at + 1) * count) for at in range(len(values)))
    return tuple(
        Coefficients((CONSTANT, *names), own, covariance[place, place])
        for own, place in zip(values, blocks, strict=True)
    )


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = []
    for row in (heads, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _significance(p: float) -> str:
    return "<0.0001" if p < 1e-4 else f"{p:.4f}"


def _inverse(information: Floats) -> Floats:
    """Infinite where classes are told apart without a mistake: then there is no greatest likelihood."""
    try:
        return np.asarray(np.linalg.inv(information), np.float64)
    except np.linalg.LinAlgError:
        return np.full(information.shape, np.inf)
