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


def soft_max_coefficients(
    names: Sequence[str], x: Floats, values: Floats, probabilities: Floats
) -> tuple[Coefficients, ...]:
    """Coefficients of logistic or soft-max regression that was fitted without a penalty.

    Only differences between classes can be told, so the first class is what the others are compared with.

    Args:
        names: of the features, without the constant.
        x: (N, P - 1) the features.
        values: (K, P) of each class, the constant first; their differences count.
        probabilities: (N, K) as fitted.

    Returns:
        K - 1 sets of coefficients, of the second class and those after it.
    """
    design = np.column_stack([np.ones(len(x)), x])
    count, free = design.shape[1], values.shape[0] - 1
    information = np.empty((free * count, free * count))
    for one in range(free):
        for other in range(free):
            mine, its = probabilities[:, one + 1], probabilities[:, other + 1]
            weights = mine * ((one == other) - its)
            block = (slice(one * count, (one + 1) * count), slice(other * count, (other + 1) * count))
            information[block] = design.T @ (weights[:, None] * design)
    covariance = _inverse(information)
    found = []
    for one in range(free):
        place = slice(one * count, (one + 1) * count)
        found.append(Coefficients((CONSTANT, *names), values[one + 1] - values[0], covariance[place, place]))
    return tuple(found)


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
