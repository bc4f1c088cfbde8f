"""The network that a recipe asks for, with its first weights."""

from torch import nn

from glia.data.preprocessing import Preprocessing
from glia.errors import ConfigError
from glia.models import build, default_model
from glia.models.averaged import Averaged
from glia.models.samples import AtOnce
from glia.recipe import ModelRecipe, Recipe
from glia.tasks import Task
from glia.training import optimizers


def with_family(recipe: Recipe, shape: tuple[int, ...]) -> Recipe:
    """The recipe with the family that suits samples of this shape, where none was asked for."""
    if recipe.model.name != "auto":
        return recipe
    name = default_model(shape, recipe.model.options)
    if name == "tabm" and optimizers.finds_its_steps(recipe.train):
        name = "mlp"  # least squares are for one network, of few weights
    return recipe.with_family(name)


def network(model: ModelRecipe, preprocessing: Preprocessing, task: Task, *, seed: int, count: int = 1) -> nn.Module:
    """The network with its first weights; where there are several, all of them, averaged.

    Args:
        model: the family and its options.
        preprocessing: of the samples that it takes.
        task: what its outputs are for.
        seed: of the first weights; of several networks each has the next.
        count: how many.

    Raises:
        ConfigError: options that do not fit the samples, or several of a model that has no first weights.
    """
    networks = [
        build(
            model.name,
            model.options,
            inputs=preprocessing.shape,
            outputs=task.outputs,
            seed=seed + number,
            columns=preprocessing.columns,
        )
        for number in range(count)
    ]
    if count == 1:
        return networks[0]
    if isinstance(networks[0], AtOnce):
        raise ConfigError(f"'{model.name}' has no first weights that others could differ from: train.members=1.")
    return Averaged(networks, classifies=task.name == "classification")
