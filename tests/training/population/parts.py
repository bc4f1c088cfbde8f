"""Networks of a population beside the same networks alone: three classes in the plane of six numbers."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from glia import config
from glia.data.batches import TensorBatches
from glia.models.building import build
from glia.nn.random import permutation
from glia.recipe import TaskRecipe, TrainRecipe
from glia.tasks import fit_task
from glia.training.events import EpochDone, Event, FitDone, FitStarted, StepsDone
from glia.training.loop import fit
from glia.training.population.chain import Chain
from glia.training.population.individuals import Individual, Outcome
from glia.training.population.together import Way, fit_together
from glia.training.protocols import Task

SAMPLES, LEARNED = 300, 200
TOLERANCE = {torch.float64: 1e-7, torch.float32: 1e-5}


def samples(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    inputs = torch.randn(SAMPLES, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return inputs.to(dtype), (inputs.sum(1) > 0).long() + (inputs[:, 0] > 0.7).long()


def classes(**given: Any) -> Task:
    return fit_task(config.from_dict(TaskRecipe, given, "task"), samples()[1].numpy())


def perceptron(seed: int, dtype: torch.dtype = torch.float64, **options: Any) -> nn.Module:
    return build("mlp", {"hidden": [16], **options}, inputs=(6,), outputs=3, seed=seed).to(dtype)


def frozen(model: nn.Module) -> nn.Module:
    """Of which the first weights take no gradient."""
    next(model.parameters()).requires_grad_(False)
    return model


def short_of_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let stacks of dense layers run out of memory that hold more than so many networks."""
    compute = Chain.__call__

    def limited(self: Chain, weights: list[Tensor], *rest: Any, **named: Any) -> Tensor:
        if len(weights[0]) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return compute(self, weights, *rest, **named)

    monkeypatch.setattr(Chain, "__call__", limited)


def settings(**given: Any) -> TrainRecipe:
    return config.from_dict(TrainRecipe, {"epochs": 4, "batch_size": 16, "log_every": 5, **given}, "train")


def rows(seed: int, learned: int = LEARNED) -> tuple[Tensor, Tensor]:
    """Rows of a fold to learn from, and others to be judged by."""
    order = torch.randperm(SAMPLES, generator=torch.Generator().manual_seed(seed))
    return order[:learned], order[learned:]


@dataclass
class Pair:
    """An individual, what it told, and its twin, which is trained alone."""

    individual: Individual
    told: list[Event]
    twin: nn.Module
    twin_told: list[Event]


def pair(model: nn.Module, recipe: TrainRecipe, *, fold: int = 0, task: Task | None = None, **given: Any) -> Pair:
    told: list[Event] = []
    learned, judged = rows(fold, given.pop("learned", LEARNED))
    individual = Individual(
        model=model,
        task=task or classes(),
        settings=recipe,
        train=learned,
        judged=given.pop("judged", judged),
        listen=told.append,
        **given,
    )
    return Pair(individual, told, copy.deepcopy(model), [])


def train_twin(each: Pair, inputs: Tensor, targets: Tensor) -> None:
    """By the loop, as a run of its own would."""
    one = each.individual
    count, seed = len(one.train), one.settings.seed
    fit(
        each.twin,
        one.task,
        TensorBatches(
            inputs[one.train],
            targets[one.train],
            batch_size=one.batch_size,
            order=lambda epoch: permutation(seed, epoch, count),
        ),
        TensorBatches(inputs[one.judged], targets[one.judged], batch_size=512) if len(one.judged) else None,
        one.settings,
        listen=each.twin_told.append,
    )


def require_law(pairs: Sequence[Pair], inputs: Tensor, targets: Tensor, way: Way = "stacked") -> list[Outcome]:
    """Each network of the stack ends as its twin does, and tells the same."""
    outcomes = fit_together([each.individual for each in pairs], inputs, targets, way=way)
    for each, outcome in zip(pairs, outcomes, strict=True):
        if outcome.error is not None:
            raise outcome.error
        if way == "stacked":
            assert outcome.together == len(pairs), outcome.alone
        train_twin(each, inputs, targets)
        require_same_weights(each.individual.model, each.twin)
        require_same_events(each.told, each.twin_told, TOLERANCE[next(each.twin.parameters()).dtype])
    return outcomes


def require_same_weights(one: nn.Module, other: nn.Module) -> None:
    for name, expected in other.state_dict().items():
        tolerance = TOLERANCE.get(expected.dtype, 0)
        torch.testing.assert_close(one.state_dict()[name], expected, rtol=tolerance, atol=tolerance)


def require_same_events(told: Sequence[Event], expected: Sequence[Event], tolerance: float) -> None:
    assert [type(event) for event in told] == [type(event) for event in expected]
    for mine, its in zip(told, expected, strict=True):
        assert timeless(mine) == timeless(its)
        torch.testing.assert_close(numbers(mine), numbers(its), rtol=max(tolerance, 1e-7), atol=max(tolerance, 1e-7))


def timeless(event: Event) -> Event:
    """What of an event depends neither on the clock nor on rounding."""
    if isinstance(event, StepsDone):
        return replace(event, loss=0.0, samples_per_second=0.0, seconds_left=0.0)
    if isinstance(event, EpochDone | FitDone):
        return replace(event, metrics=dict.fromkeys(event.metrics, 0.0), seconds=0.0)
    return replace(event, device="") if isinstance(event, FitStarted) else event


def numbers(event: Event) -> Tensor:
    found = [event.loss] if isinstance(event, StepsDone) else []
    found += list(event.metrics.values()) if isinstance(event, EpochDone | FitDone) else []
    return torch.tensor(found, dtype=torch.float64)
