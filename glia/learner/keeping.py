"""The files of a saved learner.

`learner.json` has everything that prediction needs but the weights, which are in `weights.safetensors`; a classical
model is in `model.skops`. Reading executes nothing that came with the folder; a model of the user's own is imported by
its name.
"""

import json
from pathlib import Path

from safetensors.torch import load_file, save
from torch import nn

from glia import recipe as recipes
from glia.data.preprocessing import Preprocessing
from glia.errors import DataError, NotFoundError
from glia.models.samples import AtOnce
from glia.recipe import Recipe
from glia.tasks import Task, task_from_dict
from glia.training.checkpoint import own_copy, replace_file

FORMAT = 1
ABOUT = "learner.json"
WEIGHTS = "weights.safetensors"


def write(folder: Path, recipe: Recipe, preprocessing: Preprocessing, task: Task, model: nn.Module) -> Path:
    """Put the files into a folder, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "format": FORMAT,
        "recipe": recipes.to_dict(recipe),
        "preprocessing": preprocessing.to_dict(),
        "task": task.to_dict(),
    }
    if isinstance(model, AtOnce):
        replace_file(folder / model.FILE, model.saved())
    else:
        weights = {name: own_copy(tensor) for name, tensor in model.state_dict().items()}
        replace_file(folder / WEIGHTS, save(weights))
    replace_file(folder / ABOUT, json.dumps(about, indent=1).encode())
    return folder


def read(folder: Path) -> tuple[Recipe, Preprocessing, Task]:
    """What `learner.json` says.

    Raises:
        NotFoundError: it is not there.
        DataError: a newer Glia wrote it.
    """
    path = folder / ABOUT
    if not path.is_file():
        raise NotFoundError(f"There is no saved learner in '{folder}': it has no {ABOUT}.")
    about = json.loads(path.read_text(encoding="utf-8"))
    if about["format"] > FORMAT:
        raise DataError(f"'{path}' was written by a newer Glia (format {about['format']}). Update Glia to load it.")
    preprocessing = Preprocessing.from_dict(about["preprocessing"])
    return recipes.from_dict(about["recipe"]), preprocessing, task_from_dict(about["task"])


def read_model(folder: Path, model: nn.Module) -> None:
    """Put what was saved into a model of the same kind."""
    if isinstance(model, AtOnce):
        model.load(folder)
    else:
        model.load_state_dict(load_file(folder / WEIGHTS))
