"""Ranges and choices: their values, what is drawn from them, what is refused."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glia.errors import ConfigError
from glia.search.dimensions import Choice, Range, between, choice
from glia.search.reading import values_of


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (between(10, 100, step=20), (10, 30, 50, 70, 90)),  # the end only if it is hit
        (between(10, 90, step=20), (10, 30, 50, 70, 90)),
        (between(0.1, 0.5, step=0.1), (0.1, 0.2, 0.3, 0.4, 0.5)),  # decimals, not 0.30000000000000004
        (between(2, 5), (2, 3, 4, 5)),
        (between(1e-4, 1e-1, log=True, points=4), (1e-4, 1e-3, 1e-2, 1e-1)),
        (between(16, 256, log=True, points=5), (16, 32, 64, 128, 256)),
        (between(1, 3, log=True, points=9), (1, 2, 3)),  # whole numbers, each once
        (between(0.0, 1.0, points=5), (0.0, 0.25, 0.5, 0.75, 1.0)),
        (between(3.0, 3.0), (3.0,)),
        (choice("relu", "tanh"), ("relu", "tanh")),
        (choice([64], (64, 64)), ([64], [64, 64])),
        (choice(True, 1), (True, 1)),  # true is not 1
    ],
)
def test_the_values_of_what_can_be_counted(values: Range | Choice, expected: tuple[Any, ...]) -> None:
    assert values.all() == expected
    assert list(map(type, values.all())) == list(map(type, expected))
    assert values.size == len(expected)
    assert [values.index(value) for value in expected] == list(range(len(expected)))
    assert all(value in values for value in expected)


def test_whole_numbers_stay_whole_and_a_fraction_makes_all_numbers_real() -> None:
    assert {type(value) for value in between(10, 100, step=20).all()} == {int}
    assert {type(value) for value in between(0, 1, step=0.5).all()} == {float}
    assert type(between(1, 100, log=True).draw(0.3)) is int
    assert type(between(1, 2.0).draw(0.3)) is float
    assert between(np.int64(1), np.float32(2.0)).low == 1.0


@pytest.mark.parametrize(
    ("values", "size"), [(between(0.0, 1.0), math.inf), (between(1e-4, 1e-1, log=True), math.inf), (between(1, 9), 9)]
)
def test_a_range_without_step_or_points_is_continuous_unless_of_whole_numbers(values: Range, size: float) -> None:
    assert values.size == size
    assert values.continuous == (size == math.inf)


@given(st.floats(0, 1, exclude_max=True), st.sampled_from([between(0.1, 0.9, step=0.1), between(1, 1000, log=True),
       between(-5.0, 3.0), between(1e-6, 1.0, log=True), between(2, 7), choice("a", "b", "c"),
       between(1.0, 9.0, points=4)]))  # fmt: skip
def test_what_is_drawn_is_inside(uniform: float, values: Range | Choice) -> None:
    drawn = values.draw(uniform)
    assert drawn in values
    assert 0 <= values.position(drawn) <= 1


def test_a_uniform_number_gives_every_whole_number_its_share() -> None:
    drawn = Counter(between(1, 4).draw(place / 4000) for place in range(4000))
    assert drawn == {1: 1000, 2: 1000, 3: 1000, 4: 1000}
    logarithmic = Counter(between(1, 8, log=True).draw(place / 4000) for place in range(4000))
    share = math.log(1.5 / 0.5) / math.log(8.5 / 0.5)  # of 1: from half below to half above
    assert logarithmic[1] == pytest.approx(4000 * share, abs=2)
    assert set(logarithmic) == set(range(1, 9))


def test_a_log_range_is_uniform_in_the_logarithm() -> None:
    drawn = [between(1e-4, 1e-1, log=True).draw(place / 3000) for place in range(3000)]
    assert sum(value < 1e-3 for value in drawn) == pytest.approx(1000, abs=2)
    assert between(1e-4, 1e-1, log=True).position(1e-3) == pytest.approx(1 / 3)


def test_choices_are_in_order_if_they_are_numbers_that_rise_or_fall() -> None:
    assert choice(16, 32, 64).ordered
    assert choice(0.9, 0.5, 0.0).ordered
    assert not choice(16, 64, 32).ordered
    assert not choice(True, False).ordered
    assert not choice("a", "b").ordered


@pytest.mark.parametrize("values", [between(1e-4, 0.1, log=True), between(10, 100, step=20), choice("a", [1, "b"]),
                                    between(1, 64, log=True, points=4), choice(True, False)])  # fmt: skip
def test_they_are_shown_as_they_are_written(values: Range | Choice) -> None:
    assert values_of(str(values)) == values


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: between(0.5, 0.1), "begins above its end. Write 0.1..0.5"),
        (lambda: between(0, 10, log=True), "begins at 0. It must begin above 0"),
        (lambda: between(-1.0, 1.0, log=True), "begins at -1.0"),
        (lambda: between(0, 10, step=0), "The step 0 of the range 0..10 must be above 0"),
        (lambda: between(0.0, 1.0, step=-0.1), "The step -0.1"),
        (lambda: between(1, 10, log=True, step=2), "it has no step"),
        (lambda: between(1, 10, step=2, points=3), "a step (2) and points (3)"),
        (lambda: between(1, 10, points=1), "has 1 points"),
        (lambda: between(1, 10, points=2.5), "has 2.5 points"),  # type: ignore[arg-type]
        (lambda: between(float("nan"), 1.0), "'low' of a range must be a finite number, not nan"),
        (lambda: between(0.0, math.inf), "'high' of a range must be a finite number, not inf"),
        (lambda: between("a", 1), "not 'a'"),  # type: ignore[arg-type]
        (lambda: between(True, 2), "not True"),
        (lambda: between(1, 2, log="yes"), "'log' of a range is true or false, not 'yes'"),  # type: ignore[arg-type]
        (lambda: choice(), "nothing to choose from"),
        (lambda: choice("relu", "tanh", "relu"), "The choice relu is named twice in relu,tanh,relu"),
        (lambda: choice([1, 2], (1, 2)), "[1, 2] is named twice"),
        (lambda: choice("a", None), "None cannot be a choice"),
        (lambda: choice(float("nan")), "nan cannot be a choice"),
    ],
)
def test_what_is_no_range_and_no_choice_is_refused(make: Any, part: str) -> None:
    with pytest.raises(ConfigError) as raised:
        make()
    assert part in str(raised.value)
