"""A task whose samples count differently: to the training loop a task like any other.

Letters    N samples, K outputs of the model.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from glia.errors import DataError
from glia.tasks.task import Task


class WeightedTask:
    """A task that reads what each sample counts from its targets, which are pairs of target and weight.

    A weight of 2 is as good as the sample twice. The loss, also of validation, is the mean weighted so; all other
    metrics count every sample once.

    Args:
        task: the task itself.

    Example:
        >>> from glia.recipe import TaskRecipe
        >>> from glia.tasks import fit_task
        >>> task = fit_task(TaskRecipe(), torch.tensor([0.0, 1.0, 2.0, 3.5]).numpy())
        >>> targets = WeightedTask.joined(torch.zeros(2), torch.tensor([1.0, 3.0]))
        >>> WeightedTask(task).loss(torch.tensor([[0.0], [2.0]]), targets)
        tensor(3.)
    """

    def __init__(self, task: Task) -> None:
        self._task = task

    @staticmethod
    def joined(targets: Tensor, weights: Float[Tensor, "N"]) -> Float[Tensor, "N 2"]:
        """Targets as the task encodes them, and weights, as pairs; numbers of classes as floating numbers."""
        return torch.stack([targets.to(weights.dtype), weights], 1)

    def loss(self, outputs: Float[Tensor, "N K"], targets: Float[Tensor, "N 2"]) -> Float[Tensor, ""]:
        """The mean loss, weighted."""
        return self._task.loss(outputs, self._targets(targets), targets[:, 1].to(outputs.dtype))

    def metrics(self, outputs: Float[Tensor, "N K"], targets: Float[Tensor, "N 2"]) -> dict[str, float]:
        """The task's metrics, and the weighted loss."""
        found = dict(self._task.metrics(outputs, self._targets(targets)))
        return {**found, "loss": self.loss(outputs.double(), targets.double()).item()}

    def _targets(self, targets: Tensor) -> Tensor:
        alone = targets[:, 0]
        return alone.long() if self._task.outputs > 1 else alone


def checked_weights(given: NDArray[Any] | None, count: int) -> NDArray[np.float64] | None:
    """What each of so many samples counts; None for all the same.

    Raises:
        DataError: not one finite number above 0 for each.
    """
    if given is None:
        return None
    weights = np.asarray(given, np.float64)
    if weights.shape != (count,) or not (np.isfinite(weights) & (weights > 0)).all():
        raise DataError(
            f"The weights of {count} samples must be {count} finite numbers above 0, not of the shape {weights.shape}"
            f" from {weights.min(initial=np.inf):g} to {weights.max(initial=-np.inf):g}. Leave out samples that do not "
            "count."
        )
    return weights
