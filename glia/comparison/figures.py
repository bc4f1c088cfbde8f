"""Figures with their intervals, rounded alike where they stand below each other."""

from collections.abc import Sequence
from itertools import pairwise
from math import floor, isclose, isfinite, log10
from statistics import median_high

from glia.ranges import EVERYWHERE, Range, shown
from glia.statistics import Estimate

SMALLEST, LARGEST = 1e-3, 1e9  # between which figures are written without an exponent
MORE = 2  # decimals, at most, to tell figures apart


def interval(estimate: Estimate, within: Range = EVERYWHERE, places: int | None = None) -> str:
    """A figure with its ends.

    Args:
        estimate: the figure.
        within: what is possible; ends beyond are not shown.
        places: decimals; None: to the second digit of how far the ends are off.

    Example:
        >>> interval(Estimate(0.91234, 0.8876, 0.93708)), interval(Estimate(2.0, float("nan"), float("nan")))
        ('0.912 (0.888 to 0.937)', '2.00')
        >>> interval(Estimate(0.98, 0.95, 1.01), (0, 1)), interval(Estimate(123456.7, 119000.0, 127913.4))
        ('0.980 (0.950 to 1.000)', '123,500 (119,000 to 127,900)')
    """
    if not isfinite(estimate.mean):
        return "not defined"
    places = _places(estimate) if places is None else places
    mean, low, high = (_written(value, places) for value in _three(shown(estimate, within)))
    return mean if not isfinite(estimate.low) else f"{mean} ({low} to {high})"


def decimals(estimates: Sequence[Estimate]) -> int | None:
    """Of all figures of a column: as many as suit most of them, or up to two more to tell neighbours apart.

    Args:
        estimates: from best to worst.

    Returns:
        None where each is better written by itself: they are too large or too small for decimals.

    Example:
        >>> decimals([Estimate(0.8148, 0.803, 0.827), Estimate(0.8152, 0.7, 0.93), Estimate(0.5, 0.45, 0.55)])
        4
    """
    finite = [each for each in estimates if isfinite(each.mean)]
    suited = [places for each in finite if (places := _places(each)) is not None]
    if not suited:
        return None
    usual = median_high(suited)
    for places in range(usual, usual + MORE + 1):
        shown_apart = (
            _written(one.mean, places) != _written(other.mean, places)
            for one, other in pairwise(finite)
            if not isclose(one.mean, other.mean, rel_tol=1e-9, abs_tol=1e-12)
        )
        if all(shown_apart):
            return places
    return usual + MORE


def _places(estimate: Estimate) -> int | None:
    """Decimals that suit it: two digits of how far its ends are off, or three of itself; None: too large or small."""
    ends = [abs(value) for value in _three(estimate) if isfinite(value)]
    half = (estimate.high - estimate.low) / 2
    if not ends or not SMALLEST < max(ends) < LARGEST:
        return None
    if not half > 1e-9:
        return 2 - floor(log10(max(ends)))
    places = 1 - floor(log10(half) + 1e-9)
    first = -floor(log10(abs(estimate.mean))) if estimate.mean else places  # digit of the figure itself
    return min(max(places, first), places + 1)


def _written(value: float, places: int | None) -> str:
    if not isfinite(value):
        return ""
    if places is None or abs(value) >= LARGEST:
        return f"{value + 0.0:.3g}"
    return f"{round(value, places) + 0.0:,.{max(places, 0)}f}"  # no minus before zero


def _three(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.mean, estimate.low, estimate.high
