"""Optimizers by name, and the learning rate of each step as a function of the step."""

import inspect
import math
from collections.abc import Callable, Iterable

import torch
from torch import nn
from torch.optim import Optimizer

from glia.errors import ConfigError, did_you_mean
from glia.recipe import TrainRecipe

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "adamax": torch.optim.Adamax,
}


def build(parameters: Iterable[nn.Parameter], settings: TrainRecipe) -> Optimizer:
    """The optimizer that `train.optimizer` names, fused into one kernel a step where torch has one.

    Raises:
        ConfigError: an unknown name, `momentum` for an optimizer that has none, or no weights.
    """
    name = settings.optimizer.lower().replace("_", "-")
    if name not in OPTIMIZERS:
        raise ConfigError(f"Unknown optimizer '{settings.optimizer}'.{did_you_mean(name, OPTIMIZERS)}")
    kind = OPTIMIZERS[name]
    accepted = inspect.signature(kind).parameters
    options: dict[str, float | bool] = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay}
    if settings.momentum:
        if "momentum" not in accepted:
            with_momentum = [
                key for key, other in OPTIMIZERS.items() if "momentum" in inspect.signature(other).parameters
            ]
            raise ConfigError(
                f"train.momentum={settings.momentum:g} does not fit optimizer '{name}', which has no momentum of its "
                f"own to set. Use momentum=0, or one of {', '.join(with_momentum)}."
            )
        options["momentum"] = settings.momentum
    parameters = list(parameters)
    if not parameters:
        raise ConfigError("The network has no weights to train.")
    if "fused" in accepted and all(p.is_floating_point() and p.device.type in ("cpu", "cuda") for p in parameters):
        options["fused"] = True
    return kind(parameters, **options)  # type: ignore[arg-type]


def schedule(settings: TrainRecipe, steps: int) -> Callable[[int], float]:
    """Step (from 0) → learning rate, over `steps` steps in all.

    `cosine` falls from the learning rate to zero along half a cosine (Loshchilov & Hutter 2017, eq. 5, one cycle).
    """
    rate = settings.learning_rate
    name = settings.schedule
    if name == "auto":
        name = "constant" if settings.epochs == "auto" else "cosine"
    if name == "constant":
        return lambda step: rate
    return lambda step: rate * 0.5 * (1 + math.cos(math.pi * min(step, steps) / steps))
