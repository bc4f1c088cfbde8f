"""A network by name: of a family, of a size of it, or a class of the user's own."""

import importlib
import inspect
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, get_type_hints

from torch import nn

from glia.config import Plain, from_dict, parameters_of
from glia.errors import ConfigError, did_you_mean
from glia.models.samples import Column
from glia.nn.random import drawing_apart
from glia.nn.seeds import stream_seed
from glia.recipe import catalogue

MODELS: dict[str, str] = {
    "mlp": "glia.models.mlp:MLP",
    "linear": "glia.models.linear:Linear",
    "cnn": "glia.models.cnn:CNN",
    "layers": "glia.models.layers:Layers",
    "perceptron": "glia.models.perceptron:Perceptron",
    "residual-mlp": "glia.models.residual_mlp:ResidualMLP",
    "tabm": "glia.models.tabm:TabM",
    "tabular-resnet": "glia.models.tabular_resnet:TabularResNet",
    "realmlp": "glia.models.realmlp:RealMLP",
    # What networks are compared with; these have no weights to train and are fitted at once.
    "baseline": "glia.classical.baseline:Baseline",
    "random-forest": "glia.classical.random_forest:RandomForest",
    "linear-regression": "glia.classical.linear_regression:LinearRegression",
    "polynomial-regression": "glia.classical.polynomial_regression:PolynomialRegression",
    "stepwise-regression": "glia.classical.stepwise_regression:StepwiseRegression",
    "ridge": "glia.classical.ridge:Ridge",
    "lasso": "glia.classical.lasso:Lasso",
    "elastic-net": "glia.classical.elastic_net:ElasticNet",
    "decision-tree": "glia.classical.decision_tree:DecisionTree",
    "naive-bayes": "glia.classical.naive_bayes:NaiveBayes",
    "nb-tree": "glia.classical.nb_tree:NBTree",
    "nearest-neighbours": "glia.classical.nearest_neighbours:NearestNeighbours",
    "gradient-boosting": "glia.classical.gradient_boosting:GradientBoosting",
    "logistic-regression": "glia.classical.logistic_regression:LogisticRegression",
}
"""Family → where its class stands. The class takes (config, inputs=, outputs=), and `columns=` if it wants to know what
the features are; its module has `SIZES`.

A module may have a `RECIPE`, `{"train": {…}, "task": {…}}`: what suits its paper better than the general defaults.
"""

ESTIMATOR = "glia.classical.estimator:Estimator"  # around a class of one's own that has fit and predict
SMALLEST_PICTURE = 8  # pixels a side; the defaults of `cnn` halve it three times
WIDEST_TABLE = 500  # numbers of a sample that are each made a vector


@dataclass(frozen=True)
class Family:
    """What belongs to a family: the network's class, the dataclass of its options, its named sizes."""

    model: type[nn.Module]
    config: type[Any]
    sizes: Mapping[str, Plain]
    recipe: Mapping[str, Plain]  # what of [train] and [task] suits it better than the general defaults


def build(
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    inputs: tuple[int, ...],
    outputs: int,
    seed: int,
    columns: tuple[Column, ...] = (),
) -> nn.Module:
    """The network that a recipe's `[model]` names, with its first weights.

    Args:
        name: `"mlp"`, `"cnn/guide"`, or `"package.module:Class"` for a class of one's own, which is called with the
            keywords `inputs`, `outputs` and the options; an estimator of scikit-learn's kind with the options alone.
        options: what departs from the defaults, or from the size's.
        inputs: shape of one sample, such as (features,) or (channels, height, width).
        outputs: size of the last layer.
        seed: equal seeds give equal weights. torch's default generator is left as it was.
        columns: what the features are made of, for families that take it; empty: numbers, all of them.

    Raises:
        ConfigError: an unknown name, size or option, or options that do not fit the inputs.

    Example:
        >>> build("mlp", {"hidden": [3]}, inputs=(2,), outputs=1, seed=0).hidden
        Sequential(
          (0): Linear(in_features=2, out_features=3, bias=True)
          (1): ReLU()
        )
    """
    if not prod(inputs):
        raise ConfigError(f"The samples have the shape {inputs}: there is nothing to learn from. Give them features.")
    make = _own(name, options or {}) if ":" in name else _named(name, options or {})
    taken = parameters_of(make.func) if isinstance(make, partial) else inspect.signature(make).parameters
    described = {"columns": columns} if "columns" in taken else {}
    with drawing_apart(stream_seed(seed, "initialisation")):
        return make(inputs=inputs, outputs=outputs, **described)


