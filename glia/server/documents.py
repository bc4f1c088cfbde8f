"""The texts of a run: recipe, source, environment, console."""

import tomllib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from glia import recipe as recipes
from glia.errors import GliaError
from glia.server.answers import Console, ConsoleLine, Document, Problem, Recipe
from glia.server.readers import Open

router = APIRouter(prefix="/runs/{run}", tags=["runs"], responses={404: {"model": Problem}})


@router.get("/recipe")
def read_recipe(run: str, readers: Open) -> Recipe:
    """The complete recipe as TOML, every default written out."""
    with readers.open(run) as reader:
        return Recipe(toml=reader.recipe_toml, changed=departures(reader.recipe_toml, reader.params))


@router.get("/source")
def read_source(run: str, readers: Open) -> Document:
    """Commit, changes to it, and the command line."""
    with readers.open(run) as reader:
        return Document(content=reader.source)


@router.get("/environment")
def read_environment(run: str, readers: Open) -> Document:
    """Python, packages, machine."""
    with readers.open(run) as reader:
        return Document(content=reader.environment)


@router.get("/console")
def read_console(run: str, readers: Open, lines: Annotated[int, Query(ge=1, le=100_000)] = 500) -> Console:
    """The last lines that the program printed."""
    with readers.open(run) as reader:
        found = reader.console(lines + 1)
    shown = [ConsoleLine(time=line.time, text=line.text) for line in found[-lines:]]
    return Console(lines=shown, more=len(found) > lines)


def departures(toml: str, params: Mapping[str, Any]) -> list[str]:
    """The dotted keys of a recipe whose values are not the defaults, and params that are not of the recipe.

    Keys without a default to speak of are left out. Of a recipe that this version cannot read, such as one with a model
    of the user's own that is gone, nothing can be told.
    """
    try:
        recipe = recipes.from_dict(tomllib.loads(toml))
    except (tomllib.TOMLDecodeError, GliaError):
        return []
    defaults = recipes.from_dict({"model": {"name": recipe.model.name, "size": recipe.model.size}}).params()
    complete = recipe.params()
    changed = [key for key, value in complete.items() if defaults.get(key, "") not in ("", value)]
    return changed + [key for key in params if key not in complete]
