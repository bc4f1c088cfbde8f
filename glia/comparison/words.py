"""The answer in words: which learner to use, by how much, whether a network is overkill, what more data would do."""

from collections.abc import Sequence
from math import ceil, isnan

from glia.comparison.contestants import BASELINE
from glia.comparison.curve import LearningCurve
from glia.comparison.figures import decimals, interval
from glia.comparison.standings import Standing
from glia.ranges import of_differences, of_metric
from glia.record.progress import duration
from glia.statistics import FEWEST_FITS, Estimate
from glia.tasks.task import Direction

NAMED = 4  # learners in a sentence


def chosen(found: Sequence[Standing]) -> Standing:
    """The learner to use: the simplest that is about one standard error from the best, and not distinguishable from it.

    Not distinguishable alone would not do: where there are few samples, nothing is. The rule of one standard error is
    that of Breiman et al. (1984) for the size of trees. The baseline is chosen only where it is the best.

    Args:
        found: from best to worst, or those of them among which to choose.
    """
    best = found[0]
    near = [each for each in found if each is best or (each.group == best.group > 0 and _is_near(each))]
    return min([each for each in near if each.learner != BASELINE] or near, key=lambda each: each.simplicity)


def answer(
    found: Sequence[Standing],
    *,
    metric: str,
    direction: Direction,
    curves: Sequence[LearningCurve] = (),
    repeats: int = 0,
) -> list[str]:
    """Sentences, the most important first.

    Args:
        found: from best to worst.
        metric: that learners were ranked by.
        direction: which way it is better.
        curves: learning curves, if any were drawn.
        repeats: how often folds were dealt; 0: there are none, or another time would give the same.
    """
    best = found[0]
    if len(found) == 1:
        mean = interval(best.mean, of_metric(metric))
        return [f"Only {best.learner} was judged: {metric} {mean}. There is nothing to compare."]
    said = [_which(found, metric, direction, repeats), *_baseline(found), _network(found, metric)]
    return [*(sentence for sentence in said if sentence), *(_more_data(each, metric, direction) for each in curves)]