def default_model(shape: tuple[int, ...], options: Collection[str] = ()) -> str:
    """The family for samples of this shape when none is asked for: `cnn` for pictures, `tabm` for rows of a table.

    Of networks for tables TabM is the best known (benchmarks/tabular.py); for very wide rows, and for all else, `mlp`.

    Args:
        shape: of a sample.
        options: asked for; where only `mlp` has them, it is meant.

    Example:
        >>> default_model((1, 28, 28)), default_model((13,)), default_model((5000,)), default_model((3, 4, 90))
        ('cnn', 'tabm', 'mlp', 'mlp')
        >>> default_model((13,), ["hidden"])
        'mlp'
    """
    suited = "mlp"
    if len(shape) == 1 and shape[0] <= WIDEST_TABLE:
        suited = "tabm"
    elif len(shape) == 3 and min(shape[1:]) >= SMALLEST_PICTURE:
        suited = "cnn"
    known = catalogue()["models"]
    asks_for_another = not set(options) <= set(known[suited]["options"])
    return "mlp" if asks_for_another and set(options) <= set(known["mlp"]["options"]) else suited


def family(name: str) -> Family:
    """A family by its name.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in MODELS:
        raise ConfigError(f"Unknown model '{name}'.{did_you_mean(name, MODELS)}")
    module_name, _, class_name = MODELS[name].partition(":")
    module = importlib.import_module(module_name)
    model = getattr(module, class_name)
    return Family(model, get_type_hints(model.__init__)["config"], module.SIZES, getattr(module, "RECIPE", {}))


def _named(name: str, options: Mapping[str, Any]) -> Callable[..., nn.Module]:
    family_name, _, size = name.partition("/")
    found = family(family_name)
    if size and size not in found.sizes:
        raise ConfigError(f"Model '{family_name}' has no size '{size}'.{did_you_mean(size, found.sizes)}")
    config = from_dict(found.config, {**found.sizes.get(size, {}), **options}, "model")
    return partial(found.model, config)


def _own(reference: str, options: Mapping[str, Any]) -> Callable[..., nn.Module]:
    model = _imported(reference)
    if not issubclass(model, nn.Module):
        module_name, _, class_name = ESTIMATOR.partition(":")
        around = getattr(importlib.import_module(module_name), class_name)
        return partial(around, model, options)

    def construct(*, inputs: tuple[int, ...], outputs: int) -> nn.Module:
        given = {"inputs": inputs, "outputs": outputs, **options}
        try:
            inspect.signature(model).bind(**given)
        except TypeError as error:
            call = ", ".join(f"{key}={value!r}" for key, value in given.items())
            raise ConfigError(
                f"'{reference}' cannot be called with ({call}): {error}; it takes {inspect.signature(model)}. "
                "A model takes the keywords inputs (the shape of one sample) and outputs (the size of its last layer), "
                "and each option of [model]."
            ) from None
        return model(**given)

    return construct


def _imported(reference: str) -> type[Any]:
    module_name, _, name = reference.partition(":")
    here = str(Path.cwd())
    if not {"", here} & set(sys.path):
        sys.path.append(here)  # as `python` itself does, and the `glia` command does not
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing is None or not f"{module_name}.".startswith(f"{missing}."):
            raise ConfigError(
                f"Model '{reference}': your module '{module_name}' is there, but one of its own imports fails: "
                f"{error}. Install what is missing, or correct the import."
            ) from error
        raise ConfigError(
            f"Model '{reference}': there is no module '{module_name}' installed or in {here}. "
            "Write package.module:Class, with dots and without .py."
        ) from None
    model = getattr(module, name, None)
    if inspect.isclass(model) and (issubclass(model, nn.Module) or _is_estimator(model)):
        return model
    if model is None:
        classes = [
            key
            for key, value in vars(module).items()
            if inspect.isclass(value) and (issubclass(value, nn.Module) or _is_estimator(value))
        ]
        raise ConfigError(f"Module '{module_name}' has no class '{name}'.{did_you_mean(name, classes)}")
    raise ConfigError(
        f"'{reference}' is no model: a class derived from torch.nn.Module is expected, or one with fit and predict."
    )


def _is_estimator(kind: type[Any]) -> bool:
    """Whether it is of scikit-learn's kind."""
    return callable(getattr(kind, "fit", None)) and callable(getattr(kind, "predict", None))
