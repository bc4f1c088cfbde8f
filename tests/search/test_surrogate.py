"""The surrogate: how settings become numbers, and what it has understood."""

import math

import numpy as np
import pytest

from glia.errors import DataError
from glia.search.draws import random_settings
from glia.search.reading import parse
from glia.search.surrogate import INACTIVE, coded, fitted
from glia.search.trials import Trial

SPACE = parse(["x=1e-4..1.0:log", "o=sgd,adam,rmsprop", "m=0.0..1.0?o=sgd"])


def trials_of(count: int) -> list[Trial]:
    drawn = [random_settings(SPACE, 0, number) for number in range(count)]
    values = [math.log10(each["x"]) + (each["o"] == "adam") for each in drawn]
    return [
        Trial(number=number, settings=each, state="done", value=value)
        for number, (each, value) in enumerate(zip(drawn, values, strict=True))
    ]


def test_settings_as_numbers() -> None:
    given = [{"x": 1e-2, "o": "sgd", "m": 0.25}, {"x": 1.0, "o": "rmsprop"}]
    expected = [[0.5, 1, 0, 0, 0.25], [1.0, 0, 0, 1, INACTIVE]]
    assert coded(SPACE, given) == pytest.approx(np.array(expected))


def test_it_understands_what_depends_on_the_settings_and_says_when_nothing_does() -> None:
    trials = trials_of(80)
    surrogate = fitted(SPACE, trials, "higher")
    assert surrogate.explained > 0.8
    best, worst = surrogate.values([{"x": 1.0, "o": "adam"}, {"x": 1e-4, "o": "rmsprop"}])
    assert best > worst + 3
    chance = np.random.default_rng(0).normal(size=80)
    noise = [
        Trial(number=each.number, settings=each.settings, state="done", value=float(value))
        for each, value in zip(trials, chance, strict=True)
    ]
    assert fitted(SPACE, noise, "higher").explained < 0.1


def test_one_that_diverged_is_not_all_there_is_to_explain() -> None:
    trials = trials_of(60)
    diverged = Trial(number=60, settings={"x": 0.5, "o": "adam"}, state="done", value=-1e9)
    surrogate = fitted(SPACE, [*trials, diverged], "higher")
    assert surrogate.explained > 0.2  # of the variance as it is, it would be none
    best, worst = surrogate.values([{"x": 0.1, "o": "adam"}, {"x": 1e-4, "o": "rmsprop"}])
    assert worst + 2 < best < 1


def test_failed_trials_and_strangers_are_left_out_and_few_are_refused() -> None:
    others = [
        Trial(number=20, settings={"x": 0.5, "o": "adam"}, state="failed"),
        Trial(number=21, settings={"x": 5.0, "o": "adam"}, state="done", value=1.0),
        Trial(number=22, settings={"y": 5.0}, state="done", value=1.0),
    ]
    assert fitted(SPACE, [*trials_of(12), *others], "higher").trials == 12
    with pytest.raises(DataError, match="9 trials are done"):
        fitted(SPACE, [*trials_of(9), *others], "higher")


def test_of_very_many_trials_an_even_choice_is_learned_from() -> None:
    assert fitted(SPACE, trials_of(2500), "higher").trials == 2000


def test_where_all_are_equal_nothing_is_explained() -> None:
    equal = [Trial(number=each.number, settings=each.settings, state="done", value=0.5) for each in trials_of(12)]
    assert fitted(SPACE, equal, "lower").explained == 0
