"""The law for networks that learn from different numbers of samples, in as many batches."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from glia.nn.random import reseed
from glia.recipe import TaskRecipe
from glia.tasks import fit_task
from glia.training.population import fitting, together
from glia.training.population.kinds import kind
from tests.training.population.parts import Pair, pair, perceptron, require_law, samples, settings

COUNTS = [195, 200, 194, 200, 208, 209]  # of 13 batches of 16; a sample alone joins the batch before


def _normalised(seed: int) -> nn.Module:
    reseed(seed)
    return nn.Sequential(nn.Linear(6, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 3)).double()


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "alike": perceptron,
    "dropout": lambda seed: perceptron(seed, dropout=0.1 * seed),
    "mixed": lambda seed: perceptron(
        seed, hidden=[5 + 3 * seed], activation=["relu", "sigmoid"][seed % 2], dropout=0.2
    ),
    "batch-norm": _normalised,
}


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of the stacks that are trained."""
    found: list[int] = []

    class Watched(fitting.StackFit):
        def __init__(self, individuals: Any, *rest: Any, **more: Any) -> None:
            found.append(len(individuals))
            super().__init__(individuals, *rest, **more)

    monkeypatch.setattr(together, "StackFit", Watched)
    return found


def ragged(make: Callable[[int], nn.Module], **given: Any) -> list[Pair]:
    recipes = [settings(seed=seed, epochs=3, **given) for seed in range(len(COUNTS))]
    return [
        pair(make(seed), recipe, fold=seed, learned=count)
        for seed, (recipe, count) in enumerate(zip(recipes, COUNTS, strict=True))
    ]


@pytest.mark.parametrize("name", NETWORKS)
def test_they_are_one_stack_and_each_ends_as_alone(name: str, sizes: list[int]) -> None:
    require_law(ragged(NETWORKS[name]), *samples())
    assert sizes == [len(COUNTS)]


def test_those_with_most_samples_may_end_first() -> None:
    pairs = ragged(perceptron)
    for seed, each in enumerate(pairs):
        ended = settings(seed=seed, epochs=1 if COUNTS[seed] > 200 else 3)
        pairs[seed] = pair(each.twin, ended, fold=seed, learned=COUNTS[seed])
    require_law(pairs, *samples())


def test_numbers_are_learned_alike() -> None:
    inputs, _ = samples()
    targets = inputs.sum(1)[:, None]
    task = fit_task(TaskRecipe(name="regression"), targets[:, 0].numpy())
    makes = [nn.Sequential(nn.Linear(6, 4 + seed), nn.Tanh(), nn.Linear(4 + seed, 1)).double() for seed in range(3)]
    pairs = [
        pair(make, settings(seed=seed, epochs=2), fold=seed, task=task, learned=COUNTS[seed])
        for seed, make in enumerate(makes)
    ]
    require_law(pairs, inputs, task.encode(targets[:, 0].numpy()).to(torch.float64))


def test_another_number_of_batches_is_another_kind() -> None:
    one, other = (pair(perceptron(0), settings(), learned=count).individual for count in (200, 192))
    assert kind(one) != kind(other)
