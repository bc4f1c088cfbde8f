"""Where each learner stands: its mean, how far it is from the best, and whether that is more than chance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from glia.comparison.calibration import calibration_error
from glia.comparison.contest import Fit
from glia.comparison.contestants import BASELINE, Contestant
from glia.statistics import (
    Difference,
    Estimate,
    bootstrap,
    bootstrap_test,
    corrected_t_test,
    groups,
    holm,
    mcnemar,
    mean_over_fits,
)
from glia.tasks.task import Direction

DRAWS = 1000  # of a bootstrap

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One learner among all.

    Attributes:
        learner: its name.
        classical: whether it is no network.
        simplicity: its place among all learners, 0 being the simplest.
        values: the metric by round; NaN where it was not judged.
        mean: of them, with the interval of 95 %.
        difference: to the best on the rounds that both were judged in (its value minus that of the best), with the
            interval of 95 %; None for the best itself.
        p: of that difference, corrected for the number of tests; NaN where there was no test.
        group: 1 for the best and those not distinguishable from it; 0 where there was no test.
        seconds_to_fit: the median of its fits.
        seconds_to_predict: one sample, among all of a round; likewise.
        bytes: as it is saved.
        calibration_error: how far its certainty is from how often it is right; NaN for numbers.
    """

    learner: str
    classical: bool
    simplicity: int
    values: tuple[float, ...]
    mean: Estimate
    difference: Estimate | None
    p: float
    group: int
    seconds_to_fit: float
    seconds_to_predict: float
    bytes: int
    calibration_error: float

    @property
    def fits(self) -> int:
        """How many rounds it was judged in."""
        return int(np.isfinite(self.values).sum())


def standings(
    fits: Sequence[Fit],
    contestants: Sequence[Contestant],
    *,
    metric: str,
    direction: Direction,
    rounds: int,
    ratio: float,
) -> list[Standing]:
    """All learners that were judged at least once, from best to worst.

    Learners that were judged in fewer rounds than others stand below them: the rounds may have been the easy ones.

    Args:
        fits: in any order.
        contestants: who took part.
        metric: that learners are ranked by.
        direction: which way it is better.
        rounds: how many there were to be.
        ratio: samples judged by samples learned from, of one round.
    """
    by_name = {each.name: [fit for fit in fits if fit.learner == each.name] for each in contestants}
    values = {name: _values(own, metric, rounds) for name, own in by_name.items() if own}
    sign = 1 if direction == "higher" else -1

    def rank(name: str) -> tuple[int, float]:
        found = values[name][np.isfinite(values[name])]
        return -len(found), -sign * float(found.mean()) if len(found) else np.inf

    order = sorted(values, key=rank)
    tests, means = _one_split(order, by_name, metric) if rounds == 1 else _over_folds(order, values, ratio)
    corrected = corrected_over_pairs(tests, order)
    numbers = groups(corrected)
    known = {each.name: each for each in contestants}
    return [
        Standing(
            learner=name,
            classical=known[name].classical,
            simplicity=known[name].simplicity,
            values=tuple(values[name].tolist()),
            mean=means[place],
            difference=_turned(tests[0, place].size) if place else None,
            p=float(corrected[0, place]) if place else float("nan"),
            group=numbers[place],
            seconds_to_fit=median(fit.seconds for fit in by_name[name]),
            seconds_to_predict=median(fit.prediction_seconds for fit in by_name[name]),
            bytes=max(fit.size for fit in by_name[name]),
            calibration_error=calibration_error(by_name[name]),
        )
        for place, name in enumerate(order)
    ]


def _values(fits: Sequence[Fit], metric: str, rounds: int) -> Floats:
    values = np.full(rounds, np.nan)
    for fit in fits:
        values[fit.round] = fit.metrics.get(metric, np.nan)
    return values


Tests = dict[tuple[int, int], Difference]  # of a better and a worse learner, by place


