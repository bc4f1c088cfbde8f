"""The answer in words: which learner to use, by how much, whether a network is overkill, what more data would do."""

from collections.abc import Sequence
from math import floor, isnan, log10

from glia.comparison.contestants import BASELINE
from glia.comparison.curve import LearningCurve
from glia.comparison.standings import Standing
from glia.ranges import EVERYWHERE, Range, of_differences, of_metric, shown
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
    found: Sequence[Standing], *, metric: str, direction: Direction, curves: Sequence[LearningCurve] = ()
) -> list[str]:
    """Sentences, the most important first.

    Args:
        found: from best to worst.
        metric: that learners were ranked by.
        direction: which way it is better.
        curves: learning curves, if any were drawn.
    """
    best = found[0]
    if len(found) == 1:
        mean = interval(best.mean, of_metric(metric))
        return [f"Only {best.learner} was judged: {metric} {mean}. There is nothing to compare."]
    said = [_which(found, metric, direction), *_baseline(found), _network(found, metric)]
    return [*(sentence for sentence in said if sentence), *(_more_data(each, metric, direction) for each in curves)]


def interval(estimate: Estimate, within: Range = EVERYWHERE) -> str:
    """A figure with its ends, to the second digit of how far they are off.

    Args:
        estimate: the figure.
        within: what is possible; ends beyond are not shown.

    Example:
        >>> interval(Estimate(0.91234, 0.8876, 0.93708)), interval(Estimate(2.0, float("nan"), float("nan")))
        ('0.912 (0.888 to 0.937)', '2')
        >>> interval(Estimate(0.98, 0.95, 1.01), (0, 1)), interval(Estimate(123456.7, 119000.0, 127913.4))
        ('0.980 (0.950 to 1.000)', '123,500 (119,000 to 127,900)')
    """
    if isnan(estimate.low):
        return f"{estimate.mean:.3g}"
    half, greatest = (estimate.high - estimate.low) / 2, max(map(abs, _three(estimate)))
    if not (half > 1e-9 and 1e-3 < greatest < 1e9):
        mean, low, high = (f"{value + 0.0:.3g}" for value in _three(shown(estimate, within)))
    else:
        places = 1 - floor(log10(half) + 1e-9)
        rounded = (round(value, places) + 0.0 for value in _three(shown(estimate, within)))  # no minus before zero
        mean, low, high = (f"{value:,.{max(places, 0)}f}" for value in rounded)
    return f"{mean} ({low} to {high})"


def _three(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.mean, estimate.low, estimate.high


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


def _which(found: Sequence[Standing], metric: str, direction: Direction) -> str:
    best, use = found[0], chosen(found)
    best_mean, its_mean = (interval(each.mean, of_metric(metric)) for each in (best, use))
    if not best.group:
        return _not_tested(found, metric, direction)
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
        f"Use {use.learner}: {metric} {its_mean}. It is the simplest of those as good as the best, as far as can be "
        f"told: {best.learner} has {best_mean}; {_at_worst(use, direction, metric)}."
    )


def _not_tested(found: Sequence[Standing], metric: str, direction: Direction) -> str:
    """Too few fits, or too few that all learners came to an end with: those that did fewer stand last."""
    best, least = found[0], min(found, key=lambda each: each.fits)
    mean, sign = interval(best.mean, of_metric(metric)), 1 if direction == "higher" else -1
    among, why = "", f"a test needs {FEWEST_FITS} fits, and there are {best.fits}"
    if least.fits < best.fits:
        among = " of those that did all their fits"
        why = f"a test needs {FEWEST_FITS} fits of each, and {least.learner} did {least.fits} of {best.fits}"
    untested = f"whether that is more than chance was not tested: {why}"
    said = f"{best.learner} has the best mean {metric}{among}, {mean}; {untested}."
    ahead = [each for each in found if each.fits < best.fits and sign * (each.mean.mean - best.mean.mean) > 0]
    if not ahead:
        return said
    other = max(ahead, key=lambda each: sign * each.mean.mean)
    its = interval(other.mean, of_metric(metric))
    return f"{said} {other.learner} has {its} with {other.fits}: give it more time (--budget)."


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
        return "how much worse it may be is not known"
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
    return ["Nothing is distinguishable from the baseline, which looks at no sample: these columns may tell nothing."]


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
        f"{doing} {span(its)} against {span(other)}"
        for doing, its, other in (
            ("to fit it takes", network.seconds_to_fit, simple.seconds_to_fit),
            ("to predict a sample it takes", network.seconds_to_predict, simple.seconds_to_predict),
        )
        if its > other
    ]
    said = f"A network is overkill here: {network.learner} is not distinguishable from {simple.learner}."
    return f"{said} {', '.join(costs).capitalize()}." if costs else said


def _more_data(curve: LearningCurve, metric: str, direction: Direction) -> str:
    first, last = curve.samples[0], curve.samples[-1]
    slope = curve.per_doubling
    within = f"between {first:,.0f} and {last:,.0f} samples"
    if isnan(slope.low):
        return f"{curve.learner}: each doubling {within} changed {metric} by {slope.mean:+.2g}; how sure is not known."
    ends = f"{slope.mean:+.2g} ({slope.low:+.2g} to {slope.high:+.2g})"
    if slope.spans_zero:
        return f"More data, {curve.learner}: no effect to be seen {within}; {metric} changed by {ends} per doubling."
    better = (slope.mean > 0) == (direction == "higher")
    if not better:
        return f"More data, {curve.learner}: {metric} became worse by {ends} per doubling {within}: look at the data."
    return (
        f"More data would help {curve.learner}: {metric} changed by {ends} per doubling {within}; the next doubling "
        "may bring less."
    )
