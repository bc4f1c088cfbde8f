"""The pictures of a comparison."""

from collections.abc import Sequence
from math import isnan

from glia.comparison.calibration import reliability_of
from glia.comparison.contest import Fit
from glia.comparison.contestants import BASELINE
from glia.comparison.curve import LearningCurve
from glia.comparison.standings import Standing
from glia.pictures import Bars, Curve, Picture, Points
from glia.ranges import Range, of_differences, of_metric, shown
from glia.statistics import Estimate

MOST_LINES = 4  # of learners, in one picture


def pictures_of(
    found: Sequence[Standing], fits: Sequence[Fit], curves: Sequence[LearningCurve], *, metric: str
) -> dict[str, Picture]:
    """By name; those for which there is something to draw.

    Args:
        found: from best to worst.
        fits: all of them.
        curves: of some learners.
        metric: that learners were ranked by.
    """
    found = [each for each in found if each.fits]
    drawn: dict[str, Picture] = {"comparison": _means(found, metric), "cost": _costs(found, metric)}
    # Beside the baseline, which is far off, the others would look alike.
    behind = [each for each in found if each.difference and (each.learner != BASELINE or each.group == 1)]
    if behind:
        drawn["differences"] = Bars(
            title="Difference to the best",
            x="learner",
            y=f"{metric} minus the best",
            labels=tuple(_short(each.learner) for each in behind),
            values=tuple(each.difference.mean for each in behind if each.difference),
            intervals=_ends([each.difference for each in behind if each.difference], of_differences(metric)),
        )
    if curves:
        lines = tuple((_short(each.learner), each.samples, each.values) for each in curves)
        drawn["learning-curve"] = Curve(title="Learning curve", x="samples to learn from", y=metric, lines=lines)
    calibration = _calibration(found, fits)
    return {**drawn, "calibration": calibration} if calibration else drawn


def _short(learner: str) -> str:
    """A name that fits below a bar: of `package.module:Class` the class."""
    return learner.rpartition(":")[2]


def _means(found: Sequence[Standing], metric: str) -> Bars:
    return Bars(
        title="Learners compared",
        x="learner",
        y=metric,
        labels=tuple(_short(each.learner) for each in found),
        values=tuple(each.mean.mean for each in found),
        intervals=_ends([each.mean for each in found], of_metric(metric)),
    )


def _ends(estimates: Sequence[Estimate], within: Range) -> tuple[tuple[float, float], ...]:
    """Of all, or of none where one is not known."""
    if any(isnan(each.low) or isnan(each.high) for each in estimates):
        return ()
    return tuple((each.low, each.high) for each in (shown(one, within) for one in estimates))


def _costs(found: Sequence[Standing], metric: str) -> Points:
    return Points(
        title="What it costs",
        x="seconds to fit",
        y=metric,
        groups=tuple((_short(each.learner), (each.seconds_to_fit,), (each.mean.mean,)) for each in found),
    )


def _calibration(found: Sequence[Standing], fits: Sequence[Fit]) -> Curve | None:
    """Accuracy against certainty of the best learners, and the line of those that are right as often as certain."""
    lines = []
    for each in found[:MOST_LINES]:
        bins = reliability_of([fit for fit in fits if fit.learner == each.learner])
        if bins is not None:
            name = f"{_short(each.learner)}, off by {each.calibration_error:.2g}"
            lines.append((name, tuple(bins.certainty.tolist()), tuple(bins.accuracy.tolist())))
    if not lines:
        return None
    diagonal = ("as right as certain", (0.0, 1.0), (0.0, 1.0))
    return Curve(title="Calibration", x="probability of the class predicted", y="share right", lines=(*lines, diagonal))
