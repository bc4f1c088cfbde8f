"""The data that a recipe names."""

from typing import Any

from glia.data.dataset import Dataset
from glia.data.download import Progress
from glia.data.opening import open_dataset
from glia.data.streaming import Heard
from glia.errors import ConfigError
from glia.recipe import Recipe


def data_of(
    recipe: Recipe, data: Any = None, *, progress: Progress | None = None, hear: Heard | None = None
) -> Dataset:
    """The data that a recipe names, or `data` in its place, with the recipe's target.

    Args:
        recipe: its `data.name`, `data.skip_bad`, `data.stream` and `task.target` count.
        data: what `glia.train` takes; None: what the recipe names.
        progress: hears of downloads.
        hear: is told how far each pass over a table has come that is too large for memory.

    Raises:
        ConfigError: neither names any data.
    """
    if data is None and not recipe.data.name:
        raise ConfigError("There is no data to train on. Name it: glia train DATA, or data.name in the recipe.")
    return open_dataset(
        recipe.data.name if data is None else data,
        target=recipe.task.target,
        skip_bad=recipe.data.skip_bad,
        progress=progress,
        stream=recipe.data.stream,
        hear=hear,
    )
