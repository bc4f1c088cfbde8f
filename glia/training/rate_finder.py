"""How the loss falls, and then explodes, as the learning rate rises from step to step.

Paper      Smith, 2017, *Cyclical learning rates for training neural networks*, section 3.3.
           https://arxiv.org/abs/1506.01186
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from glia.nn.random import drawing
from glia.nn.seeds import step_seeds
from glia.recipe import TrainRecipe
from glia.training import devices, optimizers, threads
from glia.training.augmentation.augmenting import augmenting
from glia.training.augmentation.mixing import Mixed
from glia.training.members import Losses, trained
from glia.training.protocols import Batch, Batches, Task
from glia.training.regularisation import Penalty

SMOOTHING = 0.9  # weight of what was before, as in a running mean of ten steps
EXPLODED = 4.0  # times the lowest loss: higher rates would show nothing more


@dataclass(frozen=True)
class Trial:
    """Losses at rising rates, up to where they exploded."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]  # smoothed

    @property
    def steepest(self) -> float:
        """The rate at which the loss falls fastest per factor of the rate: a good one to train with."""
        lowest = self.losses.index(min(self.losses))
        reach = max(1, len(self.losses) // 20)  # a step's own fall is mostly that of its batch
        falls = [self.losses[min(at + reach, lowest)] - self.losses[max(0, at - reach)] for at in range(lowest + 1)]
        return self.rates[falls.index(min(falls))]

    @property
    def highest(self) -> float:
        """A tenth of the rate at which the loss is lowest: above it training becomes unstable."""
        return self.rates[self.losses.index(min(self.losses))] / 10


def try_rates(
    model: nn.Module,
    task: Task,
    train: Batches,
    settings: TrainRecipe,
    *,
    rates: tuple[float, float] = (1e-7, 10.0),
    steps: int = 100,
) -> Trial:
    """Train `model` for up to `steps` steps, each at a higher rate. The model is spoiled by it.

    Args:
        model: with its first weights.
        task: the loss.
        train: batches, begun again where there are fewer than steps.
        settings: the recipe's `[train]`; its learning rate and schedule are left out.
        rates: the first and the last, with equal factors between.
        steps: at most; fewer where the loss explodes before.
    """
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    optimizer = optimizers.build(model, replace(settings, learning_rate=rates[0]))
    penalty, augment = Penalty(model, settings), augmenting(settings.augment)
    tried: list[float] = []
    smoothed: list[float] = []
    mean = 0.0
    seeds = step_seeds(settings.seed, "step", 0, steps)
    model.train()
    with threads.suited_to(model, len(next(iter(_endless(train)))[1])):
        for step, (inputs, targets), seed in zip(range(steps), _endless(train), seeds, strict=False):
            rate = rates[0] * (rates[1] / rates[0]) ** (step / max(1, steps - 1))
            for group in optimizer.param_groups:
                group["lr"] = rate
            batch = (inputs, targets) if augment is None else augment(inputs, targets, seed)
            with drawing(seed):
                loss = _step(optimizer, partial(_loss, model, task, *batch, device), penalty.added_to)
            if not math.isfinite(loss):
                break
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            tried.append(rate)
            smoothed.append(mean / (1 - SMOOTHING ** (step + 1)))
            if smoothed[-1] > EXPLODED * min(smoothed):
                break
    return Trial(tuple(tried), tuple(smoothed))


def _endless(train: Batches) -> Iterator[Batch]:
    for epoch in count():
        train.seek(epoch)
        yield from train


def _loss(model: nn.Module, task: Task, inputs: Tensor, targets: Tensor | Mixed, device: torch.device) -> Tensor:
    with devices.precision(device):
        return Losses(model, task).of(trained(model)(inputs), targets)


def _step(optimizer: Optimizer, loss_of: Callable[[], Tensor], minimised: Callable[[Tensor], Tensor]) -> float:
    """One step; the task's loss before it."""
    first: list[float] = []

    def descend() -> Tensor:
        optimizer.zero_grad()
        loss = loss_of()
        first.append(loss.item())
        total = minimised(loss)
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(descend)  # type: ignore[arg-type]
    return first[0]
