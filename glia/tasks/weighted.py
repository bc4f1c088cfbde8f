"""A task whose samples count differently: to the training loop a task like any other.

Letters    N samples, K outputs of the model.
"""

import torch
from jaxtyping import Float
from torch import Tensor

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
