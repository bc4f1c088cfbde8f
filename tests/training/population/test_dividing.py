import random

import pytest

from glia.training.population import dividing
from glia.training.population.dividing import STEP, stacks
from glia.training.population.individuals import Individual
from glia.training.population.padding import weights_when_filled
from tests.training.population.parts import pair, perceptron, settings
from tests.training.population.test_law import normalised


def perceptrons(hidden: list[list[int]], **given: object) -> list[Individual]:
    return [pair(perceptron(0, hidden=each), settings(**given)).individual for each in hidden]


def widths(some: list[Individual], found: list[list[int]]) -> list[list[int]]:
    return [[len(next(some[place].model.parameters())) for place in places] for places in found]


def test_a_few_small_networks_are_one_stack_whatever_their_widths() -> None:
    some = perceptrons([[10], [100], [37], [64]])
    assert [sorted(places) for places in stacks(some, by_size=True)] == [[0, 1, 2, 3]]


def test_networks_of_very_different_sizes_are_not() -> None:
    some = perceptrons([[16], [60_000], [24], [50_000]])
    assert widths(some, stacks(some, by_size=True)) == [[16, 24], [60_000, 50_000]]
    assert len(stacks(some, by_size=False)) == 1


def test_the_more_networks_there_are_the_finer_they_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dividing, "STEP", {"cpu": 100_000})
    few, many = (perceptrons([[10 + 10 * (place % 10)] for place in range(count)]) for count in (10, 100))
    assert len(stacks(few, by_size=True)) == 1
    found = stacks(many, by_size=True)
    assert 1 < len(found) < 10
    assert sorted(place for places in found for place in places) == list(range(100))
    assert sum(len(set(each)) for each in widths(many, found)) == 10  # none is in two


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("count", [20, 80])
def test_a_division_costs_less_than_none_and_than_one_by_powers_of_two(layers: int, count: int) -> None:
    draw = random.Random(0)
    hidden = [[draw.randint(10, 200) for _ in range(layers)] for _ in range(count)]
    some = perceptrons(hidden)
    powers: dict[tuple[int, ...], list[int]] = {}
    for place, each in enumerate(hidden):
        powers.setdefault(tuple(map(int.bit_length, each)), []).append(place)

    def cost(found: list[list[int]]) -> float:
        models = [[some[place].model for place in places] for places in found]
        return sum(STEP["cpu"] / 16 + len(each) * weights_when_filled(each) for each in models)

    found = stacks(some, by_size=True)
    assert sorted(place for places in found for place in places) == list(range(count))
    assert cost(found) <= cost(stacks(some, by_size=False))
    assert cost(found) <= cost(list(powers.values()))


def test_equal_functions_stand_side_by_side() -> None:
    names = ["relu", "tanh", "relu", "sigmoid", "tanh"]
    some = [pair(perceptron(0, activation=name), settings()).individual for name in names]
    assert stacks(some, by_size=True) == [[0, 2, 1, 4, 3]]


def test_other_kinds_are_other_stacks() -> None:
    models = [perceptron(0), normalised(0), perceptron(0, hidden=[16, 16]), normalised(1), perceptron(0, hidden=[9])]
    some = [pair(model, settings()).individual for model in models]
    assert stacks(some, by_size=True) == [[0, 4], [1, 3], [2]]
    assert stacks([], by_size=True) == []
