"""What no learner can be made of, refused before anything is trained."""

import torch
from torch import nn

from glia.errors import ConfigError
from glia.models.samples import AtOnce
from glia.tasks import Task
from glia.tasks.losses import LOG_PROBABILITIES
from glia.training.augmentation.augmenting import Given, augmenting
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


def refuse_augmentations(given: Given, model: nn.Module, name: str, shape: tuple[int, ...]) -> None:
    """What has no batches cannot have them changed, and most changes are for pictures.

    Args:
        given: `train.augment`.
        model: to be trained.
        name: of the model, for the message.
        shape: of a sample.

    Raises:
        ConfigError: the model is no network, or an augmentation is unknown or not for such samples.
    """
    augment = augmenting(given)
    if augment is None:
        return
    if isinstance(model, AtOnce):
        raise ConfigError(
            f"Model '{name}' learns from all samples at once and has no batches that train.augment "
            f"({', '.join(augment.chosen)}) could change. Leave it out, or take a network such as 'mlp'."
        )
    augment(torch.zeros(2, *shape), torch.zeros(2), seed=0)