def p_value(p: float) -> str:
    """As it is said.

    Example:
        >>> p_value(0.0321), p_value(2e-5)
        ('p = 0.032', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def span(seconds: float) -> str:
    """A time span from microseconds to hours.

    Example:
        >>> span(0.00042), span(0.031), span(1.9), span(130)
        ('420 µs', '31 ms', '1.9 s', '2 min 10 s')
    """
    for unit, name in ((1e-6, "µs"), (1e-3, "ms")):
        if seconds < 999.5 * unit:
            return f"{float(f'{seconds / unit:.2g}'):g} {name}"
    return duration(seconds)


def _which(found: Sequence[Standing], metric: str, direction: Direction, repeats: int) -> str:
    best, use = found[0], chosen(found)
    best_mean, its_mean = (_mean(each, found, metric) for each in (best, use))
    if not best.group:
        return _not_tested(found, metric, direction, repeats)
    others = [each for each in found if each.group == 1 and each is not best]
    if not others:
        second = found[1]
        return (
            f"Use {best.learner}: {metric} {best_mean}, better than the next, {second.learner}, by "
            f"{interval(_ahead(second), of_differences(metric))}; {p_value(second.p)}."
        )
    if use is best:
        return f"Use {best.learner}: {metric} {best_mean}. {_alike(others)} not distinguishable from it."
    return (
        f"Use {use.learner}: {metric} {its_mean}. It is the simplest of those close to the best, {best.learner} with "
        f"{best_mean}, and not distinguishable from it; {_at_worst(use, direction, metric)}."
    )


def _not_tested(found: Sequence[Standing], metric: str, direction: Direction, repeats: int) -> str:
    """Too few fits, or too few that all learners came to an end with: those that did fewer stand last."""
    best, least = found[0], min(found, key=lambda each: each.fits)
    mean, sign = _mean(best, found, metric), 1 if direction == "higher" else -1
    there = f"there {'is' if best.fits == 1 else 'are'} {best.fits}"
    among, why = "", f"a test needs {FEWEST_FITS} fits, and {there}"
    if least.fits < best.fits:
        among = " of those that did all their fits"
        why = f"a test needs {FEWEST_FITS} fits of each, and {least.learner} did {least.fits} of {best.fits}"
    elif best.fits == len(best.values):
        why += f"; add --repeats {ceil(FEWEST_FITS * repeats / best.fits)}" if repeats else "; give more samples"
    said = f"{best.learner} has the best mean {metric}{among}, {mean}. Whether that is chance was not tested: {why}."
    ahead = [each for each in found if each.fits < best.fits and sign * (each.mean.mean - best.mean.mean) > 0]
    if not ahead:
        return said
    other = max(ahead, key=lambda each: sign * each.mean.mean)
    its = _mean(other, found, metric)
    return f"{said} {other.learner} has {its} with {other.fits}: give it more time (--budget)."


def _mean(each: Standing, found: Sequence[Standing], metric: str) -> str:
    """As it stands in the table."""
    return interval(each.mean, of_metric(metric), decimals([other.mean for other in found]))


def _is_near(behind: Standing) -> bool:
    """Whether it is at most half as far from the best as its interval reaches to one side."""
    difference = behind.difference
    return difference is not None and abs(difference.mean) <= (difference.high - difference.low) / 4


def _ahead(behind: Standing) -> Estimate:
    """How far the best is ahead of a learner, whichever way is better."""
    difference = behind.difference
    if difference is None:
        return Estimate(0.0, 0.0, 0.0)
    return difference if difference.mean > 0 else Estimate(-difference.mean, -difference.high, -difference.low)


def _at_worst(use: Standing, direction: Direction, metric: str) -> str:
    """Not distinguishable is not equal: what choosing the simpler learner may cost."""
    difference = use.difference
    if difference is None or isnan(difference.low):
        return "how much worse it may be cannot be told"
    worst = -difference.low if direction == "higher" else difference.high
    return f"its {metric} may be worse than that by up to {worst:.2g}"


def _alike(others: Sequence[Standing]) -> str:
    names = [each.learner for each in others]
    last = names[-1] if len(names) <= NAMED else f"{len(names) - NAMED} more"
    before = names[: min(len(names) - 1, NAMED)]
    shown = f"{', '.join(before)} and {last}" if before else last
    return f"{shown} {'is' if len(names) == 1 else 'are'}"


def _baseline(found: Sequence[Standing]) -> list[str]:
    known = next((each for each in found if each.learner == BASELINE), None)
    if known is None or known.group != 1:
        return []
    return ["Nothing is distinguishable from the baseline, which looks at no column: these columns may tell nothing."]


def _network(found: Sequence[Standing], metric: str) -> str:
    """Whether a network is overkill."""
    networks = [each for each in found if not each.classical]
    classical = [each for each in found if each.classical and each.learner != BASELINE]
    if not networks or not classical or not found[0].group or found[0].learner == BASELINE:
        return ""
    network, rival = networks[0], classical[0]
    if network.group < rival.group:
        ahead = interval(_ahead(rival), of_differences(metric))
        return f"The network is worth it: {network.learner} is ahead of {rival.learner}, the best without, by {ahead}."
    if network.group > rival.group:
        return f"A network is overkill here: the best one, {network.learner}, is worse than {rival.learner}."
    simple = chosen([each for each in classical if each.group == network.group])
    costs = [
        f"{span(its)} to {doing} against {span(other)}"
        for doing, its, other in (
            ("fit", network.seconds_to_fit, simple.seconds_to_fit),
            ("predict a sample", network.seconds_to_predict, simple.seconds_to_predict),
        )
        if its > other
    ]
    said = f"A network is overkill here: {network.learner} is not distinguishable from {simple.learner}, a simpler one."
    return f"{said} {network.learner} takes {' and '.join(costs)}." if costs else said


def _more_data(curve: LearningCurve, metric: str, direction: Direction) -> str:
    first, last = curve.samples[0], curve.samples[-1]
    slope = curve.per_doubling
    within = f"between {first:,.0f} and {last:,.0f} samples"
    if isnan(slope.low):
        changed = f"{metric} changed by {slope.mean:+.2g} per doubling {within}"
        return f"More data, {curve.learner}: {changed}, in one round only, so it may be chance."
    ends = f"{slope.mean:+.2g} ({slope.low:+.2g} to {slope.high:+.2g})"
    if slope.spans_zero:
        return f"More data, {curve.learner}: no clear effect {within}; {metric} changed by {ends} per doubling."
    better = (slope.mean > 0) == (direction == "higher")
    if not better:
        return f"More data, {curve.learner}: {metric} became worse by {ends} per doubling {within}: look at the data."
    return (
        f"More data would help {curve.learner}: {metric} changed by {ends} per doubling {within}; the next doubling "
        "may bring less."
    )
