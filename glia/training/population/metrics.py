"""The metrics of many networks: of classes all together, of other tasks one network after the other.

Letters    M networks, N samples, K outputs.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from glia.tasks.classification import Classification
from glia.training.population.losses import are_log_losses, by_class, cross_entropies, smoothing_and_weights
from glia.training.protocols import Task

Metrics = Mapping[str, float]


def metrics_of(tasks: Sequence[Task], outputs: Tensor, targets: Tensor) -> list[Metrics | Exception]:
    """What `task.metrics` gives for each network, or raises.

    Args:
        tasks: of each network.
        outputs: (M, N, K).
        targets: (M, N, ...).
    """
    if are_log_losses(tasks) and all(task.outputs == tasks[0].outputs for task in tasks):
        return list(_of_classes(tasks, outputs.detach(), targets))
    found: list[Metrics | Exception] = []
    for task, its, wanted in zip(tasks, outputs, targets, strict=True):
        try:
            found.append(task.metrics(its, wanted))
        except Exception as error:  # the other networks go on
            found.append(error)
    return found


def _of_classes(tasks: Sequence[Classification], outputs: Tensor, targets: Tensor) -> list[Metrics]:
    """As `Classification.metrics`, in double precision on the CPU."""
    columns, targets = by_class(outputs.cpu().double()), targets.cpu()  # K M N
    smoothing, weights = smoothing_and_weights(tasks, columns.device)
    plain = cross_entropies(columns, targets, torch.zeros_like(smoothing), None)
    is_plain = weights is None and not smoothing.any()
    losses = plain if is_plain else cross_entropies(columns, targets, smoothing, weights)
    predicted = columns.max(0).indices  # M N; `argmax` takes five times as long down columns
    measures: dict[str, Callable[[], Tensor]] = {
        "loss": lambda: losses,
        "accuracy": lambda: (predicted == targets).double().mean(1),
        "macro-f1": lambda: _macro_f1(predicted, targets, tasks[0].outputs),
        "log-loss": lambda: plain,
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
