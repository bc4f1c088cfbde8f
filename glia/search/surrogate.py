"""A model of the metric as a function of the settings, learned from the trials; what is drawn and told asks it.

A random forest: it needs no scale and no tuning, takes choices, whole numbers and settings that are inactive, and says
by the samples that a tree has not seen how much it has understood.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glia.errors import DataError
from glia.search.dimensions import Values
from glia.search.space import Space
from glia.search.trials import Direction, Trial

Floats = NDArray[np.float64]

FEWEST_TRIALS = 10
MOST_TRIALS = 2000  # more make it slower and tell no more of what matters
TREES = 200
INACTIVE = -1.0  # positions are from 0 to 1
FAR = 1.5  # quartile distances from the quartile, as the whiskers of a box plot; what is worse counts as just so bad


@dataclass(frozen=True)
class Surrogate:
    """A fitted forest.

    Attributes:
        space: of the settings.
        forest: scikit-learn's.
        explained: the share of the metric's variance that trees tell of trials they have not seen (R²); 0 or less:
            nothing was understood.
        trials: how many it learned from.
    """

    space: Space
    forest: Any
    explained: float
    trials: int

    def values(self, settings: Sequence[Mapping[str, Any]]) -> Floats:
        """The metric to be expected with each of the settings."""
        found: Floats = self.forest.predict(coded(self.space, settings))
        return found


def fitted(space: Space, trials: Sequence[Trial], direction: Direction, seed: int = 0) -> Surrogate:
    """A surrogate of the trials that are done.

    Args:
        space: what was varied; trials elsewhere are left out.
        trials: all of them; of more than 2,000 an even choice is learned from.
        direction: which way the metric is better. Trials that are worse by far count as just bad, lest one that
            diverged be all there is to explain.
        seed: of the forest.

    Raises:
        DataError: fewer than 10 trials are done.
    """
    known = usable(space, trials)
    if len(known) < FEWEST_TRIALS:
        raise DataError(
            f"{len(known)} trials are done and have a metric. To tell what matters takes at least {FEWEST_TRIALS}."
        )
    from sklearn.ensemble import RandomForestRegressor

    if len(known) > MOST_TRIALS:  # evenly over the search
        known = [known[place] for place in np.linspace(0, len(known) - 1, MOST_TRIALS).astype(int)]
    inputs = coded(space, [each.settings for each in known])
    targets = _tamed(np.array([each.score for each in known], np.float64), direction)
    forest = RandomForestRegressor(TREES, oob_score=True, random_state=seed % 2**32, n_jobs=1).fit(inputs, targets)
    explained = float(forest.oob_score_) if np.ptp(targets) > 0 else 0.0
    return Surrogate(space, forest, explained, len(known))


def usable(space: Space, trials: Sequence[Trial]) -> list[Trial]:
    """Those that are done, have a metric and lie in the space, perhaps without values for some settings."""
    return [each for each in trials if each.score is not None and _is_inside(space, each.settings)]


def coded(space: Space, settings: Sequence[Mapping[str, Any]]) -> Floats:
    """Numbers for the forest: the position of what has an order, a column for each of the other choices."""
    columns = [_columns(each.values, [one.get(each.key) for one in settings]) for each in space.dimensions]
    return np.concatenate(columns, axis=1)


def _is_inside(space: Space, settings: Mapping[str, Any]) -> bool:
    return all(key in space and value in space[key].values for key, value in settings.items())


def _columns(values: Values, given: Sequence[Any]) -> Floats:
    if values.ordered:
        return np.array([[INACTIVE if value is None else values.position(value)] for value in given], np.float64)
    found = np.full((len(given), int(values.size)), INACTIVE)
    for row, value in enumerate(given):
        if value is not None:
            found[row] = 0.0
            found[row, values.index(value)] = 1.0
    return found


def _tamed(targets: Floats, direction: Direction) -> Floats:
    low, high = np.quantile(targets, [0.25, 0.75])
    reach = FAR * (high - low)
    tamed: Floats = np.maximum(targets, low - reach) if direction == "higher" else np.minimum(targets, high + reach)
    return tamed
