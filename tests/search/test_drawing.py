"""The pictures of a search."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from glia import pictures
from glia.pictures import Bars, Curve, Matrix, Points
from glia.search.drawing import best_curve, contour, pictures_of, slice_of, some_of
from glia.search.draws import random_settings
from glia.search.findings import findings
from glia.search.reading import parse
from glia.search.surrogate import fitted
from glia.search.trials import Trial, best_first

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
    ((_, places, best),) = drawn.lines
    ((_, numbers, each),) = drawn.dots
    assert places == (0, 1, 1, 3, 3, 4)
    assert best == (0.5, 0.5, 0.7, 0.7, 0.9, 0.9)
    assert (numbers, each) == ((0, 1, 2, 3, 4), tuple(values))
    assert drawn.bands == ()


def scored(values: list[float]) -> list[Trial]:
    return [Trial(number=number, settings={}, state="done", value=value) for number, value in enumerate(values)]


def test_the_interval_of_the_winner_lies_beside_it() -> None:
    trials = scored([0.5, 0.9, 0.6, 0.7])
    found = findings(trials, metric="validation/accuracy", direction="higher", retrained=[0.8, 0.9, 1.0])
    drawn = pictures_of(trials, SPACE, metric="validation/accuracy", direction="higher", found=found)["best"]
    assert isinstance(drawn, Curve)
    [(name, places, lows, highs)] = drawn.bands
    assert name == "trained again from 3 seeds, 95 %"
    assert places == (1.0, 3.0)
    assert lows[0] == lows[1] == pytest.approx(0.9 - 0.1 * 4.302653 / np.sqrt(3))
    assert highs == (1.0, 1.0)  # where accuracy ends
    alone = findings(trials, metric="validation/accuracy", direction="higher", retrained=[0.8])
    plain = pictures_of(trials, SPACE, metric="validation/accuracy", direction="higher", found=alone)["best"]
    assert isinstance(plain, Curve)
    assert plain.bands == ()


def test_a_winner_that_came_last_has_room_for_its_interval() -> None:
    drawn = best_curve(scored([0.5, 0.6, 0.9]), metric="m", direction="higher", interval=(0.8, 1.0))
    assert drawn.bands == (("over folds, 95 %", (1.0, 2.0), (0.8, 0.8), (1.0, 1.0)),)


def test_of_very_many_trials_the_best_and_some_are_drawn() -> None:
    values = np.random.default_rng(0).permutation(10_000) / 10_000
    trials = scored(values.tolist())
    drawn = some_of(trials, "higher")
    assert len(drawn) == 2000
    assert [each.number for each in drawn] == sorted({each.number for each in drawn})
    best = {each.number for each in best_first(trials, "higher")[:500]}
    assert best <= {each.number for each in drawn}
    others = np.array([each.number for each in drawn if each.number not in best])
    assert np.histogram(others, bins=10, range=(0, 10_000))[0] == pytest.approx(150, abs=30)
    assert best_curve(trials, metric="m", direction="higher").title == "Best so far (2,000 of 10,000 trials drawn)"


def test_slices_by_logarithm_and_by_choice() -> None:
    trials = trials_of(20)
    rate = slice_of(SPACE["rate"], trials, "m")
    assert rate.x == "log10 rate"
    assert rate.groups[0][1] == pytest.approx([np.log10(each.settings["rate"]) for each in trials])
    activation = slice_of(SPACE["activation"], trials, "m")
    assert isinstance(activation, Points)
    assert activation.columns == ("relu", "tanh")
    [(_, places, scores)] = activation.groups
    names = [activation.columns[int(place)] for place in places]
    assert names == [each.settings["activation"] for each in trials]
    assert list(scores) == [each.score for each in trials]
    assert (rate.columns, slice_of(SPACE["units"], trials, "m").columns) == ((), ())
    momentum = slice_of(SPACE["momentum"], trials, "m")
    assert len(momentum.groups[0][1]) == sum(each.settings["activation"] == "tanh" for each in trials)


def test_choices_without_an_order_are_named_those_too_that_nobody_tried() -> None:
    [hidden] = parse(["hidden=[4],[64, 32],[8]"]).dimensions
    trials = [Trial(number=0, settings={"hidden": [8]}, state="done", value=0.5)]
    drawn = slice_of(hidden, trials, "m")
    assert drawn.columns == ("[4]", "[64, 32]", "[8]")
    assert drawn.groups == (("trials", (2.0,), (0.5,)),)


def test_bars_of_a_model_that_explains_little_say_so() -> None:
    trials = trials_of(12)
    flat = [replace(each, value=0.5) for each in trials]
    titles = [
        pictures_of(some, SPACE, metric="m", direction="higher")["importance"].title for some in (trials_of(80), flat)
    ]
    assert re.fullmatch(r"What matters \(a model of 80 trials explains \d\d %\)", titles[0])
    assert titles[1] == (
        "What matters can hardly be told from 12 trials: a model of them explains nothing, so the bars mean little"
    )
    random = np.random.default_rng(1)
    noise = [replace(each, value=float(random.random())) for each in trials_of(200)]
    title = pictures_of(noise, SPACE, metric="m", direction="higher")["importance"].title
    assert title.startswith("What matters can hardly be told from 200 trials: ")


def test_a_contour_rises_with_what_the_metric_rises_with() -> None:
    drawn = contour(fitted(SPACE, trials_of(80), "higher"), "rate", "units", "m")
    assert isinstance(drawn, Matrix)
    assert drawn.rows == ("1", "2", "3", "4")
    assert len(drawn.columns) == 12
    values = np.array(drawn.values)
    assert values[-1, -1] > values[0, -1] > values[0, 0]
