"""Optimizers by name, and which weights their penalties reach."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from glia.config import check_options, name_and_options, parameters_of
from glia.errors import ConfigError
from glia.recipe import TrainRecipe
from glia.training.levenberg_marquardt import BayesianRegularisation, LevenbergMarquardt, refuse_many

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "adadelta": torch.optim.Adadelta,
    "adamax": torch.optim.Adamax,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "averaged-sgd": torch.optim.ASGD,  # Polyak & Juditsky, 1992
    "lbfgs": torch.optim.LBFGS,  # Liu & Nocedal, 1989
    LevenbergMarquardt.name: LevenbergMarquardt,
    BayesianRegularisation.name: BayesianRegularisation,
}
LEARNING_RATES = {"sgd": 0.01, "averaged-sgd": 0.01, "adagrad": 0.01, "adadelta": 1.0, "lbfgs": 1.0} | {
    LevenbergMarquardt.name: 1.0,
    BayesianRegularisation.name: 1.0,
}
"""Where `train.learning_rate` is left open; 0.001 for all others. Those that the papers use, and Keras."""

WEIGHT_DECAYS = {"adamw": 0.01}
"""Where `train.weight_decay` is left open; 0 for all others."""

# What least squares need, and what would fight them: a field, and its one value.
_LEAST_SQUARES: dict[str, Any] = {
    "batch_size": "all",
    "momentum": 0.0,
    "weight_decay": 0.0,
    "l1": 0.0,
    "l2": 0.0,
    "performance_ratio": 0.0,
    "max_norm": 0.0,
    "gradient_clip": 0.0,
    "warmup": 0.0,
    "compile": False,
    "augment": "none",
}

MOST_WEIGHTS = 4_000  # of least squares: their matrix then has 128 MB

# Set by other fields of the recipe, or of no use in it.
_NOT_OPTIONS = {
    "params",
    "lr",
    "weight_decay",
    "momentum",
    "foreach",
    "maximize",
    "capturable",
    "differentiable",
    "fused",
}
_OUR_DEFAULTS: dict[str, dict[str, Any]] = {
    "averaged-sgd": {"t0": 0.0},  # torch begins to average after a million steps
    "lbfgs": {"line_search_fn": "strong_wolfe"},
}


def build(model: nn.Module, settings: TrainRecipe) -> Optimizer:
    """The optimizer that `train.optimizer` names, fused into one kernel a step where torch has one.

    Weight decay reaches weights of layers, and biases, norms and other vectors only if `train.penalised` is "all".

    Raises:
        ConfigError: an unknown name or option, `momentum` for an optimizer that has none, or no weights.
    """
    name, options = name_and_options("optimizer", settings.optimizer, OPTIMIZERS)
    kind = OPTIMIZERS[name]
    if finds_its_steps(settings):
        _refuse_beside_least_squares(name, settings)
    accepted = parameters_of(kind)
    check_options("optimizer", name, options, [each for each in accepted if each not in _NOT_OPTIONS])
    options = {**_OUR_DEFAULTS.get(name, {}), **_lists_as_tuples(options)}
    if "lr" in accepted:
        options["lr"] = learning_rate(settings)
    for field, value in (("momentum", settings.momentum), ("weight_decay", weight_decay(settings))):
        if value:
            _refuse_foreign(name, field, value)
        if field in accepted:
            options[field] = value
    parameters = list(model.parameters())
    if not parameters:
        raise ConfigError("The network has no weights to train.")
    if finds_its_steps(settings):
        refuse_many([each for each in parameters if each.requires_grad], MOST_WEIGHTS)
    if "fused" in accepted and all(p.is_floating_point() and p.device.type in ("cpu", "cuda") for p in parameters):
        options["fused"] = True
    groups = _groups(parameters, settings)
    _spare_the_compiler()
    try:
        return kind(groups if len(groups) > 1 else parameters, **options)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ConfigError(f"Optimizer '{name}': {error}.") from None


def _spare_the_compiler() -> None:
    """Torch says of some methods that they are not to be compiled, and imports its compiler for that: a second."""
    for method in (Optimizer.add_param_group, Optimizer.state_dict, Optimizer.load_state_dict):
        plain = getattr(method, "__wrapped__", None)
        if plain is not None and not hasattr(plain, "__dynamo_disable"):
            setattr(plain, "__dynamo_disable", plain)  # where torch keeps the method that is not compiled


def learning_rate(settings: TrainRecipe) -> float:
    """What `train.learning_rate` says, or what suits the optimizer."""
    if settings.learning_rate != "auto":
        return settings.learning_rate
    return LEARNING_RATES.get(name_and_options("optimizer", settings.optimizer, OPTIMIZERS)[0], 1e-3)


def weight_decay(settings: TrainRecipe) -> float:
    """What `train.weight_decay` says, or what belongs to the optimizer."""
    if settings.weight_decay != "auto":
        return settings.weight_decay
    return WEIGHT_DECAYS.get(name_and_options("optimizer", settings.optimizer, OPTIMIZERS)[0], 0.0)


def finds_its_steps(settings: TrainRecipe) -> bool:
    """Whether the optimizer asks for residuals, and finds the length of its steps itself."""
    name, _ = name_and_options("optimizer", settings.optimizer, OPTIMIZERS)
    return issubclass(OPTIMIZERS[name], LevenbergMarquardt)


def needs_no_validation(settings: TrainRecipe) -> bool:
    """Whether the optimizer itself keeps the network from fitting noise, so that it ends when it has converged."""
    return name_and_options("optimizer", settings.optimizer, OPTIMIZERS)[0] == BayesianRegularisation.name


def found(optimizer: Optimizer) -> dict[str, float]:
    """What an optimizer has found beside the weights, as metrics of the training phase."""
    metrics = optimizer.metrics() if isinstance(optimizer, LevenbergMarquardt) else {}
    return {f"train/{name}": value for name, value in metrics.items()}


def penalised(model: nn.Module, settings: TrainRecipe) -> list[nn.Parameter]:
    """The parameters that weight decay and the other penalties reach: matrices and kernels, or all."""
    return [each for each in model.parameters() if settings.penalised == "all" or each.dim() > 1]


def remarks(settings: TrainRecipe, steps_per_epoch: int) -> Iterator[str]:
    """What is allowed, and worth knowing."""
    name, _ = name_and_options("optimizer", settings.optimizer, OPTIMIZERS)
    if name == "lbfgs" and steps_per_epoch > 1:
        yield (
            f"L-BFGS compares gradients from step to step, and in {steps_per_epoch} mini-batches an epoch each is of "
            "another loss, which misleads it. Use train.batch_size='all'."
        )
    if name == "lbfgs" and settings.l1:
        yield (
            f"L-BFGS follows slopes, and the penalty train.l1={settings.l1:g} has no slope at 0, where it brings "
            "weights to: it may end early. Use train.optimizer='adam' with train.schedule='cosine'."
        )


@contextmanager
def averages_in_use(optimizer: Optimizer) -> Iterator[None]:
    """While inside, the weights are the averages that averaged SGD is named after; other optimizers keep none."""
    averages = [
        (weight, state["ax"])
        for weight, state in optimizer.state.items()
        if isinstance(optimizer, torch.optim.ASGD) and "ax" in state
    ]
    latest = [weight.detach().clone() for weight, _ in averages]
    with torch.no_grad():
        for weight, average in averages:
            weight.copy_(average)
    try:
        yield
    finally:
        with torch.no_grad():
            for (weight, _), before in zip(averages, latest, strict=True):
                weight.copy_(before)


def _groups(parameters: Iterable[nn.Parameter], settings: TrainRecipe) -> list[dict[str, Any]]:
    reached: list[nn.Parameter] = []
    spared: list[nn.Parameter] = []
    decay = weight_decay(settings)
    for each in parameters:
        (reached if each.dim() > 1 or settings.penalised == "all" or not decay else spared).append(each)
    return [{"params": reached}, *([{"params": spared, "weight_decay": 0.0}] if spared else [])]


def _refuse_beside_least_squares(name: str, settings: TrainRecipe) -> None:
    needed = dict(_LEAST_SQUARES)
    if name == BayesianRegularisation.name:
        # By validation loss, or by training loss where there is no validation part, an epoch before the evidence had
        # its say would be kept.
        needed["keep"] = "last"
    wrong = [field for field, value in needed.items() if getattr(settings, field) not in (value, "auto")]
    if settings.learning_rate not in ("auto", LEARNING_RATES[name]):
        wrong, needed["learning_rate"] = [*wrong, "learning_rate"], "auto"
    if settings.schedule not in ("auto", "constant"):
        wrong, needed["schedule"] = [*wrong, "schedule"], "auto"
    if wrong:
        given = ", ".join(f"train.{field}={getattr(settings, field)!r}" for field in wrong)
        use = ", ".join(f"train.{field}={needed[field]!r}" for field in wrong)
        raise ConfigError(
            f"Optimizer '{name}' takes all samples in one step and finds the length of its steps and what it adds to "
            f"the error itself; {given} would stand against it. Use {use}."
        )


def _refuse_foreign(name: str, field: str, value: float) -> None:
    having = [key for key, other in OPTIMIZERS.items() if field in parameters_of(other)]
    if name not in having:
        other = " Use train.l2 instead." if field == "weight_decay" else ""
        raise ConfigError(
            f"train.{field}={value:g} does not fit optimizer '{name}', which has no {field.replace('_', ' ')} of its "
            f"own to set. Use {field}=0, or one of {', '.join(having)}.{other}"
        )


def _lists_as_tuples(options: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
