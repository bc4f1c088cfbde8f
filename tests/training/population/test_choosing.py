from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from glia.training.population import beside, choosing, memory
from glia.training.population.beside import Workers
from glia.training.population.choosing import why_not_as_one
from glia.training.population.memory import most_at_once
from glia.training.population.samples import SharedSamples
from glia.training.population.together import fit_together
from tests.training.population.parts import (
    pair,
    perceptron,
    require_law,
    require_same_weights,
    samples,
    settings,
    train_twin,
)
from tests.training.population.test_law import normalised

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_found", {})
    monkeypatch.setattr(beside, "_found", {})


def shared() -> SharedSamples:
    return SharedSamples(*samples(), None, CPU)


def test_small_dense_networks_are_stacked_without_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "_tried", None)
    some = [pair(perceptron(seed), settings()).individual for seed in range(4)]
    assert why_not_as_one(some, shared()) == ""
    assert why_not_as_one(some[:3], shared()) == "of 3 small networks each is sooner trained by itself"


@pytest.mark.parametrize(
    ("together", "expected"), [(1.0, "0.2 times as fast"), (0.15, ""), (0.2, "1 times as fast"), (0.17, "")]
)
def test_others_are_tried_once_and_remembered(monkeypatch: pytest.MonkeyPatch, together: float, expected: str) -> None:
    tried: list[float] = []

    def seconds_of(step: Callable[[], object], device: torch.device, *, threads: int, most: float) -> float:
        step()
        tried.append(most)
        return together

    monkeypatch.setattr(choosing, "seconds_of", seconds_of)
    monkeypatch.setattr(beside, "workers_for", lambda *given: Workers(1, 1, 0.1))
    some = [pair(normalised(seed), settings(seed=seed)).individual for seed in range(2)]
    why = why_not_as_one(some, shared())
    assert expected in why
    assert bool(why) == bool(expected)
    count = len(tried)
    assert why_not_as_one(some[::-1], shared()) == why
    assert len(tried) == count
    assert tried == pytest.approx([0.3] * count)
    assert count == (1 if together > 0.3 or torch.get_num_threads() == 1 else 2), (
        "what is hopeless is not tried further"
    )


def test_a_trial_leaves_the_networks_as_they_are() -> None:
    pairs = [pair(normalised(seed), settings(seed=seed)) for seed in range(2)]
    why_not_as_one([each.individual for each in pairs], shared())
    for each in pairs:
        require_same_weights(each.individual.model, each.twin)
        assert each.told == []


@pytest.mark.parametrize("faster", [True, False])
def test_the_choice_changes_nothing_but_rounding(monkeypatch: pytest.MonkeyPatch, faster: bool) -> None:
    monkeypatch.setattr(choosing, "WORTH_IT", 0.0 if faster else 1e9)
    pairs = [pair(normalised(seed), settings(seed=seed)) for seed in range(2)]
    outcomes = require_law(pairs, *samples(), way="auto")
    assert [outcome.together for outcome in outcomes] == ([2, 2] if faster else [1, 1])
    assert all(("times as fast" in outcome.alone) is not faster for outcome in outcomes)


class Noisy(nn.Module):
    """Draws at random without a layer of dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(6, 3).double()

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.output(x + torch.rand_like(x) if self.training else x)
        return outputs


class Branching(nn.Module):
    """Its way depends on what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(6, 3).double()

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.output(x if bool(x.sum() > 0) else -x)
        return outputs


class HalfUsed(nn.Module):
    """Has weights that no loss depends on."""

    def __init__(self) -> None:
        super().__init__()
        self.output, self.spare = nn.Linear(6, 3).double(), nn.Linear(6, 3).double()

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.output(x)
        return outputs


class Recurrent(nn.Module):
    """Its layer hands its weights to a kernel of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.memory, self.output = nn.LSTM(2, 4, batch_first=True).double(), nn.Linear(4, 3).double()

    def forward(self, x: Tensor) -> Tensor:
        outputs: Tensor = self.output(self.memory(x.view(-1, 3, 2))[0][:, -1])
        return outputs


@pytest.mark.parametrize("make", [Noisy, Branching, HalfUsed, Recurrent])
def test_what_cannot_be_one_is_trained_one_after_the_other(make: Any) -> None:
    pairs = [pair(make(), settings(seed=seed)) for seed in range(2)]
    inputs, targets = samples()
    outcomes = fit_together([each.individual for each in pairs], inputs, targets)
    for each, outcome in zip(pairs, outcomes, strict=True):
        assert outcome.error is None
        assert outcome.alone.startswith("its layers cannot be computed in a stack")
        train_twin(each, inputs, targets)
        require_same_weights(each.individual.model, each.twin)


def test_larger_networks_are_fewer_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_free_bytes", lambda device: 2**27)
    small = most_at_once([pair(perceptron(0), settings()).individual], shared())
    large = most_at_once([pair(perceptron(0, hidden=[512, 512]), settings()).individual], shared())
    filled = [pair(perceptron(0, hidden=hidden), settings()).individual for hidden in ([512, 64], [64, 512])]
    assert 1 <= most_at_once(filled, shared()) <= large < most_at_once(filled[:1], shared()) < small
    monkeypatch.setattr(memory, "_free_bytes", lambda device: 0)
    assert most_at_once([pair(perceptron(0), settings()).individual], shared()) == 1


def test_the_estimate_covers_the_weights_and_what_a_step_keeps() -> None:
    one = pair(perceptron(0, hidden=[512]), settings(batch_size=200)).individual
    weights = sum(parameter.numel() for parameter in one.model.parameters()) * 8
    activations = 200 * 512 * 8
    assert 6 * weights + 2 * activations <= memory._bytes_of(one, shared()) <= 6 * weights + 8 * activations


def test_free_memory_is_asked_of_the_machine() -> None:
    assert memory._free_bytes(CPU) > 2**20
