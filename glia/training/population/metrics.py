"""The metrics of many networks: of classes all together, of other tasks one network after the other.

Letters    M networks, N samples, K outputs.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import torch
from torch import Tensor

from glia.tasks.classification import Classification
from glia.training.population.losses import are_log_losses, by_class, cross_entropies, smoothing_and_weights
from glia.training.protocols import Task

Metrics = Mapping[str, float]


def metrics_of(
    tasks: Sequence[Task], outputs: Tensor, targets: Tensor, losses: Sequence[float] | None = None
) -> list[Metrics | Exception]:
    """What `task.metrics` gives for each network, or raises.

    Args:
        tasks: of each network.
        outputs: (M, N, K).
        targets: (M, N, ...).
        losses: of each network, where they are known.
    """
    if are_log_losses(tasks) and all(task.outputs == tasks[0].outputs for task in tasks):
        return list(_of_classes(tasks, outputs.detach(), targets, losses))
    found: list[Metrics | Exception] = []
    for task, its, wanted in zip(tasks, outputs, targets, strict=True):
        try:
            found.append(task.metrics(its, wanted))
        except Exception as error:  # the other networks go on
            found.append(error)
    return found


def _of_classes(
    tasks: Sequence[Classification], outputs: Tensor, targets: Tensor, known: Sequence[float] | None
) -> list[Metrics]:
    """As `Classification.metrics`, in double precision on the CPU."""
    columns, targets = by_class(outputs.cpu()), targets.cpu()  # K M N
    predicted = columns.max(0).indices  # M N; `argmax` takes five times as long down columns
    smoothing, weights = smoothing_and_weights(tasks, columns.device)
    is_plain = weights is None and not smoothing.any()

    @cache
    def plain() -> Tensor:
        if is_plain and known is not None:
            return torch.tensor(known, dtype=torch.float64)
        return cross_entropies(columns.double(), targets, torch.zeros_like(smoothing), None)

    def losses() -> Tensor:
        return plain() if is_plain else cross_entropies(columns.double(), targets, smoothing, weights)

    measures: dict[str, Callable[[], Tensor]] = {
        "loss": losses,
        "accuracy": lambda: (predicted == targets).double().mean(1),
        "macro-f1": lambda: _macro_f1(predicted, targets, tasks[0].outputs),
        "log-loss": plain,
    }
    shown = {name for task in tasks for name in task.shown}
    values = {name: measure().tolist() for name, measure in measures.items() if name in shown}
    return [{name: values[name][place] for name in task.shown} for place, task in enumerate(tasks)]


def _macro_f1(predicted: Tensor, targets: Tensor, classes: int) -> Tensor:
    """(M,) as `glia.tasks.classification.macro_f1`."""
    networks = len(predicted)
    first = classes * torch.arange(networks)[:, None]
    of_true, of_predicted = (targets + first).flatten(), (predicted + first).flatten()
    right = torch.bincount(of_true, (predicted == targets).double().flatten(), minlength=networks * classes)
    sizes = torch.bincount(of_true, minlength=networks * classes)
    sizes = (sizes + torch.bincount(of_predicted, minlength=networks * classes)).double()
    f1 = torch.where(sizes > 0, 2 * right / sizes.clamp(min=1), 0.0).view(networks, classes)
    there = (sizes > 0).view(networks, classes).sum(1)
    return f1.sum(1) / there
