"""Small real parts for the loop: two classes in the plane, a network with dropout and batch norm."""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn

from glia import config
from glia.data.batches import TensorBatches
from glia.nn.random import permutation
from glia.recipe import TrainRecipe
from glia.training.events import EpochDone, Event
from glia.training.loop import Control, fit


class Separation:
    """Cross-entropy and accuracy."""

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return nn.functional.cross_entropy(outputs, targets)

    def metrics(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
        right = (outputs.argmax(1) == targets).float().mean()
        return {"loss": float(self.loss(outputs, targets)), "accuracy": float(right)}


def clouds(count: int = 200, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two overlapping clouds of 4 numbers."""
    draw = torch.Generator().manual_seed(seed)
    targets = torch.arange(count) % 2
    return torch.randn(count, 4, generator=draw) + 1.5 * targets[:, None], targets


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 2))


def without_norm() -> nn.Sequential:
    """The same without batch norm, which leaves the bias before it no gradient but noise."""
    first, _, *rest = network().children()
    return nn.Sequential(first, nn.Identity(), *rest)


def batches(settings: TrainRecipe, count: int = 200) -> TensorBatches:
    inputs, targets = clouds(count)
    return TensorBatches(
        inputs,
        targets,
        batch_size=count if settings.batch_size == "all" else settings.batch_size,
        order=lambda epoch: permutation(settings.seed, epoch, count),
    )


def validation() -> TensorBatches:
    inputs, targets = clouds(100, seed=1)
    return TensorBatches(inputs, targets, batch_size=64)


def settings(**given: object) -> TrainRecipe:
    return config.from_dict(TrainRecipe, {"epochs": 4, "batch_size": 16, "log_every": 5, **given}, "train")


def fitted(
    model: nn.Module,
    recipe: TrainRecipe,
    *,
    checkpoints: Path | None = None,
    resume: bool = False,
    stop_after: int | None = None,
    **control: float,
) -> list[Event]:
    """Fit and return the events; `stop_after` steps it is asked to stop."""
    told: list[Event] = []
    asked = iter(range(1, 10**9))
    fit(
        model,
        Separation(),
        batches(recipe),
        validation(),
        recipe,
        listen=told.append,
        control=Control(
            checkpoints=checkpoints,
            resume=resume,
            should_stop=lambda: stop_after is not None and next(asked) >= stop_after,
            **control,
        ),
    )
    return told


def epochs_of(events: Iterable[Event]) -> list[EpochDone]:
    return [event for event in events if isinstance(event, EpochDone)]
