"""The losses of many networks on their batches, each by its own task.

Letters    M networks, N samples, K outputs, w weights of classes, p probabilities.
"""

import warnings
from collections.abc import Sequence
from typing import TypeGuard

import torch
from torch import Tensor
from torch.func import vmap

from glia.tasks.classification import Classification
from glia.tasks.losses import SOFTMAX_LOSSES
from glia.training.protocols import Task


class Losses:
    """The mean loss of each network.

    Log-losses of classes are computed together, whatever their smoothing and weights; of equal tasks the loss is
    mapped over the networks; other tasks give theirs one by one.

    Args:
        tasks: of each network; of one kind.
        device: where the outputs lie.
    """

    def __init__(self, tasks: Sequence[Task], device: torch.device) -> None:
        self._device, self._alike = device, True
        self._take(list(tasks))

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the networks at these places only."""
        self._take([self._tasks[place] for place in places])

    def of(self, outputs: Tensor, targets: Tensor, part: slice, *, apart: bool) -> Tensor:
        """The losses of the networks in `part`.

        Args:
            outputs: (M, N, K) of those networks.
            targets: (M, N, ...) of those networks if `apart`, else (N, ...), the same for all.
            part: which of the networks.
            apart: whether networks have samples of their own.
        """
        if self._smoothing is not None:
            weights = None if self._weights is None else self._weights[part]
            each = _of_each(targets, len(outputs), apart)
            return cross_entropies(by_class(outputs), each, self._smoothing[part], weights)
        if self._alike:
            try:
                return self._mapped(outputs, targets, apart)
            except (RuntimeError, UserWarning):
                self._alike = False  # torch cannot map it
        one_by_one = zip(self._tasks[part], outputs, _of_each(targets, len(outputs), apart), strict=True)
        return torch.stack([task.loss(its, wanted) for task, its, wanted in one_by_one])

    def with_gradient(self, outputs: Tensor, targets: Tensor, part: slice, *, apart: bool) -> tuple[Tensor, Tensor]:
        """The losses (M,), and the gradient (M, N, K) of their sum by the outputs."""
        if self._smoothing is not None and self._weights is None and not self._smooths:
            return _with_gradient(by_class(outputs), _of_each(targets, len(outputs), apart))
        outputs = outputs.detach().requires_grad_()
        with torch.enable_grad():
            losses = self.of(outputs, targets, part, apart=apart)
        [gradient] = torch.autograd.grad(losses, outputs, torch.ones_like(losses))
        return losses.detach(), gradient

    def _mapped(self, outputs: Tensor, targets: Tensor, apart: bool) -> Tensor:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*performance drop")
            losses: Tensor = vmap(self._tasks[0].loss, in_dims=(0, 0 if apart else None))(outputs, targets)
        return losses

    def _take(self, tasks: list[Task]) -> None:
        self._tasks = tasks
        self._alike = all(task is tasks[0] or task == tasks[0] for task in tasks)
        self._smoothing: Tensor | None = None
        self._weights: Tensor | None = None
        self._smooths = False
        if are_log_losses(tasks):
            self._smoothing, self._weights = smoothing_and_weights(tasks, self._device)
            self._smooths = bool(self._smoothing.any())


def are_log_losses(tasks: Sequence[Task]) -> TypeGuard[Sequence[Classification]]:
    """Whether the loss of each is the log-loss of a softmax."""
    return all(type(task) is Classification and task.loss_name in SOFTMAX_LOSSES for task in tasks)


def smoothing_and_weights(tasks: Sequence[Classification], device: torch.device) -> tuple[Tensor, Tensor | None]:
    """(M,) how far labels are smoothed, and (M, K) what an error costs in each class, None if 1 for all."""
    smoothing = torch.tensor([task.loss_options.get("label_smoothing", 0.0) for task in tasks], dtype=torch.float64)
    if not any(task.weights for task in tasks):
        return smoothing.to(device), None
    weights = torch.tensor([task.weights or (1.0,) * task.outputs for task in tasks], dtype=torch.float64)
    return smoothing.to(device), weights.to(device)


def by_class(outputs: Tensor) -> Tensor:
    """(M, N, K) → (K, M, N), as a softmax wants it: down columns it takes a fifth of the time along short rows."""
    return outputs.permute(2, 0, 1).contiguous()


def cross_entropies(outputs: Tensor, targets: Tensor, smoothing: Tensor, weights: Tensor | None) -> Tensor:
    """(M,) the mean log-loss of each network, as `torch.nn.functional.cross_entropy` defines it.

    Args:
        outputs: (K, M, N).
        targets: (M, N).
        smoothing: (M,).
        weights: (M, K); None: 1.
    """
    log_p = outputs.log_softmax(0)
    of_true = log_p.gather(0, targets[None]).squeeze(0)  # M N
    smoothed = bool(smoothing.any()) if smoothing.device.type == "cpu" else True
    if weights is None:
        losses = -of_true.mean(1)
        return _mixed(losses, -log_p.mean((0, 2)), smoothing) if smoothed else losses
    weights = weights.to(outputs.dtype)
    costs = weights.gather(1, targets)  # M N
    total = costs.sum(1)
    losses = -(of_true * costs).sum(1) / total
    even = -(log_p * weights.t()[:, :, None]).sum((0, 2)) / total / len(outputs)
    return _mixed(losses, even, smoothing) if smoothed else losses


def _with_gradient(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The mean log-loss of each network (M,), and the gradient (M, N, K): probabilities, less 1 of the true class."""
    log_p, true = outputs.log_softmax(0), targets[None]  # K M N, 1 M N
    losses = -log_p.gather(0, true).squeeze(0).mean(1)
    gradient = log_p.exp_()
    gradient.scatter_add_(0, true, gradient.new_tensor(-1.0).expand(true.shape))
    return losses, gradient.div_(targets.shape[1]).permute(1, 2, 0)


def _mixed(losses: Tensor, even: Tensor, smoothing: Tensor) -> Tensor:
    share = smoothing.to(losses.dtype)
    return (1 - share) * losses + share * even


def _of_each(targets: Tensor, networks: int, apart: bool) -> Tensor:
    return targets if apart else targets.expand(networks, *targets.shape)
