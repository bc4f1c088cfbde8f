"""The steps of stepwise regression, and least squares over the columns they end with.

Letters    N samples, T terms, RSS sum of squared residuals.
"""

from dataclasses import dataclass
from math import inf, log
from typing import Any, Literal

import numpy as np
from scipy import stats

from glia.classical.coefficients import aligned
from glia.classical.least_squares import LeastSquares
from glia.classical.terms import Floats, Terms, independent, weighted
from glia.errors import ConfigError

Direction = Literal["forward", "backward", "both"]
Criterion = Literal["aic", "bic", "p-value"]
Columns = tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """What was done, and what it came to.

    Attributes:
        move: start, + a column, or - a column.
        columns: how many there are after it.
        squared: the sum of squared residuals, of a standardised target.
        value: of the criterion; of p-value the p of the column that entered or left.
    """

    move: str
    columns: int
    squared: float
    value: float


class BestSteps(LeastSquares):
    """Least squares that chooses its columns.

    AIC is N log(RSS / N) + 2 (T + 1), BIC N log(RSS / N) + (T + 1) log N, as R's `extractAIC`.

    Attributes:
        steps_: taken, the first being the start.
    """

    def __init__(self, terms: Terms, direction: Direction, criterion: Criterion, enter: float, leave: float) -> None:
        super().__init__(terms)
        self.direction = direction
        self.criterion = criterion
        self.enter = enter
        self.leave = leave

    def fit(self, X: Floats, y: Floats, sample_weight: Any = None) -> "BestSteps":
        """Choose columns, then fit to them.

        Raises:
            ConfigError: backward, and there are too few samples to begin with all columns.
        """
        table, target, *_ = weighted(self.terms.expand(X), np.asarray(y, np.float64), sample_weight)
        kept = independent(table)
        if self.direction == "backward" and len(kept) + 1 >= len(target):
            raise ConfigError(
                f"Backward steps begin with all columns and take more samples than coefficients; there are "
                f"{len(target)} samples and {len(self.terms.factors) + 1} coefficients. Use direction=forward."
            )
        within = _Search(table[:, kept], target, self.terms.chosen(kept).columns, self)
        self.steps_ = tuple(within.steps())
        self.fit_terms(self.terms.chosen(kept[place] for place in within.places(within.inside)), X, y, sample_weight)
        return self

    def told(self) -> str:
        """The path of steps, then the table of coefficients."""
        rows = [
            [step.move, str(step.columns), f"{step.squared * self.terms.deviation**2:.6g}", f"{step.value:.4g}"]
            for step in self.steps_
        ]
        rows[0][3] = "" if self.criterion == "p-value" else rows[0][3]
        name = "p" if self.criterion == "p-value" else self.criterion.upper()
        path = aligned([f"{self.direction}, by {self.criterion}", "columns", "RSS", name], rows)
        warning = "The columns were chosen by the same samples, so their p values are too small."
        return f"{path}\n\n{super().told()}\n{warning}"


