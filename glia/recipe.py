"""What to train: data, model, training, task, as one frozen value.

A recipe is read from TOML, from Python or from `--set KEY=VALUE`, checked as a whole before anything is loaded, and
stored complete with the run, so that a default changed later changes no recorded run.
"""

import json
import tomllib
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, fields, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import Field

from glia import config
from glia.config import Plain
from glia.errors import ConfigError, did_you_mean

Auto = Literal["auto"]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Choice = str | dict[str, Any]
"""A name, or a table of a name and its options: `"sgd"`, `{ name = "sgd", nesterov = true }`."""
SUM_OFF = 0.001  # by which shares may miss 1, for they are written with few digits


@dataclass(frozen=True, kw_only=True)
class Split:
    """Shares of the samples, and the column whose equal values must stay on one side."""

    train: Share = 0.8
    validation: Share = 0.1
    test: Share = 0.1
    by: str = ""  # a column: a patient, a speaker; empty: what DESIGN's precedence finds

    def __post_init__(self) -> None:
        total = self.train + self.validation + self.test
        if abs(total - 1) >= SUM_OFF or self.train == 0:
            raise ConfigError(
                f"data.split: train={self.train}, validation={self.validation} and test={self.test} sum to {total:g}. "
                "The shares must sum to 1 and leave something to train on; those left out make up the rest."
            )


@dataclass(frozen=True, kw_only=True)
class DataRecipe:
    """Which samples, and how they are divided."""

    name: str = ""  # catalogue name, path, or dataset@version; empty: given as an object in Python
    split: Split = field(default_factory=Split)
    seed: int = 1337  # of the split; never moved by --seed
    without: tuple[str, ...] = ()  # columns that are no features
    skip_bad: bool = False  # leave out pictures that cannot be read
    stream: bool | Auto = "auto"  # leave a Parquet table on disk, and go through it in pieces; auto: a large one


@dataclass(frozen=True, kw_only=True)
class ModelRecipe:
    """An architecture by name, perhaps a size of it, and its options (all of them, once resolved)."""

    name: str = "auto"  # family, "module:Class", "object" (built in Python), or "auto"
    size: str = ""
    options: Plain = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrainRecipe:
    """How the weights are found."""

    epochs: Positive | Auto = "auto"  # "auto": until early stopping
    batch_size: Positive | Literal["all"] = 32  # 1: after every sample; "all": once an epoch
    optimizer: Choice = "adam"
    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] | Auto = "auto"  # what suits the optimizer
    momentum: Share = 0.0
    weight_decay: NotNegative | Auto = "auto"  # the optimizer's own; auto: 0.01 for adamw, else 0
    l1: NotNegative = 0.0  # times the sum of absolute weights, added to the loss
    l2: NotNegative = 0.0  # times the sum of squared weights, added to the loss
    performance_ratio: Share = 0.0  # γ: (1 - γ) loss + γ mean squared weight
    max_norm: NotNegative = 0.0  # greatest norm of the weights into a unit; 0: off
    penalised: Literal["weights", "all"] = "weights"  # what the four above reach; "all": biases and norms, too
    schedule: Choice = "auto"  # "auto": cosine to zero when epochs are given
    warmup: NotNegative = 0.0  # epochs in which the rate rises from 0
    seed: int = 0
    members: Positive = 1  # networks from other first weights: of the seeds seed, seed + 1, …
    members_keep: Literal["average", "best"] = "average"  # what they say together, or the one with the least loss
    keep: Literal["best", "last"] = "best"  # epoch by validation loss that `predict` uses
    refit: bool | Auto = "auto"  # train again on the samples for validation, too; auto: of few, if the family says so
    early_stopping: Annotated[int, Field(ge=0)] | Choice = (
        "auto"  # patience in epochs; 0: off; auto: off if epochs given
    )
    gradient_clip: NotNegative = 0.0  # greatest norm of all gradients together; 0: off
    augment: Choice | tuple[Choice, ...] = "none"  # how batches are changed at random, while training only
    device: str = "auto"
    compile: bool = False
    precision: Literal["auto", "double"] = "auto"  # "auto": float32, with bfloat16 on GPUs that have it
    log_every: Positive = 10  # steps
    checkpoint_seconds: NotNegative = 60.0

    def __post_init__(self) -> None:
        # One meaning, one writing: "flip,shift" is ("flip", "shift"), and what changes nothing is "none".
        names = self.augment
        if isinstance(names, str):
            names = tuple(name.strip() for name in names.split(","))
        names = (names,) if isinstance(names, dict) else names
        object.__setattr__(self, "augment", "none" if names in ((), ("",), ("none",)) else names)


