"""Terms of a regression: features, or products of them, with what it takes to say coefficients in the user's units.

Letters    N samples, F features, T terms.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glia.models.samples import Column, Samples
from glia.nn.monomials import monomials

Floats = NDArray[np.float64]
Term = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Terms:
    """What a regression is linear in, beside its constant.

    Attributes:
        factors: of each term the features that it multiplies, in order.
        columns: of each term the name of the column it was made of; of a product several, joined.
        features: the name of each of the F features.
        means: of each feature, in the user's units; 0 for those of categories.
        deviations: likewise; 1 for those of categories.
        mean: of the target, in the user's units.
        deviation: likewise.
    """

    factors: tuple[Term, ...]
    columns: tuple[str, ...]
    features: tuple[str, ...]
    means: Floats
    deviations: Floats
    mean: float = 0.0
    deviation: float = 1.0

    @property
    def names(self) -> tuple[str, ...]:
        """Of each term, such as `age^2` and `age * weight`."""
        return tuple(_name(term, self.features) for term in self.factors)

    @property
    def degree(self) -> int:
        """The greatest number of features that a term multiplies."""
        return max(map(len, self.factors), default=0)

    def expand(self, x: Floats) -> Floats:
        """(N, F) features as (N, T) terms."""
        found = np.ones((len(x), len(self.factors)))
        for at, term in enumerate(self.factors):
            for feature in term:
                found[:, at] *= x[:, feature]
        return found

    def chosen(self, places: Iterable[int]) -> "Terms":
        """Some of the terms, in the order given."""
        places = list(places)
        return replace(
            self,
            factors=tuple(self.factors[place] for place in places),
            columns=tuple(self.columns[place] for place in places),
        )

    def to_units(self) -> Floats | None:
        """(1 + T, 1 + T): by what coefficients of standardised features, the constant first, are multiplied.

        The constant of the target is not in it: the target's mean is to be added. None where a product was left out
        that multiplying out would bring back.
        """
        places: dict[Term, int] = {(): 0, **{term: at for at, term in enumerate(self.factors, 1)}}
        matrix = np.zeros((len(places), len(places)))
        matrix[0, 0] = self.deviation
        for term, at in places.items():
            for part, weight in self._multiplied_out(term) if term else ():
                if part not in places and weight:
                    return None
                if weight:
                    matrix[places[part], at] += self.deviation * weight
        return matrix

    def _multiplied_out(self, term: Term) -> Iterable[tuple[Term, float]]:
        """((x - m) / s)^p … as a sum of powers of x: each with its coefficient."""
        counts = {feature: term.count(feature) for feature in dict.fromkeys(term)}
        for powers in product(*(range(count + 1) for count in counts.values())):
            weight, part = 1.0, []
            for (feature, count), power in zip(counts.items(), powers, strict=True):
                mean, deviation = float(self.means[feature]), float(self.deviations[feature])
                weight *= comb(count, power) * (-mean) ** (count - power) / deviation**count
                part += [feature] * power
            yield tuple(part), weight


def terms_of(samples: Samples, degree: int = 1, *, interactions: bool = True, reference: bool = True) -> Terms:
    """The terms that can be told apart in principle.

    A feature of two values has no powers, one of three none above its square, and two categories of one column have no
    product. Where exactly one feature of a column is 1 in every sample, the first is the reference that the others are
    compared with, and is left out.

    Args:
        samples: what is learned from.
        degree: the greatest of a term.
        interactions: products of different features, too.
        reference: whether references are left out; a penalty needs none.
    """
    width = samples.inputs[0].numel()
    names = samples.features or tuple(f"x{place}" for place in range(width))
    columns = samples.columns or tuple(Column(name, "numbers", at) for at, name in enumerate(names))
    owners = [column for column in columns for _ in range(column.size)]
    left_out = {column.first for column in columns if reference and _is_whole(column, samples)}
    kept = [feature for feature in range(width) if feature not in left_out]
    table = samples.inputs.flatten(1).cpu().numpy()
    values = [len(np.unique(table[:, feature])) if degree > 1 else 2 for feature in range(width)]
    factors = []
    for term in monomials(len(kept), degree, interactions=interactions):
        features = tuple(kept[place] for place in term)
        categories = [owners[feature].name for feature in features if owners[feature].kind == "categories"]
        if len(set(categories)) == len(categories) and all(features.count(each) < values[each] for each in features):
            factors.append(features)
    return Terms(
        factors=tuple(factors),
        columns=tuple(" * ".join(dict.fromkeys(owners[feature].name for feature in term)) for term in factors),
        features=tuple(names),
        means=np.array([column.mean for column in owners]),
        deviations=np.array([column.deviation for column in owners]),
        mean=samples.mean,
        deviation=samples.deviation,
    )


def independent(centred: Floats, samples: int | None = None, least: float = 1e-5) -> list[int]:
    """Places of the columns that are no combination of those before them, as R's `lm` keeps them.

    Args:
        centred: (N, T), each column minus its mean; or the triangle of its QR factorisation.
        samples: N, of a triangle.
        least: share of a column's length that must be new; features are single precision, so what is left of one that
            is a combination is rounding, about 1e-7.
    """
    count = len(centred) if samples is None else samples
    most, nothing = count - 1, least**2 * np.sqrt(count)
    # Its columns depend on each other as those of the table do.
    triangle: Floats = np.asarray(np.linalg.qr(centred, mode="r"), np.float64)
    kept: list[int] = []
    basis = np.empty((len(triangle), min(triangle.shape)), order="F")
    for place, column in enumerate(triangle.T):
        known = basis[:, : len(kept)]
        rest = column - known @ (known.T @ column)
        rest -= known @ (known.T @ rest)
        new = np.linalg.norm(rest)
        if new > max(least * float(np.linalg.norm(column)), nothing) and len(kept) < most:
            basis[:, len(kept)] = rest / new
            kept.append(place)
    return kept


def _is_whole(column: Column, samples: Samples) -> bool:
    """Whether exactly one of its features is 1 in every sample."""
    if column.kind != "categories" or column.size < 2:
        return False
    return bool((samples.inputs.flatten(1)[:, column.place].sum(1) == 1).all())


def _name(term: Term, features: tuple[str, ...]) -> str:
    counts: dict[int, int] = {}
    for feature in term:
        counts[feature] = counts.get(feature, 0) + 1
    return " * ".join(
        features[feature] if count == 1 else f"{features[feature]}^{count}" for feature, count in counts.items()
    )


def weighted(x: Floats, y: Floats, weights: Any) -> tuple[Floats, Floats, Floats, float]:
    """Both minus their weighted means, rows times the roots of weights of mean 1; and the two means."""
    share = np.ones(len(y)) if weights is None else np.asarray(weights, np.float64) / np.mean(weights)
    mean_x, mean_y = np.average(x, axis=0, weights=share), float(np.average(y, weights=share))
    root = np.sqrt(share)
    return (x - mean_x) * root[:, None], (y - mean_y) * root, mean_x, mean_y
