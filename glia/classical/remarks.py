"""Samples and columns that mislead a regression, named with their figures: few, and only where they matter to it.

Letters    N samples, F features, T terms.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import stats

from glia.classical.least_squares import LeastSquares
from glia.classical.model import arrays
from glia.classical.penalised import Penalised
from glia.classical.terms import Floats, independent, terms_of, weighted
from glia.models.samples import Samples

MATTERS = ("outliers", "collinearity", "skew", "residuals")

MUCH_INFLUENCE = 1.0  # Cook's distance: Cook & Weisberg, 1982, *Residuals and Influence in Regression*, section 3.5
SURPRISE = 0.05  # level of the outlier test, Bonferroni's correction over all samples made: ibid., section 2.2.2
ALONE = 1e-5  # what a leverage of 1 lacks, where a coefficient is decided by one sample
MUCH_INFLATION = 10.0  # of the variance: Marquardt, 1970; of several terms together: Fox & Monette, 1992
MUCH_CONDITION = 30.0  # condition number of scaled columns: Belsley, Kuh & Welsch, 1980, chapter 3
MUCH_SKEW = 2.0  # West, Finch & Curran, 1995
LEAST_SAMPLES = 10  # below, none of these figures means much
MOST_NAMED = 3


def remarks(samples: Samples, estimator: LeastSquares | Penalised, matters: Sequence[str] = MATTERS) -> Iterator[str]:
    """What is worth knowing of a fitted regression, a sentence or two each.

    Args:
        samples: that it was fitted to.
        estimator: fitted.
        matters: of `MATTERS` what matters to such a regression.
    """
    x, y, weights = arrays(samples)
    if len(y) < LEAST_SAMPLES:
        return
    errors = y - estimator.predict(x)
    if "outliers" in matters:
        yield from _outliers(samples, *_hat(estimator, x, y, weights), errors)
    if "collinearity" in matters:
        yield from _collinear(samples, estimator)
    if "skew" in matters:
        yield from _skewed(samples, x)
    if "residuals" in matters:
        yield from _skewed_residuals(samples, errors)


def inflations(table: Floats, columns: Sequence[str]) -> dict[str, float]:
    """By how much the variance of each column's coefficients is inflated by what it shares with the others.

    Of a column with several terms the generalised figure, brought to that of one: its root of as many.

    Args:
        table: (N, T) independent terms.
        columns: of each term the column it was made of.
    """
    correlation = np.corrcoef(table, rowvar=False).reshape(len(columns), len(columns))
    whole, found = _log_determinant(correlation), {}
    for column in dict.fromkeys(columns):
        its = [place for place, owner in enumerate(columns) if owner == column]
        others = [place for place, owner in enumerate(columns) if owner != column]
        parts = _log_determinant(correlation[np.ix_(its, its)]) + _log_determinant(correlation[np.ix_(others, others)])
        found[column] = float(np.exp((parts - whole) / len(its)))
    return found


def cooks_distances(leverages: Floats, errors: Floats, freedom: float) -> Floats:
    """(N,) how far all predictions would move without each sample, in variances.

    Args:
        leverages: (N,).
        errors: (N,) residuals.
        freedom: (effective) number of coefficients, the constant among them.
    """
    variance = float(errors @ errors) / max(len(errors) - freedom, 1)
    left = np.clip(1 - leverages, np.finfo(np.float32).eps, None)
    return np.asarray(errors**2 * leverages / (left**2 * max(variance, np.finfo(np.float64).tiny) * freedom))


def _hat(estimator: Any, x: Floats, y: Floats, weights: Floats) -> tuple[Floats, float]:
    """(N,) leverages and the effective number of coefficients; of a lasso given which weights are not 0."""
    held = 0.0
    if isinstance(estimator, Penalised):
        held = len(y) * estimator.strength_ * (1 - estimator.mix_)
        table = estimator.terms.expand(x)
        table = table[:, estimator.weights_ != 0] if estimator.mix_ else table
    else:
        table = estimator.terms_.expand(x)
    centred, *_ = weighted(table, y, weights)
    if not centred.shape[1]:
        return np.full(len(y), 1 / len(y)), 1.0
    u, singular, _ = np.linalg.svd(centred, full_matrices=False)
    with np.errstate(invalid="ignore"):
        shares = np.nan_to_num(singular**2 / (singular**2 + held))
    return 1 / len(y) + u**2 @ shares, 1 + float(shares.sum())


def _outliers(samples: Samples, leverages: Floats, freedom: float, errors: Floats) -> Iterator[str]:
    rest = len(errors) - freedom - 1
    if rest < 1 or float(errors @ errors) <= np.finfo(np.float32).eps * len(errors):  # met but for rounding
        return
    distances = cooks_distances(leverages, errors, freedom)
    left = np.clip(1 - leverages, np.finfo(np.float32).eps, None)
    least = np.finfo(np.float32).eps * (errors @ errors) / rest  # below, it is rounding
    without = np.clip((errors @ errors - errors**2 / left) / rest, least, None)
    studentised = errors / np.sqrt(without * left)
    surprises = 2 * stats.t.sf(np.abs(studentised), rest) * len(errors)
    alone = 1 - leverages < ALONE  # its residual is rounding
    odd = np.flatnonzero(((distances > MUCH_INFLUENCE) | (surprises < SURPRISE)) & ~alone)
    if not len(odd):
        return
    order = odd[np.argsort(-np.maximum(distances[odd], np.abs(studentised[odd]) / 10), kind="stable")]
    rows = np.arange(len(errors)) if samples.rows is None else samples.rows.numpy()
    named = [
        f"row {rows[at]} (Cook's distance {distances[at]:.3g}, residual {studentised[at]:.1f} deviations, leverage "
        f"{leverages[at]:.2g})"
        for at in order[:MOST_NAMED]
    ]
    more = f" and {len(order) - MOST_NAMED} more" if len(order) > MOST_NAMED else ""
    yield (
        f"Outliers, which squared errors give much weight: {'; '.join(named)}{more}; rows of the data counted from 0. "
        "Look whether they belong to it."
    )


def _collinear(samples: Samples, estimator: LeastSquares | Penalised) -> Iterator[str]:
    if isinstance(estimator, Penalised) and not estimator.mix_:  # ridge is for such columns
        return
    x, y, weights = arrays(samples)
    # A lasso keeps the reference of each category, with which the others are a combination by nature.
    terms = terms_of(samples) if isinstance(estimator, Penalised) else estimator.terms_
    centred, *_ = weighted(terms.expand(x), y, weights)
    kept = independent(centred)
    constant = np.linalg.norm(centred, axis=0) < ALONE
    left_out = [name for at, name in enumerate(terms.names) if at not in set(kept) and not constant[at]]
    left_out += [] if isinstance(estimator, Penalised) else estimator.left_out_
    if left_out:
        means = "any of them may stand for another" if isinstance(estimator, Penalised) else "they are left out"
        yield f"Constant, or a combination of other columns: {_listed(left_out)}; {means}."
    centred, columns = centred[:, kept], [terms.columns[place] for place in kept]
    if len(kept) < 2:
        return
    if terms.degree > 1:
        singular = np.linalg.svd(centred / np.linalg.norm(centred, axis=0), compute_uv=False)
        condition = float(singular[0] / max(singular[-1], np.finfo(np.float64).tiny))
        if condition > MUCH_CONDITION:
            yield (
                f"The terms of the polynomial go together: condition number {condition:.3g}, much from "
                f"{MUCH_CONDITION:g} on. Single coefficients mean little; penalty=ridge steadies them."
            )
        return
    high = {name: value for name, value in inflations(centred, columns).items() if value > MUCH_INFLATION}
    if not high:
        return
    order = sorted(high, key=lambda name: -high[name])
    figures = _listed([f"{name} {high[name]:.3g}" for name in order])
    effect = (
        "Among columns that go together the lasso keeps one by chance; the elastic net keeps them together."
        if isinstance(estimator, Penalised)
        else "Their coefficients are uncertain and may have the wrong sign; ridge steadies them."
    )
    yield f"Collinear columns, by inflation of the variance (much from {MUCH_INFLATION:g} on): {figures}. {effect}"


def _skewed(samples: Samples, x: Floats) -> Iterator[str]:
    found = {}
    for column in samples.columns:
        if column.kind == "numbers":
            values = x[:, column.first]
            skew = _skewness(values)
            if abs(skew) > MUCH_SKEW and len(np.unique(values)) > 2:  # of a yes or no, skew is no more than its share
                found[column.name] = skew
    if found:
        order = sorted(found, key=lambda name: -abs(found[name]))
        figures = _listed([f"{name} {found[name]:.2g}" for name in order])
        yield (
            f"Skewed columns: {figures} (much from ±{MUCH_SKEW:g} on). Few large values decide their deviation, which "
            "powers and penalties go by; a logarithm may help."
        )


def _skewed_residuals(samples: Samples, errors: Floats) -> Iterator[str]:
    skew = _skewness(errors)
    if abs(skew) > MUCH_SKEW:
        target = f"'{samples.target}'" if samples.target else "the target"
        yield (
            f"The residuals are skewed ({skew:.2g}; much from ±{MUCH_SKEW:g} on): squared errors follow the few large "
            f"ones. A logarithm of {target} may help where it is positive, or task.loss of a network."
        )


def _skewness(values: Floats) -> float:
    deviation = float(values.std())
    if deviation <= np.finfo(np.float32).eps:
        return 0.0
    return float(np.mean(((values - values.mean()) / deviation) ** 3))


def _log_determinant(matrix: Floats) -> float:
    return float(np.linalg.slogdet(matrix)[1]) if len(matrix) else 0.0


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
