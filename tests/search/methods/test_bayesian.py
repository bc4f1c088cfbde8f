"""Bayesian search: batches that do not depend on who asks, pending and failed trials, every kind of setting, Branin."""

import logging
import math
import warnings
from dataclasses import replace
from itertools import pairwise
from typing import Any

import optuna
import pytest

from glia.search.dimensions import choice
from glia.search.methods.bayesian import Bayesian, Sampler
from glia.search.methods.method import Brief, method_named
from glia.search.reading import parse
from glia.search.space import Dimension, Space
from glia.search.trials import Trial
from tests.search.methods.playing import begun, ended, played

PLANE = parse(["x=-5.0..10.0", "y=0.0..15.0"])


def branin(settings: dict[str, Any], _: int = 0) -> float:
    """Its minimum is 0.397887, at three places."""
    x, y = settings["x"], settings["y"]
    bent = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return float(bent**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


def best_of_branin(name: str, seed: int, trials: int) -> float:
    brief = Brief(space=PLANE, seed=seed, trials=trials, direction="lower")
    found = played(method_named(name, brief), branin)
    assert len(found) == trials
    return min(each.value or 0.0 for each in found)


def settings_of(trials: list[Trial]) -> list[dict[str, Any]]:
    return [dict(each.settings) for each in trials]


def test_a_gaussian_process_finds_the_valley_of_branin() -> None:
    assert best_of_branin("bayes", seed=0, trials=24) <= 0.45
    assert best_of_branin("bayes", seed=1, trials=24) <= 0.45


@pytest.mark.slow
def test_40_trials_reach_0_45_on_branin_and_beat_random() -> None:
    bayes = [best_of_branin("bayes", seed, 40) for seed in range(10)]
    random = [best_of_branin("random", seed, 40) for seed in range(10)]
    assert sum(value <= 0.45 for value in bayes) >= 9
    assert sorted(bayes)[5] < sorted(random)[5]


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_it_does_not_matter_how_many_are_asked_for_nor_whether_the_process_dies(name: str) -> None:
    method = method_named(name, Brief(space=PLANE, seed=1, trials=14, direction="lower"))
    whole = played(method, branin)
    assert settings_of(played(method, branin, count=1)) == settings_of(whole)
    assert settings_of(played(method, branin, count=3)) == settings_of(whole)
    # Killed with two of a batch begun, one of them finished: the other crashed and is trained again.
    known = whole[:7]
    proposals = method.propose(known, 2)
    left = ended(begun(known, proposals), branin, {7})
    left = [replace(each, state="crashed") if each.pending else each for each in left]
    assert settings_of(played(method, branin, trials=ended(left, branin))) == settings_of(whole)


def test_a_quarter_is_random_and_the_rest_comes_in_batches() -> None:
    brief = Brief(space=PLANE, seed=2, trials=64)
    method = Bayesian(brief, "tpe")
    assert (method.randoms, method.batch) == (16, 8)
    trials: list[Trial] = []
    sizes = []
    while proposals := method.propose(trials, 64):
        sizes.append(len(proposals))
        trials = ended(begun(trials, proposals), branin)
    assert sizes == [16, *[8] * 6]
    assert settings_of(trials[:16]) == [each.settings for each in method_named("random", brief).propose([], 16)]
    unlimited = Bayesian(Brief(space=PLANE))
    assert (unlimited.randoms, unlimited.batch) == (10, 4)


def test_while_a_batch_is_going_on_there_is_no_more() -> None:
    method = Bayesian(Brief(space=PLANE, seed=2, trials=40), "tpe")
    trials = ended(begun([], method.propose([], 40)), branin)
    trials = begun(trials, method.propose(trials, 40))
    assert sum(each.pending for each in trials) == method.batch == 5
    assert method.propose(trials, 40) == []
    two_done = ended(trials, branin, {10, 11})  # of another batch now, with three of the last still going on
    assert [each.number for each in method.propose(two_done, 40)] == [15, 16]


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_trials_that_go_on_keep_others_away_from_their_place(name: str) -> None:
    space = parse(["x=0.0..1.0"])
    method = method_named(name, Brief(space=space, seed=0, trials=32))
    trials = ended(begun([], method.propose([], 32)), lambda settings, _: -((settings["x"] - 0.3) ** 2))
    batch = sorted(each.settings["x"] for each in method.propose(trials, 32))
    assert len(batch) == 4
    assert min(after - before for before, after in pairwise(batch)) > 1e-3


def test_where_trials_fail_no_more_are_sent() -> None:
    # Above 0.5 all diverge; without them the model would know nothing there, and go on looking.
    space = parse(["x=0.0..1.0"])

    def metric(settings: dict[str, Any], _: int) -> float:
        return float("nan") if settings["x"] > 0.5 else settings["x"]

    trials = played(Bayesian(Brief(space=space, seed=0, trials=30), "tpe"), metric)
    late = [each.settings["x"] for each in trials[20:]]
    assert sum(x > 0.5 for x in late) <= 5
    assert all(each.score is None for each in trials if each.settings["x"] > 0.5)


def test_where_all_have_failed_it_is_random() -> None:
    brief = Brief(space=PLANE, seed=0, trials=12)
    trials = played(Bayesian(brief), lambda *_: float("nan"))
    assert settings_of(trials) == [each.settings for each in method_named("random", brief).propose([], 12)]


KINDS = parse(
    [
        "a=1e-4..1e-1:log",
        "b=1..64:log",
        "c=2..5",
        "d=0.0..0.5:0.1",
        "e=16..256:log:5",
        "f=relu,tanh,swish",
        "g=[64],[64,64]",
        "h=true,false",
        "i=16,32,64",
        "j=0.5..0.5",
    ]
)


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_every_kind_of_setting(name: str) -> None:
    trials = played(method_named(name, Brief(space=KINDS, seed=0, trials=7)), lambda settings, _: settings["c"])
    assert len(trials) == 7
    for each in trials:
        assert KINDS.holds(each.settings)
        assert [type(value) for value in each.settings.values()] == [
            float,
            int,
            int,
            float,
            int,
            str,
            list,
            bool,
            int,
            float,
        ]


def test_conditions_are_kept() -> None:
    space = parse(["o=sgd,adam", "momentum=0.0..0.9?o=sgd", "beta=0.8,0.9,0.99?o=adam", "x=0.0..1.0"])
    trials = played(Bayesian(Brief(space=space, seed=0, trials=24)), lambda settings, _: settings.get("momentum", 0.5))
    assert all(space.holds(each.settings) for each in trials)
    late = [each.settings.get("momentum", 0.5) for each in trials[16:]]
    assert sum(late) / len(late) > 0.6  # it has found where the metric is high


def test_trials_outside_the_space_are_not_told_of() -> None:
    stranger = Trial(number=0, settings={"x": 99.0, "z": 1}, state="done", value=1.0)
    trials = [stranger, *(Trial(number=n, settings={"x": 0.0, "y": n}, state="done", value=n) for n in range(1, 11))]
    [proposal] = Bayesian(Brief(space=PLANE), "tpe").propose(trials, 1)
    assert PLANE.holds(proposal.settings)


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_a_batch_knows_what_was_tried_by_hand_before_it(name: str) -> None:
    space = parse(["x=0.0..1.0"])
    method = Bayesian(Brief(space=space, seed=0, trials=40), name)
    trials = ended(begun([], method.propose([], 40)), lambda settings, _: -((settings["x"] - 0.2) ** 2))
    assert len(trials) == 10

    def chosen(number: int, **given: Any) -> list[float]:
        by_hand = Trial(number=number, settings={"x": 0.9}, by_hand=True, **given)
        return [each.settings["x"] for each in replace(method, others=(by_hand,)).propose(trials, 40)]

    alone = [each.settings["x"] for each in method.propose(trials, 40)]
    found = chosen(10, state="done", value=1.0)
    assert sum(abs(x - 0.9) for x in found) < sum(abs(x - 0.9) for x in alone)
    assert chosen(11, state="done", value=1.0) == chosen(10, state="running") == alone


def test_the_sampler_suits_the_space() -> None:
    def sampler(space: Space, number: int = 20) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return type(Bayesian(Brief(space=space))._fresh(number)).__name__

    assert sampler(PLANE) == "GPSampler"
    assert sampler(PLANE, number=500) == "TPESampler"
    assert sampler(parse(["x=0.0..1.0", "y=0.0..1.0?o=a", "o=a,b"])) == "TPESampler"
    assert sampler(Space(tuple(Dimension(f"k{place}", choice(1, 2)) for place in range(11)))) == "TPESampler"


def test_optuna_is_silent_and_left_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    optuna.logging.set_verbosity(logging.INFO)
    try:
        played(Bayesian(Brief(space=PLANE, trials=8), "tpe"), branin)
        assert optuna.logging.get_verbosity() == logging.INFO
    finally:
        optuna.logging.set_verbosity(logging.WARNING)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["tpe", "gp"])
def test_of_a_few_choices_each_is_tried_once(name: Sampler) -> None:
    space = parse(["x=1,2,3", "y=0..3", "z=a,b"])
    method = method_named(name, Brief(space=space, seed=3, trials=64))

    def metric(settings: dict[str, Any], _: int) -> float:
        return float(settings["x"] * settings["y"] + (settings["z"] == "b"))

    whole = played(method, metric)
    assert len(whole) == len({tuple(each.settings.values()) for each in whole}) == 24
    assert settings_of(played(method, metric, count=1)) == settings_of(whole)
    by_hand = Trial(number=0, settings={"x": 3, "y": 3, "z": "b"}, state="done", value=10.0)
    others = played(Bayesian(Brief(space=space, seed=3, trials=64), name, (by_hand,)), metric)
    assert by_hand.settings not in settings_of(others)
    assert len(others) == 23