def _over_folds(order: Sequence[str], values: Mapping[str, Floats], ratio: float) -> tuple[Tests, list[Estimate]]:
    tests = {}
    for i, better in enumerate(order):
        for j in range(i + 1, len(order)):
            differences = values[better] - values[order[j]]
            common = differences[np.isfinite(differences)]
            nothing = Difference(Estimate(*[float("nan")] * 3), float("nan"))
            tests[i, j] = corrected_t_test(common, ratio) if len(common) else nothing
    finite = [values[name][np.isfinite(values[name])] for name in order]
    nan = float("nan")
    return tests, [mean_over_fits(each, ratio) if len(each) else Estimate(nan, nan, nan) for each in finite]


def _one_split(order: Sequence[str], fits: Mapping[str, Sequence[Fit]], metric: str) -> tuple[Tests, list[Estimate]]:
    """By samples, as there is one fit of each: McNemar's test for accuracy, a bootstrap for all else."""
    chosen = [fits[name][0] for name in order]
    drawn = bootstrap(_metric_of_rows(chosen, metric), len(chosen[0].targets), draws=DRAWS, seed=0)
    values = [fit.metrics.get(metric, float("nan")) for fit in chosen]
    tests = {}
    for i in range(len(order)):
        for j in range(i + 1, len(order)):
            test = bootstrap_test(drawn[:, i] - drawn[:, j], values[i] - values[j])
            if metric == "accuracy":
                test = Difference(test.size, mcnemar(_right(chosen[i]), _right(chosen[j])))
            tests[i, j] = test
    ends = np.nanquantile(drawn, [0.025, 0.975], axis=0).T.tolist()
    return tests, [Estimate(value, low, high) for value, (low, high) in zip(values, ends, strict=True)]


def _metric_of_rows(fits: Sequence[Fit], metric: str) -> Callable[[NDArray[np.int64]], Floats]:
    """From positions of samples to the metric of each fit on these samples."""
    scores = [sample_scores(fit, metric) for fit in fits]
    if all(each is not None for each in scores):
        table = np.stack([each for each in scores if each is not None])
        return lambda rows: np.sqrt(table[:, rows].mean(1)) if metric == "rmse" else table[:, rows].mean(1)
    tasks = [replace(fit.task, shown=("loss", metric)) for fit in fits]

    def metrics(rows: NDArray[np.int64]) -> Floats:
        pairs = zip(tasks, fits, strict=True)
        return np.array([task.metrics(fit.outputs[rows], fit.targets[rows])[metric] for task, fit in pairs])

    return metrics


def sample_scores(fit: Fit, metric: str) -> Floats | None:
    """(N,) numbers the mean of which is the metric (RMSE: its square); None where it is no mean."""
    if metric == "accuracy":
        return _right(fit).astype(np.float64)
    if metric == "log-loss":
        probabilities = fit.task.decode(fit.outputs).probabilities
        true = probabilities[np.arange(len(probabilities)), fit.targets.numpy()]
        losses: Floats = -np.log(np.maximum(true, np.finfo(np.float64).tiny))
        return losses
    if metric in ("mae", "rmse"):
        true = fit.task.decode(fit.targets[:, None]).values
        errors: Floats = np.abs(fit.task.decode(fit.outputs).values - true)
        return errors if metric == "mae" else errors**2
    return None


def _right(fit: Fit) -> NDArray[np.bool_]:
    right: NDArray[np.bool_] = (fit.outputs.argmax(1) == fit.targets).numpy()
    return right


def corrected_over_pairs(tests: Tests, order: Sequence[str]) -> Floats:
    """(L, L) p-values, corrected over all pairs of learners, and apart from them over those with the baseline.

    Over all, and not those with the best alone: which one is the best was found in the same figures, and of ten
    learners that do not differ such a test tells one from the best in 13 % of comparisons. The baseline is no such
    find: it was named before.

    Args:
        tests: by the places of a better and a worse learner.
        order: the learners from best to worst.
    """
    baseline = order.index(BASELINE) if BASELINE in order else -1
    square = np.eye(len(order))
    for family in ([pair for pair in tests if (baseline in pair) is apart] for apart in (True, False)):
        for (i, j), p in zip(family, holm([tests[pair].p for pair in family]), strict=True):
            square[i, j] = square[j, i] = p
    return square


def _turned(difference: Estimate) -> Estimate:
    """The same seen from the other learner."""
    return Estimate(-difference.mean, -difference.high, -difference.low)
