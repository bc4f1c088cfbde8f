"""Networks that are many in one: each member learns for itself, and in use they are one network.

Letters    M members, B samples, K outputs of each.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from glia.training.augmentation.mixing import Mixed
from glia.training.protocols import Task


@runtime_checkable
class Ensemble(Protocol):
    """A network of members; called as a network is, it gives what they say together."""

    def members(self, x: Tensor) -> Tensor:
        """(M, B, K) the outputs of each member."""

    def combined(self, outputs: Tensor) -> Tensor:
        """(M, B, K) → (B, K) what these outputs say together."""


def trained(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """What of a network is called in training: itself, or its members."""
    return model.members if isinstance(model, Ensemble) else model


class Losses:
    """The loss of a batch and its outputs, also of networks that are many in one.

    Args:
        model: the network.
        task: the loss.
    """

    def __init__(self, model: nn.Module, task: Task) -> None:
        self._ensemble = model if isinstance(model, Ensemble) else None
        self._task = task

    def of(self, outputs: Tensor, targets: Tensor | Mixed) -> Tensor:
        """The mean loss of what `trained(model)` gave; of members, the mean of theirs; of mixed targets, both mixed."""
        if isinstance(targets, Mixed):
            return torch.lerp(self.of(outputs, targets.others), self.of(outputs, targets.own), targets.share)
        if self._ensemble is None:
            return self._task.loss(outputs, targets)
        return self._task.loss(outputs.flatten(0, 1), torch.cat([targets] * len(outputs)))

    def joined(self, outputs: Tensor) -> Tensor:
        """(B, K) of what `trained(model)` gave."""
        return outputs if self._ensemble is None else self._ensemble.combined(outputs)
