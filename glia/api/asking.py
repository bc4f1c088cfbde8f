"""What the functions of the front door are asked, brought into one form."""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glia import recipe as recipes
from glia.errors import ConfigError
from glia.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn

    from glia.search.space import Space


def seconds(budget: str | float | None) -> float:
    """A time span in seconds.

    Example:
        >>> seconds("10m"), seconds("1.5h"), seconds(90), seconds(None)
        (600.0, 5400.0, 90.0, inf)
    """
    if budget is None:
        return math.inf
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|)", str(budget).strip().lower())
    if found is not None and float(found[1]) == 0:
        raise ConfigError(f"A budget of {budget} leaves no time for anything. Leave it out, or give more than 0.")
    if found is None:
        raise ConfigError(f"'{budget}' is not a time span. Write seconds, or a number with s, m, h or d: 10m, 1.5h.")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def model_asked(given: "str | nn.Module | None") -> "tuple[str | None, nn.Module | None, list[Any] | None]":
    """A model by name, or the network itself, or the list of its layers where a recipe can hold that."""
    if given is None or isinstance(given, str):
        return given, None, None
    from glia.models.layers import Sequential

    entries = given.entries if isinstance(given, Sequential) else None
    return ("layers", None, entries) if entries is not None else (None, given, None)


def recipe_asked(given: "Recipe | Mapping[str, Any] | str | Path | None") -> Recipe:
    """A recipe as `train` takes it."""
    if given is None or isinstance(given, Recipe):
        return given or Recipe()
    if isinstance(given, Mapping):
        return recipes.from_dict(given)
    return recipes.read(given)


def varied(
    given: "Recipe | Mapping[str, Any] | str | Path | None", vary: "Mapping[str, Any] | Sequence[str] | None"
) -> "tuple[Recipe, Space | None]":
    """A recipe and what is varied of it: as given, or as its own table `[vary]` says."""
    from glia.search import reading

    space = None
    if isinstance(given, str | Path):
        recipe, space = reading.read_recipe(given)
    elif isinstance(given, Mapping):
        recipe = recipe_asked({key: value for key, value in given.items() if key != "vary"})
        space = reading.from_table(given["vary"]) if "vary" in given else None
    else:
        recipe = recipe_asked(given)
    if vary is not None:
        space = reading.from_table(vary) if isinstance(vary, Mapping) else reading.parse(vary)
    return recipe, space