@dataclass(frozen=True, kw_only=True)
class TaskRecipe:
    """What is learned. Every field may be left to be found from the target column."""

    name: str = "auto"
    target: str = ""
    loss: Choice = "auto"
    metrics: tuple[str, ...] = ()  # empty: all of the task's
    class_weight: Literal["none", "balanced"] | dict[str, float] = "none"
    accept: Annotated[float, Field(gt=0, le=1)] = 1.0  # share of known samples; the others are none of the classes


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the outcome of a training run, the machine apart."""

    data: DataRecipe = field(default_factory=DataRecipe)
    model: ModelRecipe = field(default_factory=ModelRecipe)
    train: TrainRecipe = field(default_factory=TrainRecipe)
    task: TaskRecipe = field(default_factory=TaskRecipe)
    # While the model is "auto": the keys somebody set, which no family's defaults replace. In no file.
    asked: frozenset[str] = field(default=frozenset(), compare=False, repr=False)

    def params(self) -> Plain:
        """The flattened recipe, `{"model.name": "cnn", "train.epochs": 3, …}`: what tables and queries show."""
        return config.flatten(to_dict(self))

    def toml(self) -> str:
        """The recipe as TOML, every default written out."""
        return config.to_toml(to_dict(self))

    def with_settings(self, settings: Mapping[str, Any]) -> "Recipe":
        """A copy with dotted keys set, as `--set` does. A new model name or size drops the options of the old one."""
        nested = to_dict(self)
        settings = {_snake(key): value for key, value in settings.items()}
        for key, text in (("model.name", self.model.name), ("model.size", self.model.size)):
            if settings.get(key, text) != text:
                nested["model"] = {"name": self.model.name}
                nested = _without_defaults(nested, but=self.asked)  # so that those of the new family take their place
        shares = {key.removeprefix(OF_SPLIT): value for key, value in settings.items() if key.startswith(OF_SPLIT)}
        nested["data"]["split"] |= _other_shares(shares, self.data.split)
        found = from_dict(config.merge(nested, settings))
        return replace(found, asked=self.asked | set(settings)) if found.model.name == "auto" else found

    def with_family(self, name: str) -> "Recipe":
        """A copy whose model is no longer "auto" but this family, with what suits it wherever nothing was asked for."""
        nested = to_dict(self)
        nested["model"] = {**nested["model"], "name": name}
        return from_dict(_without_defaults(nested, but=self.asked))


OF_OPTIMIZERS = ("learning_rate", "weight_decay", "momentum")
SECTIONS = ["data", "model", "train", "task"]
SHARES, OF_SPLIT = ("train", "validation", "test"), "data.split."


def from_dict(given: Mapping[str, Any]) -> Recipe:
    """A recipe from nested plain values; in `[model]` the family's options stand beside `name` and `size`.

    Keys may be written with `-` or `_`. What is left out has the default that suits the family, or the general one.

    Raises:
        ConfigError: unknown section, key, model, size or option, or a value of the wrong type.
    """
    known = SECTIONS
    for section, values in given.items():
        if section not in known:
            raise ConfigError(f"Unknown section '{section}' in the recipe.{_section_of(section, known)}")
        if not isinstance(values, Mapping):
            raise ConfigError(f"'{section}' is a section of the recipe, not a value: write [{section}] above its keys.")
    model = _model(given.get("model", {}))
    asked = (f"{section}.{key}" for section, values in given.items() for key in values if model.name == "auto")
    suited = catalogue()["models"].get(model.name, {}).get("recipe", {})
    return Recipe(
        data=config.from_dict(DataRecipe, _with_all_shares(given.get("data", {})), "data"),
        model=model,
        train=config.from_dict(TrainRecipe, _laid_over(_beneath(suited, given), given.get("train", {})), "train"),
        task=config.from_dict(TaskRecipe, _laid_over(suited.get("task", {}), given.get("task", {})), "task"),
        asked=frozenset(map(_snake, asked)),
    )


def read(path: str | Path, settings: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe in a TOML file, with settings laid over it."""
    return from_dict(config.read_toml(path)).with_settings(settings or {})


