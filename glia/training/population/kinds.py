"""Which networks can be one stack: those of equal kind.

Within a kind may differ what a step takes as one number a network: learning rate, momentum, weight decay, penalties,
clipping, shares of dropout, label smoothing, seeds, rows, schedules, epochs, rules of early stopping. Of networks that
are dense layers in a row also the widths and the functions between the layers. Everything else must agree: what is
computed, in which precision, by which optimizer, in how many batches of which size; the last may differ.
"""

from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any
from weakref import ref

import torch
from torch import Tensor, nn

from glia.config import name_and_options
from glia.errors import ConfigError
from glia.models.samples import AtOnce
from glia.recipe import TrainRecipe
from glia.tasks.classification import Classification
from glia.tasks.losses import SOFTMAX_LOSSES
from glia.training.augmentation.augmenting import augmenting
from glia.training.epochs import Epochs
from glia.training.members import Ensemble
from glia.training.optimizers import OPTIMIZERS, build
from glia.training.population.individuals import Individual
from glia.training.population.masks import DROPOUTS
from glia.training.population.rows import row_of
from glia.training.population.samples import batch_sizes
from glia.training.population.updates import UPDATES
from glia.training.protocols import Task
from glia.training.schedules import schedule

_OF_EVERY_MODULE = frozenset(vars(nn.Module()))
_HOOKS = tuple(name for name in _OF_EVERY_MODULE if name.endswith("_hooks") and "state_dict" not in name)
_ONLY_FOR_BUILDING = {"dropout", "spatial_dropout", "initialisation", "seed"}
"""What Glia's own networks remember of how they were made; what they compute, their layers say."""


def kind(individual: Individual) -> Hashable:
    """Equal for networks that can be one stack."""
    settings = individual.settings
    if why_alone(individual):
        return "alone", id(individual)
    state = individual.state
    return (
        structure(individual.model) if _divides_by_more_than_zero(individual) else structure_of_any(individual.model),
        tuple((parameter.device, parameter.dtype) for parameter in individual.model.parameters()),
        (individual.batch_size, len(batch_sizes(len(individual.train), individual.batch_size))),
        (settings.log_every, settings.penalised),
        _plain(settings.optimizer),
        _task_kind(individual.task),
        (state.epoch, state.step) if state is not None else (0, 0),
    )


def why_alone(individual: Individual) -> str:
    """Why a network can be trained only by itself; empty if it can be in a stack."""
    model, settings = individual.model, individual.settings
    if isinstance(model, AtOnce):
        return "it learns from all samples at once"
    if isinstance(model, Ensemble):
        return "it is many networks in one already"
    if settings.compile:
        return "train.compile makes a program of its own of it"
    if any(getattr(module, hooks) for module in model.modules() for hooks in _HOOKS):
        return "there are hooks in it"
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return "it has no weights to train"
    return _why_settings_alone(individual) or _why_optimizer_alone(settings) or _why_position_alone(individual)


def structure(model: nn.Module) -> Hashable:
    """What a network computes, as far as networks of one stack must agree in it."""
    row = row_of(model)
    if row is None:
        return structure_of_any(model)
    numbers = {id(parameter): number for number, parameter in enumerate(model.parameters())}
    dense = tuple((numbers[id(layer.weight)], numbers.get(id(layer.bias))) for layer in row.dense)
    trained = tuple(parameter.requires_grad for parameter in model.parameters())
    return row.flattens, row.dense[0].in_features, dense, row.dense[-1].out_features, trained


def functions(model: nn.Module) -> Hashable:
    """Those between the layers of a network that is dense layers in a row, by their places; None of any other."""
    row = row_of(model)
    return None if row is None else tuple((place, described(each)) for place, each in row.functions.items())


def structure_of_any(model: nn.Module) -> Hashable:
    """What a network computes, its weights and shares of dropout apart."""
    shapes = tuple((tuple(each.shape), each.requires_grad) for each in model.parameters())
    modules = tuple((name, described(module)) for name, module in model.named_modules(remove_duplicate=False))
    tensors = [*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False)]
    places: dict[int, int] = {}
    tied = tuple((name, places.setdefault(id(each), len(places))) for name, each in tensors)
    return modules, tied, shapes, tuple((tuple(each.shape), each.dtype) for each in model.buffers())


def described(module: nn.Module) -> Hashable:
    """A module by itself: its class and whatever it was given, but for weights and modules in it."""
    left_out = {"p"} if isinstance(module, DROPOUTS) else _ONLY_FOR_BUILDING if _is_ours(module) else set()
    own = tuple(
        (name, _plain(value))
        for name, value in sorted(vars(module).items())
        if name not in _OF_EVERY_MODULE and name not in left_out
    )
    return type(module), own


def _divides_by_more_than_zero(individual: Individual) -> bool:
    """Whether weights that are always 0, as those of units that a network lacks, stay so: 0 / (0 + ε)."""
    _, options = name_and_options("optimizer", individual.settings.optimizer, OPTIMIZERS)
    least = min(torch.finfo(each.dtype).tiny for each in individual.model.parameters())
    return bool(options.get("eps", 1.0) > least)


def _why_settings_alone(individual: Individual) -> str:
    try:
        build(individual.model, individual.settings)
        Epochs(individual.settings, 1)
        schedule(individual.settings, 1, 1)
        augmented = augmenting(individual.settings.augment) is not None
    except ConfigError:
        return "its settings are refused"  # by the loop, in full
    return "train.augment changes its batches, which a stack shares" if augmented else ""


def _why_optimizer_alone(settings: TrainRecipe) -> str:
    name, options = name_and_options("optimizer", settings.optimizer, OPTIMIZERS)
    if name not in UPDATES:
        return f"optimizer '{name}' takes steps for one network only"
    if options.get("amsgrad"):
        return "amsgrad takes steps for one network only"
    return ""


def _why_position_alone(individual: Individual) -> str:
    state, settings = individual.state, individual.settings
    if state is not None and state.running:
        return "it goes on in the middle of an epoch"
    if settings.max_norm and settings.penalised == "all" and any(p.dim() < 2 for p in individual.model.parameters()):
        return "train.max_norm is for weights into units"
    return ""


def _is_ours(value: object) -> bool:
    return type(value).__module__.startswith("glia.")


def _task_kind(task: Task) -> Hashable:
    if not isinstance(task, Classification):
        return type(task)
    if task.loss_name in SOFTMAX_LOSSES:
        return Classification, task.outputs, bool(task.weights)
    return Classification, task.outputs, task.loss_name


def _plain(value: Any) -> Hashable:
    """A value that is equal for equal values; of what cannot be told, for the same object only."""
    if value is None or isinstance(value, bool | int | float | str | bytes | torch.dtype | torch.device | type):
        return type(value), value
    if isinstance(value, list | tuple):
        return type(value), tuple(map(_plain, value))
    if isinstance(value, Mapping):
        return tuple((_plain(key), _plain(each)) for key, each in value.items())
    if is_dataclass(value):
        left_out = _ONLY_FOR_BUILDING if _is_ours(value) else set()
        shown = [field.name for field in fields(value) if field.name not in left_out]
        return type(value), tuple((name, _plain(getattr(value, name))) for name in shown)
    if isinstance(value, ref):
        return ref, _plain(value())
    if isinstance(value, nn.Parameter):
        return nn.Parameter  # what recurrent layers list beside their parameters
    if isinstance(value, Tensor) or not callable(value):
        return "object", id(value)
    return value if isinstance(value, Hashable) else id(value)
