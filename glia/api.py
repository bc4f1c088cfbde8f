"""The functions of the front door. Each is a few lines: parse, call one thing, return it."""

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glia import recipe as recipes
from glia.errors import ConfigError
from glia.recipe import Recipe
from glia.record.run import Run, current, enter, opened
from glia.record.runs import Runs

if TYPE_CHECKING:
    from torch import nn

    from glia.data.dataset import Dataset
    from glia.learner import Learner
    from glia.server.serving import Server


def train(
    data: Any = None,
    *,
    model: "str | nn.Module | None" = None,
    task: str | None = None,
    target: str | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    project: str | None = None,
    settings: Mapping[str, Any] | None = None,
    recipe: "Recipe | Mapping[str, Any] | str | Path | None" = None,
    resume: str | None = None,
    budget: str | float | None = None,
    on: Mapping[str, Callable[[Any], None]] | None = None,
    skip_bad: bool = False,
) -> Run:
    """Train a network on data and record it.

    Args:
        data: catalogue name, path, frame, `(inputs, targets)` arrays, torch Dataset or DataLoader, `glia.Dataset`;
            may be left out when the recipe names it.
        model: family, `family/size`, `module:Class`, or a network built in Python.
        task: what is learned; found from the target if left out.
        target: the column to learn.
        epochs: left out, early stopping decides.
        seed: of everything random but the split (that is `data.seed`).
        project: the group of runs this one belongs to; the data's name if left out.
        settings: recipe fields by dotted key, as `--set` takes them: `{"model.hidden": [128]}`.
        recipe: a recipe, the same as a dict, or the path of a TOML file; the arguments above are laid over it.
        resume: a run to go on with, bit for bit; nothing but `data`, `budget` and `on` may be given beside it.
        budget: seconds of training, or `"10m"`, `"2h"`.
        on: functions that hear events by class name: `{"EpochDone": print}`.
        skip_bad: leave out pictures that cannot be read.

    Returns:
        The run; after Ctrl-C a stopped one.

    Raises:
        GliaError: data or recipe cannot be used (nothing is recorded then), or the loss diverged (a failed run is).

    Example:
        >>> import glia
        >>> run = glia.train("iris", epochs=2, seed=1)
        >>> run.state
        'done'
    """
    from glia.record.training import Order
    from glia.record.training import resume as go_on
    from glia.record.training import train as begin

    module = None if model is None or isinstance(model, str) else model
    order = Order(
        project=project or "",
        module=module,
        budget_seconds=seconds(budget),
        hearing=on or {},
    )
    given = {
        "model.name": model if isinstance(model, str) else None,
        "task.name": task,
        "task.target": None if target is None else str(target),
        "train.epochs": epochs,
        "train.seed": seed,
        "data.skip_bad": skip_bad or None,
    }
    laid_over = {key: value for key, value in given.items() if value is not None} | dict(settings or {})
    if isinstance(data, str | Path):
        laid_over["data.name"], data = str(data), None
    if resume is not None:
        refused = [*laid_over, *(["recipe"] if recipe is not None else [])]
        if refused and refused != ["data.name"]:
            raise ConfigError(
                f"A resumed run keeps its recipe, so {', '.join(refused)} cannot be given beside resume='{resume}'."
            )
        return go_on(resume, laid_over.get("data.name", data), order)
    return begin(_recipe(recipe).with_settings(laid_over), data, order)


def evaluate(run: Run | str, data: Any = None) -> dict[str, float]:
    """The metrics of a run's model on data it was not trained on.

    Args:
        run: a run, or an id or name.
        data: what `train` takes; None: the test part of the run's own data. Each look at it is counted in the run.

    Raises:
        DataError: the run's data has no test part, or is not what it was trained on.

    Example:
        >>> import glia
        >>> glia.evaluate(glia.train("iris", epochs=2))["accuracy"] >= 0
        True
    """
    from glia.record.evaluating import evaluated

    return evaluated(run if isinstance(run, Run) else opened(run), data)


def start(
    *,
    project: str | None = None,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    resume: str | None = None,
) -> Run:
    """Begin to record a loop of one's own; also a context manager.

    Args:
        project: the group of runs it belongs to; the folder's name if left out.
        name: a readable one is made up if left out.
        params: what the run was asked to do, such as a dict of hyperparameters.
        resume: a run to go on with.

    Example:
        >>> import glia
        >>> with glia.start(params={"rate": 0.1}):
        ...     glia.log(loss=0.5)
    """
    from glia.record.starting import begun, continued

    return enter(continued(resume) if resume else begun(project=project, name=name, params=params))


def log(values: Mapping[str, Any] | None = None, /, *, step: int | None = None, **more: float) -> None:
    """Record numbers into the current run: `glia.log(loss=0.3)`. See `Run.log`."""
    current().log(values, step=step, **more)


def run(id: str) -> Run:
    """A run by its id, a unique beginning of it (at least 4 digits) or its name.

    Raises:
        NotFoundError: no such run, or several.
    """
    return opened(id)


def runs(*, project: str | None = None, limit: int | None = None) -> Runs:
    """The runs recorded here, newest first: lazy, to be sliced and iterated."""
    return Runs(project=project, limit=limit)


def load(run_or_folder: "Run | str | Path") -> "Learner":
    """The learner of a run (by object, id or name) or of a folder that `Learner.save` wrote."""
    from glia.learner import Learner

    if isinstance(run_or_folder, Run):
        return run_or_folder.learner
    if (Path(run_or_folder) / "learner.json").is_file():
        return Learner.load(run_or_folder)
    return opened(str(run_or_folder)).learner


def dataset(name_or_path: Any, *, target: str = "") -> "Dataset":
    """Data as Glia sees it, from a catalogue name, a path, a frame or arrays.

    Example:
        >>> import glia
        >>> len(glia.dataset("iris"))
        150
    """
    from glia.data.opening import open_dataset

    return open_dataset(name_or_path, target=target)


def serve(*, port: int = 7007, block: bool = False) -> "Server":
    """Show the runs of this folder in the browser, on this machine only.

    Args:
        port: 0 takes any that is free.
        block: stay until Ctrl-C; otherwise the server runs beside the program until `stop()`.
    """
    from glia.server.serving import serve as begin
    from glia.tracking.home import open_home

    return begin(open_home(), port=port, block=block)


def seconds(budget: str | float | None) -> float:
    """A time span in seconds.

    Example:
        >>> seconds("10m"), seconds("1.5h"), seconds(90), seconds(None)
        (600.0, 5400.0, 90.0, inf)
    """
    if budget is None:
        return math.inf
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|)", str(budget).strip().lower())
    if found is None or float(found[1]) == 0:
        raise ConfigError(f"'{budget}' is not a time span. Write seconds, or a number with s, m, h or d: 10m, 1.5h.")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def _recipe(given: "Recipe | Mapping[str, Any] | str | Path | None") -> Recipe:
    if given is None or isinstance(given, Recipe):
        return given or Recipe()
    if isinstance(given, Mapping):
        return recipes.from_dict(given)
    return recipes.read(given)