def from_toml(text: str) -> Recipe:
    """The recipe in TOML text, as a run keeps it."""
    return from_dict(tomllib.loads(text))


def to_dict(recipe: Recipe) -> Plain:
    """Nested plain values; the inverse of `from_dict`."""
    nested = {section: config.to_dict(getattr(recipe, section)) for section in SECTIONS}
    nested["model"] = {"name": recipe.model.name, "size": recipe.model.size, **nested["model"]["options"]}
    return nested


@cache
def catalogue() -> Plain:
    """Families, sizes, options and defaults, read without torch. Built by `make fix`; a test compares."""
    return dict(json.loads(resources.files("glia").joinpath("catalogue.json").read_text(encoding="utf-8")))


def _beneath(suited: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """What suits a family in training; of another optimizer than its own nothing is known."""
    train: Mapping[str, Any] = suited.get("train", {})
    own, asked = (_name(section.get("optimizer")) for section in (train, given.get("train", {})))
    if asked in (None, own):
        return train
    return {key: value for key, value in train.items() if key not in OF_OPTIMIZERS}


def _with_all_shares(data: Mapping[str, Any]) -> Mapping[str, Any]:
    split = data.get("split")
    return {**data, "split": {**split, **_other_shares(split, Split())}} if isinstance(split, Mapping) else data


def _other_shares(given: Mapping[str, Any], below: Split) -> Plain:
    """The shares that are not given: what is left, divided as it was before. None where that cannot be."""
    known = [given[name] for name in SHARES if name in given]
    others = {name: float(getattr(below, name)) for name in SHARES if name not in given}
    if not known or not sum(others.values()) or not all(type(share) in (int, float) for share in known):
        return {}
    left = 1 - sum(known)
    if left < -SUM_OFF:
        return {}
    return {name: round(share * max(0.0, left) / sum(others.values()), 12) for name, share in others.items()}


def _name(choice: object) -> object:
    return choice.get("name") if isinstance(choice, Mapping) else choice


def _laid_over(below: Mapping[str, Any], given: Mapping[str, Any]) -> Plain:
    """What is given, and beneath it what suits the family."""
    names = {key.replace("-", "_") for key in given}
    return {**{key: value for key, value in below.items() if key not in names}, **given}


def _without_defaults(nested: Plain, but: Set[str] = frozenset()) -> Plain:
    """Training and task without the fields that have their general default; `but` those of these keys."""
    general = {"train": config.to_dict(TrainRecipe()), "task": config.to_dict(TaskRecipe())}
    return {
        section: {
            key: value
            for key, value in values.items()
            if section not in general or general[section][key] != value or f"{section}.{key}" in but
        }
        for section, values in nested.items()
    }


def _snake(key: str) -> str:
    # Labels may stand below a field, as in task.class_weight.non-fiction: they are left as they are.
    section, dot, rest = key.partition(".")
    field_name, *below = rest.split(".")
    return ".".join([section + dot + field_name.replace("-", "_"), *below])


def _section_of(name: str, sections: list[str]) -> str:
    for section, kind in ((name, get_type_hints(Recipe)[name]) for name in SECTIONS):
        if name.replace("-", "_") in (inner.name for inner in fields(kind)):
            return f" Did you mean '{section}.{name}'?"
    return did_you_mean(name, sections)


def _model(given: Mapping[str, Any]) -> ModelRecipe:
    options = {key.replace("-", "_"): value for key, value in given.items() if key not in ("name", "size")}
    name, _, size = str(given.get("name", "auto")).partition("/")
    size = str(given.get("size", "")) or size
    if ":" in name or name in ("auto", "object"):
        return ModelRecipe(name=name, size=size, options=options)
    name = name.replace("_", "-")
    families = catalogue()["models"]
    if name not in families:
        raise ConfigError(f"Unknown model '{name}'.{did_you_mean(name, families)}")
    family = families[name]
    if size and size not in family["sizes"]:
        raise ConfigError(f"Model '{name}' has no size '{size}'.{did_you_mean(size, family['sizes'])}")
    for key in options:
        if key not in family["options"]:
            raise ConfigError(f"Unknown setting 'model.{key}' of '{name}'.{did_you_mean(key, family['options'])}")
    defaults = {key: option["default"] for key, option in family["options"].items()}
    return ModelRecipe(name=name, size=size, options={**defaults, **family["sizes"].get(size, {}), **options})
