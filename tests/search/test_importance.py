"""Importance against what is known of a function: Ishigami's, whose indices are exact."""

import math
from collections.abc import Callable

import pytest

from glia.config import Plain
from glia.search.draws import random_settings
from glia.search.importance import Importance, importance
from glia.search.reading import parse
from glia.search.space import Space
from glia.search.surrogate import fitted
from glia.search.trials import Trial


def trials_of(texts: list[str], metric: Callable[[Plain], float], count: int) -> tuple[Space, list[Trial]]:
    space = parse(texts)
    drawn = [random_settings(space, 1, number) for number in range(count)]
    return space, [
        Trial(number=number, settings=each, state="done", value=float(metric(each)))
        for number, each in enumerate(drawn)
    ]


def test_total_indices_of_ishigami() -> None:
    # sin a + 7 sin² b + 0.1 c⁴ sin a on [-π, π]³: total indices 0.5576, 0.4424, 0.2437; d does nothing.
    texts = [f"{key}={-math.pi}..{math.pi}" for key in "abcd"]
    space, trials = trials_of(
        texts,
        lambda s: math.sin(s["a"]) + 7 * math.sin(s["b"]) ** 2 + 0.1 * s["c"] ** 4 * math.sin(s["a"]),
        2000,
    )
    found = importance(fitted(space, trials, "higher"))
    shares = dict(found.shares)
    assert [key for key, _ in found.shares] == ["a", "b", "c", "d"]
    # A forest of 2,000 points smooths.
    assert shares["a"] == pytest.approx(0.5576, abs=0.08)
    assert shares["b"] == pytest.approx(0.4424, abs=0.08)
    assert shares["c"] == pytest.approx(0.2437, abs=0.1)
    assert shares["d"] < 0.01


def test_what_matters_is_first_though_the_trials_crowd_around_the_best() -> None:
    # All trials but a few have nearly the best x, as a Bayesian search leaves them.
    space = parse(["x=0.0..1.0", "y=0.0..1.0"])
    drawn = [random_settings(space, 0, number) for number in range(60)]
    crowded = [each if number < 15 else each | {"x": 0.5 + each["x"] / 50} for number, each in enumerate(drawn)]
    trials = [
        Trial(number=number, settings=each, state="done", value=-10 * (each["x"] - 0.5) ** 2 - 0.1 * each["y"])
        for number, each in enumerate(crowded)
    ]
    found = importance(fitted(space, trials, "higher"))
    assert found.shares[0][0] == "x"
    assert found.shares[0][1] > 0.5


def test_settings_under_a_condition_and_the_sentence() -> None:
    space, trials = trials_of(
        ["o=sgd,adam", "m=0.0..1.0?o=sgd", "z=1,2,3"], lambda s: s.get("m", 0.2) + (s["o"] == "adam"), 120
    )
    found = importance(fitted(space, trials, "higher"))
    assert [key for key, _ in found.shares] == ["o", "m", "z"]
    assert found.words().startswith("o matters most: ")
    assert "; then m: " in found.words()


def test_where_nothing_is_understood_nothing_is_said_to_matter() -> None:
    assert "cannot be told" in Importance((("x", 0.9),), -0.2, 30).words()
    assert "explains 0 %" in Importance((("x", 0.9),), -0.2, 30).words()


def test_equal_metrics_have_no_shares() -> None:
    space, trials = trials_of(["x=0.0..1.0", "y=1,2"], lambda _: 0.5, 20)
    assert importance(fitted(space, trials, "higher")).shares == (("x", 0.0), ("y", 0.0))