class _Search:
    """Which column to add or to take away, with the least squares that this comes to."""

    def __init__(self, table: Floats, target: Floats, owners: tuple[str, ...], settings: BestSteps) -> None:
        self.table, self.target, self.owners, self.settings = table, target, owners, settings
        self.columns = tuple(dict.fromkeys(owners))
        self.inside: Columns = self.columns if settings.direction == "backward" else ()

    def steps(self) -> list[Step]:
        """The start, and steps until none helps."""
        squared = self.squared(self.inside)
        taken = [Step("start", len(self.inside), squared, self._information(squared, self.inside))]
        seen = {frozenset(self.inside)}
        while True:
            found = self._by_p(squared) if self.settings.criterion == "p-value" else self._by_information(squared)
            if found is None or frozenset(found[0]) in seen:
                return taken
            self.inside, move, squared, value = found
            seen.add(frozenset(self.inside))
            taken.append(Step(move, len(self.inside), squared, value))

    def places(self, columns: Columns) -> list[int]:
        """Of their terms."""
        return [place for place, owner in enumerate(self.owners) if owner in set(columns)]

    def squared(self, columns: Columns) -> float:
        """RSS of these columns."""
        q, _ = np.linalg.qr(self.table[:, self.places(columns)])
        rest = self.target - q @ (q.T @ self.target)
        return float(rest @ rest)

    def _by_information(self, squared: float) -> tuple[Columns, str, float, float] | None:
        least, found = self._information(squared, self.inside), None
        for columns, move, its in [*self._added(), *self._taken_away()]:
            value = self._information(its, columns)
            if value < least - 1e-9 * abs(least):
                least, found = value, (columns, move, its, value)
        return found

    def _by_p(self, squared: float) -> tuple[Columns, str, float, float] | None:
        """The least significant leaves if it may; else the most significant enters."""
        leaving = [
            (self._p(squared, its, self.inside, columns), columns, move, its)
            for columns, move, its in self._taken_away()
        ]
        p, columns, move, its = max(leaving, default=(0.0, (), "", 0.0), key=lambda each: each[0])
        if p > self.settings.leave:
            return columns, move, its, p
        entering = [
            (self._p(its, squared, columns, self.inside), columns, move, its) for columns, move, its in self._added()
        ]
        p, columns, move, its = min(entering, default=(1.0, (), "", 0.0), key=lambda each: each[0])
        return (columns, move, its, p) if p < self.settings.enter else None

    def _added(self) -> list[tuple[Columns, str, float]]:
        """What each column outside would come to, from what is left of it beside those inside."""
        if self.settings.direction == "backward":
            return []
        q, _ = np.linalg.qr(self.table[:, self.places(self.inside)])
        rest = self.target - q @ (q.T @ self.target)
        squared, found = float(rest @ rest), []
        for column in self.columns:
            its = self.places((column,))
            if column in self.inside or len(self.places(self.inside)) + len(its) >= len(self.target) - 1:
                continue
            new, _ = np.linalg.qr(self.table[:, its] - q @ (q.T @ self.table[:, its]))
            found.append(
                ((*self.inside, column), f"+ {column}", max(squared - float(np.sum((new.T @ rest) ** 2)), 0.0))
            )
        return found

    def _taken_away(self) -> list[tuple[Columns, str, float]]:
        """What the columns inside would come to without each: RSS grows by b' (V of its terms)⁻¹ b."""
        if self.settings.direction == "forward" or not self.inside:
            return []
        places = self.places(self.inside)
        q, r = np.linalg.qr(self.table[:, places])
        inverse = np.linalg.inv(r)
        values = inverse @ (q.T @ self.target)
        squared, spread, found = float(np.sum((self.target - q @ (q.T @ self.target)) ** 2)), inverse @ inverse.T, []
        for column in self.inside:
            its = [at for at, place in enumerate(places) if self.owners[place] == column]
            more = values[its] @ np.linalg.solve(spread[np.ix_(its, its)], values[its])
            rest = tuple(other for other in self.inside if other != column)
            found.append((rest, f"- {column}", squared + float(more)))
        return found

    def _information(self, squared: float, columns: Columns) -> float:
        count, parameters = len(self.target), len(self.places(columns)) + 1
        if squared <= 0:
            return -inf
        price = 2.0 if self.settings.criterion == "aic" else log(count)
        return count * log(squared / count) + price * parameters

    def _p(self, fuller: float, less: float, columns: Columns, fewer: Columns) -> float:
        """Of the partial F test between two sets of columns, one within the other."""
        terms = len(self.places(columns))
        freedom, between = len(self.target) - terms - 1, terms - len(self.places(fewer))
        if fuller <= 0 or freedom < 1:
            return 0.0
        return float(stats.f.sf((less - fuller) / between / (fuller / freedom), between, freedom))
