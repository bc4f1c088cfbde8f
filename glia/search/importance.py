"""Which of the settings matter: the share of the metric's variation that is gone if a setting is known.

Method     Total Sobol indices by Jansen's estimator (Jansen, 1999; Saltelli et al., 2010,
           https://doi.org/10.1016/j.cpc.2009.09.018) of a surrogate over the whole space: each setting in turn is drawn
           again, permuted in the space and not among the trials.
Why        fANOVA (Hutter et al., 2014) tells a setting's effect alone; this also counts what it does together with
           others. Permuting the settings of the trials themselves would follow the method that chose them: a Bayesian
           search hardly leaves the neighbourhood of the best, where nothing seems to matter.
"""

from dataclasses import dataclass

import numpy as np

from glia.search.draws import random_point
from glia.search.surrogate import Floats, Surrogate

POINTS = 1024  # of the space, for the estimate
LEAST_EXPLAINED = 0.1  # of a surrogate whose shares mean something


@dataclass(frozen=True)
class Importance:
    """What was found.

    Attributes:
        shares: of each setting, the largest first: the share of the metric's variance over the space that it takes
            part in. Settings that act together are counted in both, so they may add up to more than 1.
        explained: how much of the trials' variance the surrogate tells; near 0 the shares mean nothing.
        trials: how many it learned from.
    """

    shares: tuple[tuple[str, float], ...]
    explained: float
    trials: int

    @property
    def is_told(self) -> bool:
        """Whether the surrogate explains enough for the shares to mean something."""
        return self.explained >= LEAST_EXPLAINED

    def words(self) -> str:
        """In a sentence or two.

        Example:
            >>> Importance((("train.learning_rate", 0.83), ("model.activation", 0.2)), 0.71, 64).words()
            'train.learning_rate matters most: 83 % of the variation depends on it; then model.activation: 20 %.'
            >>> Importance((("train.learning_rate", 0.83),), 0.04, 12).words()
            'What matters cannot be told: a model of the 12 trials explains 4 % of what it has not seen.'
        """
        if not self.is_told:
            told = f"{100 * max(self.explained, 0):.0f} %"
            return (
                f"What matters cannot be told: a model of the {self.trials} trials explains {told} of what it has "
                "not seen."
            )
        (first, share), *others = self.shares
        then = [f"{key}: {100 * part:.0f} %" for key, part in others[:2] if part >= 0.01]
        more = f"; then {', '.join(then)}" if then else ""
        return f"{first} matters most: {100 * share:.0f} % of the variation depends on it{more}."


def importance(surrogate: Surrogate, seed: int = 0) -> Importance:
    """How much each setting matters, told by a surrogate.

    Args:
        surrogate: of the trials.
        seed: of the points drawn in the space.
    """
    space = surrogate.space
    points = [random_point(space, seed, number, "importance") for number in range(POINTS)]
    others = [random_point(space, seed, number, "importance, again") for number in range(POINTS)]
    before = surrogate.values([space.settings(point) for point in points])
    variance = float(before.var())
    shares = []
    for key in space.keys:
        drawn = [point | {key: other[key]} for point, other in zip(points, others, strict=True)]
        after = surrogate.values([space.settings(point) for point in drawn])
        shares.append((key, _share(before, after, variance)))
    ranked = sorted(shares, key=lambda each: -each[1])
    return Importance(tuple(ranked), surrogate.explained, surrogate.trials)


def _share(before: Floats, after: Floats, variance: float) -> float:
    return min(1.0, float(np.mean((before - after) ** 2)) / (2 * variance)) if variance > 0 else 0.0
