"""What a search found: the best trial, how sure its metric is, and from which others it cannot be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
from scipy import stats

from glia.ranges import of_metric
from glia.ranges import shown as shown_within
from glia.search.dimensions import shown
from glia.search.trials import Direction, Trial, best_first
from glia.statistics import CONFIDENCE, FEWEST_FITS, LEVEL, Estimate, corrected_t_test, mean_over_fits

NAMED = 4  # trials in a sentence


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Of a search.

    Attributes:
        best: the trial with the best metric; None if none is done.
        estimate: its metric with the interval of 95 %, over folds or over the seeds that it was trained again from; NaN
            at both ends where there is neither.
        alike: numbers of the trials that it cannot be told from, best first; empty where that was not tested.
        tested: whether it was.
        said: the answer in sentences, the most important first.
        again: from how many seeds the best was trained again.
    """

    best: Trial | None
    estimate: Estimate
    alike: tuple[int, ...]
    tested: bool
    said: tuple[str, ...]
    again: int = 0


def findings(
    trials: Sequence[Trial], *, metric: str, direction: Direction, ratio: float = 0.0, retrained: Sequence[float] = ()
) -> Findings:
    """What the trials tell.

    With folds, the best is compared with each other trial on the same folds, by the corrected resampled t-test, times
    the number of all pairs of trials, since the best was found in the same figures. On one split it is compared with
    what other seeds give: another trial is alike if the best, trained once more, ends below it with a chance of 5 %.

    Args:
        trials: all of them; `values` has the metric by fold.
        metric: its name.
        direction: which way it is better.
        ratio: samples judged by samples learned from, of one fold; 0 where `values` are of seeds.
        retrained: on one split: the metric of the best, trained again from fresh seeds.
    """
    ranked = best_first(trials, direction)
    if not ranked:
        return Findings(best=None, estimate=_unknown(nan), alike=(), tested=False, said=(_nothing(trials),))
    best = ranked[0]
    if len(best.values) > 1:
        estimate, alike, tested = _over_folds(ranked, ratio)
        how = _folds(best, estimate, metric, ratio)
    else:
        estimate, alike, tested = _over_seeds(ranked, direction, retrained)
        how = _seeds(best, estimate, metric, direction, retrained)
    said = [how, _alike(alike, len(ranked) - 1) if tested else "", _lost(trials)]
    return Findings(
        best=best,
        estimate=estimate,
        alike=alike,
        tested=tested,
        said=tuple(sentence for sentence in said if sentence),
        again=0 if len(best.values) > 1 else len(retrained),
    )


def interval_of(found: Findings, metric: str) -> tuple[float, float] | None:
    """Where the best trial's metric lies, as it is shown; None if nobody knows."""
    estimate = shown_within(found.estimate, of_metric(metric.removeprefix("validation/")))
    return None if isnan(estimate.low) else (estimate.low, estimate.high)


def best_so_far(trials: Sequence[Trial], direction: Direction) -> list[tuple[int, float]]:
    """(number, metric) of each trial that was better than all before it.

    Example:
        >>> trials = [Trial(number=n, settings={}, state="done", value=v) for n, v in enumerate([0.5, 0.4, 0.7])]
        >>> best_so_far(trials, "higher")
        [(0, 0.5), (2, 0.7)]
    """
    sign = 1 if direction == "higher" else -1
    found: list[tuple[int, float]] = []
    for each in trials:
        if each.score is not None and (not found or sign * each.score > sign * found[-1][1]):
            found.append((each.number, each.score))
    return found


def _over_folds(ranked: Sequence[Trial], ratio: float) -> tuple[Estimate, tuple[int, ...], bool]:
    best, *others = ranked
    estimate = mean_over_fits(np.array(best.values), ratio)
    same = [each for each in others if len(each.values) == len(best.values)]
    if len(best.values) < FEWEST_FITS or not same:
        return estimate, (), False
    pairs = (len(same) + 1) * len(same) / 2
    tests = {each.number: corrected_t_test(np.array(best.values) - np.array(each.values), ratio) for each in same}
    return estimate, tuple(number for number, test in tests.items() if not test.p * pairs < LEVEL), True


def _over_seeds(
    ranked: Sequence[Trial], direction: Direction, retrained: Sequence[float]
) -> tuple[Estimate, tuple[int, ...], bool]:
    best, *others = ranked
    if len(retrained) < 2:
        return _unknown(best.score or 0.0), (), False
    again = np.array(retrained, np.float64)
    estimate = mean_over_fits(again, ratio=0.0)
    # Where one more training would end: the deviation of a single value beside that of the mean.
    reach = float(stats.t.ppf(CONFIDENCE, len(again) - 1)) * float(again.std(ddof=1)) * sqrt(1 + 1 / len(again))
    sign = 1 if direction == "higher" else -1
    worst = sign * estimate.mean - reach
    return estimate, tuple(each.number for each in others if sign * (each.score or 0.0) >= worst), True


def _folds(best: Trial, estimate: Estimate, metric: str, ratio: float) -> str:
    over = f"over {len(best.values)} {'folds' if ratio else 'seeds'}"
    said = f"Best is trial {best.number}: {metric} {_interval(estimate, metric)} {over}; {_settings(best)}."
    if len(best.values) < FEWEST_FITS:
        said += f" Whether it is better than others by more than chance was not tested: that needs {FEWEST_FITS}."
    return said


def _seeds(best: Trial, estimate: Estimate, metric: str, direction: Direction, retrained: Sequence[float]) -> str:
    found = f"Best is trial {best.number}: {metric} {best.score:.4g}; {_settings(best)}."
    if isnan(estimate.low):
        return (
            f"{found} It was trained once, on one split, so nobody can say how sure that is. Use folds (--folds 5), or "
            "train it again (--again 5)."
        )
    again = f"Trained again from {len(retrained)} seeds it has {_interval(estimate, metric)}."
    chosen = best.score or 0.0
    lucky = chosen > estimate.high if direction == "higher" else chosen < estimate.low
    return f"{found} {again}" + (" What it was chosen for was luck in part." if lucky else "")


def _alike(alike: Sequence[int], others: int) -> str:
    if not others:
        return ""
    if not alike:
        return "It is distinguishable from every other trial."
    more = f" and {len(alike) - NAMED} more" if len(alike) > NAMED else ""
    numbers = f"trial{'s' * (len(alike) > 1)} {', '.join(map(str, alike[:NAMED]))}{more}"
    return f"It is not distinguishable from {len(alike)} of the {others} other trials: {numbers}."


def _lost(trials: Sequence[Trial]) -> str:
    """How many told nothing, and why the first of them did not."""
    lost = [each for each in trials if not each.pending and each.score is None]
    if not lost:
        return ""
    first = next((each for each in lost if each.reason), None)
    why = f"; trial {first.number}: {first.reason}" if first else ""
    return f"{len(lost)} of {len(trials)} trials ended without a metric{why}"


def _nothing(trials: Sequence[Trial]) -> str:
    if not trials:
        return "There are no trials."
    return _lost(trials) or f"None of the {len(trials)} trials is done."


def _settings(trial: Trial) -> str:
    return ", ".join(f"{key}={_value(value)}" for key, value in trial.settings.items())


def _value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shown(value)


def _interval(estimate: Estimate, metric: str) -> str:
    estimate = shown_within(estimate, of_metric(metric.removeprefix("validation/")))
    if isnan(estimate.low):
        return f"{estimate.mean:.4g}"
    return f"{estimate.mean:.4g} ({estimate.low:.4g} to {estimate.high:.4g})"


def _unknown(mean: float) -> Estimate:
    return Estimate(mean, nan, nan)
