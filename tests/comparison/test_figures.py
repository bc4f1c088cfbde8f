"""Figures below each other."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glia.comparison.figures import decimals, interval
from glia.statistics import Estimate

NOTHING = float("nan")
NUMBERS = st.floats(0.001, 1e6)


def column(*estimates: Estimate) -> list[str]:
    places = decimals(estimates)
    return [interval(each, places=places) for each in estimates]


def test_neighbours_that_differ_look_different_and_have_the_same_decimals() -> None:
    found = column(Estimate(0.8204, 0.81, 0.83), Estimate(0.8151, 0.62, 1.01), Estimate(0.8149, 0.805, 0.825))
    assert found == ["0.8204 (0.8100 to 0.8300)", "0.8151 (0.6200 to 1.0100)", "0.8149 (0.8050 to 0.8250)"]
    alike = column(Estimate(0.815, 0.80, 0.83), Estimate(0.815, 0.62, 1.01))
    assert alike == ["0.815 (0.800 to 0.830)", "0.815 (0.620 to 1.010)"]


def test_what_is_not_defined_is_said_and_has_no_say() -> None:
    nothing = Estimate(NOTHING, NOTHING, NOTHING)
    assert column(Estimate(0.5, 0.4, 0.6), nothing) == ["0.50 (0.40 to 0.60)", "not defined"]
    assert column(Estimate(0.5, NOTHING, NOTHING), Estimate(0.25, 0.2, 0.3)) == ["0.500", "0.250 (0.200 to 0.300)"]
    assert column(nothing) == ["not defined"]


def test_of_an_uncertain_figure_a_digit_is_left() -> None:
    assert interval(Estimate(0.7, -11.0, 12.4)) == "0.7 (-11.0 to 12.4)"
    assert interval(Estimate(0.0, -0.2, 0.2)) == "0.00 (-0.20 to 0.20)"


def test_a_figure_beyond_all_others_takes_no_decimals() -> None:
    assert column(Estimate(1.0, 0.5, 1.5), Estimate(1.2, 0.7, 1.7), Estimate(3e12, 1e12, 5e12))[2] == (
        "3e+12 (1e+12 to 5e+12)"
    )
    assert column(Estimate(3e-7, 2e-7, 4e-7))[0] == "3e-07 (2e-07 to 4e-07)"


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=6))
def test_the_order_of_what_is_shown_is_that_of_the_figures(drawn: list[tuple[float, float]]) -> None:
    estimates = [Estimate(mean, mean - half, mean + half) for mean, half in sorted(drawn, reverse=True)]
    means = [text.partition(" ")[0].replace(",", "") for text in column(*estimates)]
    assert all(float(one) >= float(other) for one, other in pairwise(means))
    assert len({len(mean.partition(".")[2]) for mean in means}) == 1


@pytest.mark.parametrize(("mean", "other"), [(0.8200001, 0.82), (0.5, 0.5 + 1e-13)])
def test_of_hair_s_breadths_there_is_an_end(mean: float, other: float) -> None:
    found = column(Estimate(mean, 0.7, 0.9), Estimate(other, 0.7, 0.9))
    assert max(map(len, found)) < 28
