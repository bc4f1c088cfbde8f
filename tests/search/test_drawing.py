"""The pictures of a search."""

import json

import numpy as np
import pytest

from glia import pictures
from glia.pictures import Bars, Curve, Matrix, Points
from glia.search.drawing import best_curve, contour, pictures_of, slice_of
from glia.search.draws import random_settings
from glia.search.reading import parse
from glia.search.surrogate import fitted
from glia.search.trials import Trial

SPACE = parse(["rate=1e-4..1.0:log", "activation=relu,tanh", "units=1..4", "momentum=0.0..0.9?activation=tanh"])


def trials_of(count: int) -> list[Trial]:
    drawn = [random_settings(SPACE, 0, number) for number in range(count)]
    return [
        Trial(number=number, settings=each, state="done", value=float(np.log10(each["rate"])) + each["units"])
        for number, each in enumerate(drawn)
    ]


def test_all_pictures_of_a_search_are_plain_values() -> None:
    trials = [*trials_of(40), Trial(number=40, settings={"rate": 1e-3}, state="failed")]
    drawn = pictures_of(trials, SPACE, metric="validation/accuracy", direction="higher")
    slices = [f"slice/{key}" for key in SPACE.keys]
    assert {*slices, "best", "importance"} <= drawn.keys()
    assert [name for name in drawn if name.startswith("contour/")] == ["contour/rate/units", *list(drawn)[-2:]]
    for picture in drawn.values():
        assert pictures.from_dict(json.loads(json.dumps(pictures.to_dict(picture)))) == picture
    matters = drawn["importance"]
    assert isinstance(matters, Bars)
    assert set(matters.labels[:2]) == {"rate", "units"}


def test_few_trials_have_no_model() -> None:
    drawn = pictures_of(trials_of(4), SPACE, metric="m", direction="higher")
    assert list(drawn) == ["best", *(f"slice/{key}" for key in SPACE.keys)]
    assert pictures_of([], SPACE, metric="m", direction="higher") == {}


def test_the_best_so_far_is_a_staircase_to_the_last_trial() -> None:
    values = [0.5, 0.7, 0.6, 0.9, 0.1]
    trials = [Trial(number=number, settings={}, state="done", value=value) for number, value in enumerate(values)]
    drawn = best_curve(trials, metric="m", direction="higher")
    assert isinstance(drawn, Curve)
    (_, places, best), (_, numbers, each) = drawn.lines
    assert places == (0, 1, 1, 3, 3, 4)
    assert best == (0.5, 0.5, 0.7, 0.7, 0.9, 0.9)
    assert (numbers, each) == ((0, 1, 2, 3, 4), tuple(values))


def test_slices_by_logarithm_and_by_choice() -> None:
    trials = trials_of(20)
    rate = slice_of(SPACE["rate"], trials, "m")
    assert rate.x == "log10 rate"
    assert rate.groups[0][1] == pytest.approx([np.log10(each.settings["rate"]) for each in trials])
    activation = slice_of(SPACE["activation"], trials, "m")
    assert isinstance(activation, Points)
    assert [(name, set(places)) for name, places, _ in activation.groups] == [("relu", {0.0}), ("tanh", {1.0})]
    assert sum(len(places) for _, places, _ in activation.groups) == 20
    momentum = slice_of(SPACE["momentum"], trials, "m")
    assert len(momentum.groups[0][1]) == sum(each.settings["activation"] == "tanh" for each in trials)


def test_a_contour_rises_with_what_the_metric_rises_with() -> None:
    drawn = contour(fitted(SPACE, trials_of(80), "higher"), "rate", "units", "m")
    assert isinstance(drawn, Matrix)
    assert drawn.rows == ("1", "2", "3", "4")
    assert len(drawn.columns) == 12
    values = np.array(drawn.values)
    assert values[-1, -1] > values[0, -1] > values[0, 0]
