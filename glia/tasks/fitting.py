"""The task that a target column asks for."""

import importlib
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from glia import config
from glia.errors import ConfigError, DataError, did_you_mean
from glia.recipe import TaskRecipe
from glia.tasks.task import Task
from glia.tasks.values import MOST_EXACT, are_whole, is_text, numbers, plain

TASKS: dict[str, str] = {
    "classification": "glia.tasks.classification:Classification",
    "regression": "glia.tasks.regression:Regression",
}
"""Name → where its class stands. It has `fit(recipe, values, target, weights)`, and its fields are plain values."""

MOST_CLASSES = 20
SAMPLES_PER_CLASS = 5
FEW_SAMPLES = 5  # that are equal say nothing of the target yet


def fit_task(recipe: TaskRecipe, values: NDArray[Any], *, name: str = "", weights: NDArray[Any] | None = None) -> Task:
    """The task for a target, fitted to the values to train on.

    Where the recipe leaves it open, text and booleans are classes, and so are whole numbers if there are only two
    different ones, or at most 20 that come five times each on average. All other numbers are a quantity: regression.

    Args:
        recipe: the recipe's `[task]`.
        values: (N,) the target of the training samples, as the user has it.
        name: the column, for messages and pictures; empty: the recipe's `target`.
        weights: (N,) what each sample counts; None: 1.

    Raises:
        DataError: nothing to learn (one value only), or values that are not finite.
        ConfigError: an unknown task, loss or metric.
    """
    target = name or recipe.target or "target"
    learned = plain(values, target)
    if not len(learned):
        raise DataError(f"Column '{target}' has no values to train on. Give more samples, or a larger train share.")
    if learned.dtype.kind == "f":
        learned = numbers(learned, target)
    if np.all(learned == learned[0]):
        raise DataError(_one_value(learned, target))
    kind = _class(_choose(learned) if recipe.name == "auto" else recipe.name)
    task: Task = kind.fit(recipe, learned, target, weights)
    return task


def task_from_dict(given: Mapping[str, Any]) -> Task:
    """The task that `to_dict` described.

    Raises:
        ConfigError: an unknown task, or values that are not a task's.
    """
    fields = dict(given)
    return cast(Task, config.from_dict(_class(str(fields.pop("name", ""))), fields, "task"))


def _one_value(learned: NDArray[Any], target: str) -> str:
    only, rows = learned.tolist()[0], len(learned)
    if rows < FEW_SAMPLES:
        count = "1 training row is" if rows == 1 else f"{rows} training rows, all {only!r}, are"
        return (
            f"Column '{target}': {count} too few to learn from. Give more rows, or train on all there are "
            "(--set data.split.train=1)."
        )
    if isinstance(only, float) and abs(only) >= MOST_EXACT:
        return (
            f"Column '{target}' has values that double precision cannot tell apart: {only!r} in all {rows} training "
            "rows. Subtract their smallest value, or give them as text if they are labels."
        )
    return (
        f"Column '{target}' has the one value {only!r} in all {rows} training rows: there is nothing to learn. "
        "Choose another target, or samples that differ in it."
    )


def _choose(values: NDArray[Any]) -> str:
    if is_text(values) or values.dtype.kind == "b":
        return "classification"
    different = len(np.unique(values))
    few = different == 2 or different <= min(MOST_CLASSES, len(values) / SAMPLES_PER_CLASS)
    return "classification" if few and are_whole(values) else "regression"


def _class(name: str) -> Any:
    plain_name = name.lower().replace("_", "-")
    if plain_name not in TASKS:
        raise ConfigError(f"Unknown task '{name}'.{did_you_mean(plain_name, TASKS)}")
    module, _, attribute = TASKS[plain_name].partition(":")
    return getattr(importlib.import_module(module), attribute)
