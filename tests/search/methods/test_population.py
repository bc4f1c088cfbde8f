"""Populations: who is replaced by whose child, what changes in a child, and that training settings are found."""

from typing import Any

import pytest

from glia.errors import ConfigError
from glia.search.methods.method import Brief
from glia.search.methods.population import Population
from glia.search.reading import parse
from glia.search.trials import Trial
from tests.search.methods.playing import begun, ended, played

SPACE = parse(["train.learning_rate=1e-4..1.0:log", "train.batch_size=16,32,64", "model.hidden=[8],[16]"])


def metric(settings: dict[str, Any], epochs: int) -> float:
    return float(settings["train.learning_rate"]) + 0.001 * epochs


def population(**more: Any) -> Population:
    return Population(Brief(space=SPACE, seed=0, epochs=20, **{"trials": 10, **more}), generations=4)


def test_the_worst_fifth_becomes_children_of_the_best_fifth() -> None:
    method = population()
    assert method.rungs == (5, 10, 15, 20)
    trials = ended(begun([], method.propose([], 100)), metric)
    order = [each.number for each in sorted(trials, key=lambda each: -(each.value or 0))]
    following = method.propose(trials, 100)
    assert len(following) == 10
    assert {each.epochs for each in following} == {10}
    children = [each for each in following if each.number >= 10]
    assert [each.number for each in children] == [10, 11]
    assert {each.parent for each in children} <= set(order[:2])
    assert {each.number for each in following if each.number < 10} == set(order[:8])
    assert all(each.parent is None for each in following if each.number < 10)


def test_children_begin_before_their_parents_go_on() -> None:
    method = population()
    trials = ended(begun([], method.propose([], 100)), metric)
    assert [each.number for each in method.propose(trials, 2)] == [10, 11]
    parents = {each.parent for each in method.propose(trials, 2)}
    later = begun(trials, method.propose(trials, 2))
    assert parents <= {each.number for each in method.propose(later, 100)}


def test_a_child_moves_what_is_of_training_and_inherits_the_model() -> None:
    method = population(trials=20)
    trials = ended(begun([], method.propose([], 100)), metric)
    for child in (each for each in method.propose(trials, 100) if each.parent is not None):
        parent = next(each for each in trials if each.number == child.parent)
        before, after = dict(parent.settings), child.settings
        assert after["model.hidden"] == before["model.hidden"]
        ratio = after["train.learning_rate"] / before["train.learning_rate"]
        assert ratio == pytest.approx(0.8) or ratio == pytest.approx(1.2) or after["train.learning_rate"] == 1.0
        sizes = [16, 32, 64]
        assert abs(sizes.index(after["train.batch_size"]) - sizes.index(before["train.batch_size"])) <= 1
        assert SPACE.holds(after)


def test_whole_numbers_zeros_and_conditions_when_a_child_moves() -> None:
    space = parse(["train.optimizer=sgd,adam", "train.momentum=0.0..0.9?train.optimizer=sgd", "train.steps=1..4",
                   "train.l1=0.0..1.0"])  # fmt: skip
    method = Population(Brief(space=space, seed=1, trials=40, epochs=4), generations=2)
    trials = begun([], method.propose([], 100))
    trials = [
        Trial(number=each.number, settings={**each.settings, "train.l1": 0.0}, state="running", epochs=each.epochs)
        for each in trials
    ]
    trials = ended(trials, lambda settings, _: float(settings["train.steps"]))
    children = [each for each in method.propose(trials, 100) if each.parent is not None]
    assert len(children) == 8
    for child in children:
        assert space.holds(child.settings)
        assert child.settings["train.steps"] != 2  # from 4: 3 or 4, never further
        assert child.settings["train.l1"] > 0  # no factor leads away from 0


def test_who_failed_is_replaced_too_and_where_all_failed_it_is_over() -> None:
    method = population()

    def fails(settings: dict[str, Any], epochs: int) -> float:
        return float("nan") if settings["train.batch_size"] != 16 else metric(settings, epochs)

    trials = ended(begun([], method.propose([], 100)), fails)
    failed = {each.number for each in trials if each.score is None}
    assert len(failed) > 2
    following = method.propose(trials, 100)
    assert len(following) == 10
    assert not failed & {each.number for each in following}
    nobody = ended(begun([], method.propose([], 100)), lambda *_: float("nan"))
    assert method.propose(nobody, 100) == []


def test_it_finds_settings_of_training_that_are_better_than_those_it_began_with() -> None:
    method = Population(Brief(space=parse(["train.x=0.01..1.0:log"]), seed=2, trials=10, epochs=20))
    trials = played(method, lambda settings, _: -abs(settings["train.x"] - 0.37))
    first = max(each.value or -9 for each in trials if each.parent is None)
    assert max(each.value or -9 for each in trials) > first
    assert max(each.epochs or 0 for each in trials) == 20
    born = [each for each in trials if each.parent is not None]
    assert len(born) == 2 * 9  # a fifth of ten, in each generation but the first
    assert all(each.parent is not None and each.parent < each.number for each in born)


@pytest.mark.parametrize("count", [1, 3, 100])
def test_it_does_not_matter_how_many_are_asked_for(count: int) -> None:
    assert played(population(), metric, count=count) == played(population(), metric)


def test_what_is_no_population() -> None:
    with pytest.raises(ConfigError, match="needs 2 trials or more"):
        population(trials=1)
    with pytest.raises(ConfigError, match="those of the model cannot change"):
        Population(Brief(space=parse(["model.hidden=[8],[16]"]), epochs=9))
