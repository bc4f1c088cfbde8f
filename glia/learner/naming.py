"""The data that a recipe names, without the columns that it leaves out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from glia.data.dataset import Dataset
from glia.data.download import Progress
from glia.data.opening import open_dataset
from glia.data.streaming import Heard
from glia.errors import ConfigError, did_you_mean
from glia.recipe import Recipe


def data_of(
    recipe: Recipe, data: Any = None, *, progress: Progress | None = None, hear: Heard | None = None
) -> Dataset:
    """The data that a recipe names, or `data` in its place, with the recipe's target.

    Columns that it leaves out may be missing: other samples are judged and predicted without them as well.

    Args:
        recipe: its `data.{name, without, skip_bad, stream}` and `task.target` count.
        data: what `glia.train` takes; None: what the recipe names.
        progress: hears of downloads.
        hear: is told how far each pass over a table has come that is too large for memory.

    Raises:
        ConfigError: neither names any data.
    """
    if data is None and not recipe.data.name:
        raise ConfigError("There is no data to train on. Name it: glia train DATA, or data.name in the recipe.")
    dataset = open_dataset(
        recipe.data.name if data is None else data,
        target=recipe.task.target,
        skip_bad=recipe.data.skip_bad,
        progress=progress,
        stream=recipe.data.stream,
        hear=hear,
    )
    return leaving_out(dataset, recipe.data.without)


def leaving_out(dataset: Dataset, names: Sequence[str]) -> Dataset:
    """The same samples, these columns being no features, of which nothing needs to be said."""
    of_them = tuple(f"Column '{name}' " for name in names)
    said = tuple(line for line in dataset.said if not line.startswith(of_them))
    known = set(names) <= set(dataset.ignored) and said == dataset.said
    return dataset if known else replace(dataset.without(*names), said=said)


def refuse_unknown_columns(dataset: Dataset, names: Sequence[str]) -> None:
    """Columns to leave out must be there, and the target cannot be one of them.

    Raises:
        ConfigError: which one, and what may have been meant.
    """
    for name in names:
        if name not in dataset.columns:
            raise ConfigError(
                f"Column '{name}', to be left out, is not in {dataset.title}.{did_you_mean(name, dataset.columns)}"
            )
        if name == dataset.target:
            raise ConfigError(
                f"Column '{name}' is the target, which cannot be left out. Name another target or column."
            )
