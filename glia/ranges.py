"""Between which numbers a metric lies. What is shown of an interval ends there; what is reckoned with it does not.

The interval of a mean reaches as far to both sides, which of an accuracy near 1 may be beyond it.
"""

from math import inf, nan

from glia.statistics import Estimate

Range = tuple[float, float]
RANGES: dict[str, Range] = {
    "accuracy": (0.0, 1.0),
    "macro-f1": (0.0, 1.0),
    "log-loss": (0.0, inf),
    "rmse": (0.0, inf),
    "mae": (0.0, inf),
    "r2": (-inf, 1.0),
}
EVERYWHERE: Range = (-inf, inf)


def of_metric(metric: str) -> Range:
    """Of its values."""
    return RANGES.get(metric, EVERYWHERE)


def of_differences(metric: str) -> Range:
    """Of the difference of two values.

    Example:
        >>> of_differences("accuracy"), of_differences("rmse")
        ((-1.0, 1.0), (-inf, inf))
    """
    low, high = of_metric(metric)
    return low - high, high - low


def shown(estimate: Estimate, within: Range) -> Estimate:
    """The same with ends that are possible; the mean stays.

    Example:
        >>> shown(Estimate(0.95, 0.88, 1.02), of_metric("accuracy"))
        Estimate(mean=0.95, low=0.88, high=1.0)
    """
    low, high = within
    ends = (min(max(end, low), high) if end == end else nan for end in (estimate.low, estimate.high))
    return Estimate(estimate.mean, *ends)
