"""What no learner can be made of, refused before anything is trained."""

from torch import nn

from glia.errors import ConfigError
from glia.models.samples import AtOnce
from glia.tasks import Task
from glia.tasks.losses import LOG_PROBABILITIES
from glia.training.members import Ensemble


def refuse_other_losses(model: nn.Module, task: Task, name: str) -> None:
    """Members that vote, and models that are no networks, give log-probabilities.

    Args:
        model: to be trained.
        task: with its loss.
        name: of the model, for the message.

    Raises:
        ConfigError: the loss reads outputs otherwise.
    """
    loss = getattr(task, "loss_name", "")
    gives = isinstance(model, AtOnce | Ensemble) and task.name == "classification"
    if gives and loss not in LOG_PROBABILITIES:
        raise ConfigError(
            f"Model '{name}' gives log-probabilities, and task.loss='{loss}' reads outputs otherwise. Use one of "
            f"{', '.join(LOG_PROBABILITIES)}."
        )
