"""What more data would do: learners fitted to a quarter and to half of the samples, too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from glia.comparison.contest import Contest, Fit, Limits, judges
from glia.comparison.contestants import Contestant
from glia.comparison.rounds import Round, smaller
from glia.data.dataset import Dataset
from glia.statistics import Estimate, mean_over_fits

SHARES = (0.25, 0.5)  # of the samples of a round; all of them were fitted already


@dataclass(frozen=True)
class LearningCurve:
    """A learner's metric against the number of samples it learned from.

    Attributes:
        learner: its name.
        samples: ascending.
        values: the mean of the metric at each.
        per_doubling: what doubling the samples changes in the metric, as far as this range tells.
    """

    learner: str
    samples: tuple[float, ...]
    values: tuple[float, ...]
    per_doubling: Estimate


def fewer_samples(
    dataset: Dataset,
    contestants: Sequence[Contestant],
    rounds: Sequence[Round],
    *,
    classes: bool,
    seed: int,
    limits: Limits,
) -> Iterator[tuple[float, Fit]]:
    """Fits to shares of the samples of each round, each with its share.

    Args:
        dataset: all samples.
        contestants: whose curve is drawn.
        rounds: of the first dealing into folds.
        classes: whether the target is one of some classes.
        seed: of the drawing of samples, and of the learners.
        limits: as of the comparison itself.
    """
    labels = dataset.targets() if classes else None
    for share in SHARES:
        fewer = [replace(each, learned=smaller(each.learned, labels, share, seed)) for each in rounds]
        contest = Contest(dataset, contestants, fewer, seed=seed, limits=limits)
        for outcome in contest.outcomes():
            if isinstance(outcome, Fit):
                yield share, outcome


def curve(
    learner: str, metric: str, fits: Mapping[float, Sequence[Fit]], rounds: Sequence[Round], ratio: float
) -> LearningCurve | None:
    """The curve of a learner; None unless it was judged at every share in at least one round.

    Args:
        learner: its name.
        metric: what is drawn.
        fits: by share, those of all samples as 1.0; of any learners.
        rounds: that the fits belong to.
        ratio: samples judged by samples learned from, of one round.
    """
    values = {
        share: {fit.round: fit.metrics[metric] for fit in found if fit.learner == learner and judges(fit, metric)}
        for share, found in sorted(fits.items())
    }
    common = [number for number in range(len(rounds)) if all(number in found for found in values.values())]
    if not common or len(values) < 2:
        return None
    table = np.array([[found[number] for number in common] for found in values.values()])  # shares, rounds
    learned = float(np.mean([len(rounds[number].learned) for number in common]))
    doublings = np.log2(list(values))
    centred = doublings - doublings.mean()
    slopes = centred @ table / (centred @ centred)
    return LearningCurve(
        learner,
        tuple(round(share * learned) for share in values),
        tuple(table.mean(1).tolist()),
        mean_over_fits(slopes, ratio),
    )
