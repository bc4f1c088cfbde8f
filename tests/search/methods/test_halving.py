"""Halving: who goes on, who waits for whom, and that a search goes on after a crash as if there had been none."""

from dataclasses import replace
from typing import Any

import pytest

from glia.errors import ConfigError
from glia.search.methods.halving import Asha, Halving
from glia.search.methods.method import Brief, method_named
from glia.search.reading import parse
from glia.search.trials import Trial
from tests.search.methods.playing import begun, ended, played

SPACE = parse(["x=0.0..1.0"])


def metric(settings: dict[str, Any], epochs: int) -> float:
    return settings["x"] + 0.001 * epochs


def reached(trials: list[Trial]) -> dict[int, list[int]]:
    """Epochs → the trials that were trained so far."""
    found: dict[int, list[int]] = {}
    for each in trials:
        for epochs, _ in each.rungs:
            found.setdefault(epochs, []).append(each.number)
    return found


@pytest.mark.parametrize(
    ("most", "least", "factor", "rungs"),
    [(27, 1, 3, (1, 3, 9, 27)), (20, 2, 3, (2, 7, 20)), (1, 1, 3, (1,)), (8, 1, 2, (1, 2, 4, 8)),
     (100, 5, 3, (11, 33, 100))],
)  # fmt: skip
def test_rungs(most: int, least: int, factor: int, rungs: tuple[int, ...]) -> None:
    assert Halving(Brief(space=SPACE, epochs=most), factor, least).rungs == rungs
    assert Asha(Brief(space=SPACE, epochs=most), factor, least).rungs == rungs


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_a_third_goes_on(direction: Any) -> None:
    method = Halving(Brief(space=SPACE, seed=0, trials=27, epochs=27, direction=direction))
    trials = played(method, metric)
    ranked = sorted(trials, key=lambda each: each.settings["x"], reverse=direction == "higher")
    order = [each.number for each in ranked]
    assert reached(trials) == {
        1: list(range(27)),
        3: sorted(order[:9]),
        9: sorted(order[:3]),
        27: order[:1],
    }


def test_without_a_number_one_of_all_reaches_the_last_rung() -> None:
    counts = {
        epochs: len(who) for epochs, who in reached(played(Halving(Brief(space=SPACE, epochs=9)), metric)).items()
    }
    assert counts == {1: 9, 3: 3, 9: 1}


def test_a_rung_waits_for_all_of_the_one_before() -> None:
    method = Halving(Brief(space=SPACE, trials=9, epochs=9))
    trials = begun([], method.propose([], 100))
    assert len(trials) == 9
    assert method.propose(trials, 100) == []
    trials = ended(trials, metric, range(8))
    assert method.propose(trials, 100) == []
    trials = ended(trials, metric)
    assert [each.epochs for each in method.propose(trials, 100)] == [3, 3, 3]
    some = begun(trials, method.propose(trials, 2))  # no more free at the moment
    assert len(method.propose(some, 100)) == 1


def test_who_failed_does_not_go_on_and_its_place_is_taken() -> None:
    method = Halving(Brief(space=SPACE, trials=9, epochs=9))

    def fails(settings: dict[str, Any], epochs: int) -> float:
        return float("nan") if settings["x"] > 0.5 else metric(settings, epochs)

    trials = ended(begun([], method.propose([], 9)), fails)
    well = [each.number for each in sorted(trials, key=lambda each: -each.settings["x"]) if each.settings["x"] <= 0.5]
    assert 0 < len(well) < 9
    assert [each.number for each in method.propose(trials, 9)] == sorted(well[:3])
    none = ended(begun([], method.propose([], 9)), lambda *_: float("nan"))
    assert method.propose(none, 9) == []


@pytest.mark.parametrize("name", ["halving", "asha", "pbt"])
def test_a_search_that_died_goes_on_unchanged(name: str) -> None:
    method = method_named(name, Brief(space=parse(["train.x=0.1..1.0"]), seed=4, trials=12, epochs=9))

    def rising(settings: dict[str, Any], epochs: int) -> float:
        return settings["train.x"] + 0.001 * epochs

    whole = played(method, rising, count=4)
    trials: list[Trial] = []
    for step in range(1000):  # killed after each step, and in every third with one of those begun not finished
        proposals = method.propose(trials, 4)
        if not proposals:
            break
        trials = begun(trials, proposals)
        if step % 3 == 2:
            trials = ended(trials, rising, {each.number for each in proposals[1:]})
            trials = [replace(each, state="crashed") if each.pending else each for each in trials]
            trials = begun(trials, [each.again() for each in trials if each.pending])
        trials = ended(trials, rising)
    assert trials == whole


def test_asha_waits_for_nobody() -> None:
    method = Asha(Brief(space=SPACE, seed=0, trials=9, epochs=9))
    trials = begun([], method.propose([], 4))
    assert [each.epochs for each in trials] == [1, 1, 1, 1]
    trials = ended(trials, metric, [0, 1, 2])
    best = max(trials[:3], key=lambda each: each.settings["x"]).number
    further, new = method.propose(trials, 2)
    assert (further.number, further.epochs) == (best, 3)  # one of the three that have come so far
    assert (new.number, new.epochs) == (4, 1)
    again = begun(trials, [further])
    assert [each.number for each in method.propose(again, 1)] == [4]  # promoted once only


def test_asha_ends_with_about_a_third_on_every_rung() -> None:
    method = Asha(Brief(space=SPACE, seed=0, trials=27, epochs=27))
    counts = {epochs: len(who) for epochs, who in reached(played(method, metric, count=1)).items()}
    assert counts[1] == 27
    assert counts[3] >= 9
    assert counts[9] >= 3
    assert counts[27] >= 1
    assert sum(counts.values()) <= 27 + 2 * (9 + 3 + 1)


def test_the_best_of_all_reaches_the_end_by_asha() -> None:
    trials = played(Asha(Brief(space=SPACE, seed=3, trials=27, epochs=9)), metric, count=5)
    best = max(trials, key=lambda each: each.settings["x"])
    assert best.epochs == 9


@pytest.mark.parametrize("name", ["halving", "asha", "pbt"])
def test_it_must_be_known_how_long_a_trial_is_trained(name: str) -> None:
    with pytest.raises(ConfigError, match=r"--set train\.epochs=27"):
        method_named(name, Brief(space=SPACE))
    with pytest.raises(ConfigError, match=r"'train\.epochs' cannot be varied"):
        method_named(name, Brief(space=parse(["train.epochs=1..9"]), epochs=9))


def test_numbers_that_make_no_halving() -> None:
    with pytest.raises(ConfigError, match="factor=1"):
        Halving(Brief(space=SPACE, epochs=9), factor=1)
    with pytest.raises(ConfigError, match="least=0"):
        Asha(Brief(space=SPACE, epochs=9), least=0)
