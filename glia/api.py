"""The functions of the front door. Each is a few lines: parse, call one thing, return it."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glia import recipe as recipes
from glia.errors import ConfigError
from glia.recipe import Recipe
from glia.record.current import current, enter
from glia.record.run import Run, opened
from glia.record.runs import Runs

if TYPE_CHECKING:
    from torch import nn

    from glia.comparison.report import Report
    from glia.data.dataset import Dataset
    from glia.explanation.explanation import Explanation
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

    name, module, layers = _model(model)
    order = Order(
        project=project or "",
        module=module,
        budget_seconds=seconds(budget),
        hearing=on or {},
    )
    given = {
        "model.name": name,
        "model.layers": layers,
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


def compare(
    data: Any,
    *,
    target: str | None = None,
    models: Sequence[str] | None = None,
    folds: int = 5,
    repeats: int = 2,
    metric: str | None = None,
    budget: str | float | None = None,
    seed: int = 0,
    project: str | None = None,
    settings: Mapping[str, Any] | None = None,
    without: Sequence[str] = (),
    curve: bool = True,
    skip_bad: bool = False,
) -> "Report":
    """Compare learners on the same samples: which to use, by how much, and how sure that is.

    Args:
        data: what `train` takes. A split for testing that it brings, or a column of times, makes one round; all else
            is dealt into folds.
        target: the column to learn.
        models: names as `train` takes them, or `package.module:Class` of an estimator; left out: all that suit.
        folds: how many; 1: one split.
        repeats: how often they are dealt, with other seeds.
        metric: to rank by; left out: accuracy, or RMSE.
        budget: time for each learner, all its fits and its tuning together: seconds, or `"10m"`.
        seed: of folds and learners.
        project: the group of runs; the data's name if left out.
        settings: recipe fields that all learners share, such as `{"data.split.by": "patient"}`.
        without: columns that are no features.
        curve: whether the metric against the number of samples is drawn, for the best learner with and without network.
        skip_bad: leave out pictures that cannot be read.

    Returns:
        The report; after Ctrl-C that of the fits there are.

    Raises:
        GliaError: data, models or metric cannot be used (nothing is recorded then), or no learner could be fitted.

    Example:
        >>> import glia
        >>> report = glia.compare("iris", models=["baseline", "random-forest"], folds=3, repeats=2, curve=False)
        >>> report.best
        'random-forest'
    """
    from glia.comparison.comparing import Order, compared

    laid_over = {"task.target": None if target is None else str(target), "data.skip_bad": skip_bad or None}
    if isinstance(data, str | Path):
        laid_over["data.name"], data = str(data), None
    order = Order(
        models=tuple(models or ()),
        folds=folds,
        repeats=repeats,
        metric=metric or "",
        budget_seconds=seconds(budget),
        seed=seed,
        project=project or "",
        settings={key: value for key, value in laid_over.items() if value is not None} | dict(settings or {}),
        without=tuple(without),
        with_curve=curve,
    )
    return compared(data, order)


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


def explain(
    run: Any,
    *,
    feature_maps: bool = False,
    inputs: Any = None,
    sample: int | None = None,
    layers: str | Sequence[str] = (),
    depth: bool | Sequence[int] = False,
    learning_rate: bool = False,
    target: str | None = None,
    recipe: "Recipe | Mapping[str, Any] | str | Path | None" = None,
    settings: Mapping[str, Any] | None = None,
) -> "Explanation":
    """What a run's model does, or what a setting would do on some data, in words and pictures.

    Of a run alone it is what its model tells of itself: the rules of a tree, the coefficients of a linear model.

    Args:
        run: a run, or an id or name; for `depth` and `learning_rate` data, as `train` takes it.
        feature_maps: what each convolution makes of one sample. The pictures are kept with the run.
        inputs: the sample, as `predict` takes it.
        sample: or one of the run's own data, counted from 0; the first if left out.
        layers: names of layers in the network, such as `convolutions.0`; left out, all convolutions.
        depth: the validation metric against the number of hidden layers; or those numbers.
        learning_rate: the loss over rising learning rates, and the rate to train with.
        target: the column to learn.
        recipe: what would be trained, as `train` takes it.
        settings: recipe fields by dotted key, laid over it.

    Raises:
        ConfigError: nothing was asked for of a network, or it has no such layer.
        DataError: there is no such sample, or the data cannot be used.

    Example:
        >>> import glia
        >>> run = glia.train("digits", model="cnn", epochs=1, settings={"model.channels": [4]})
        >>> print(glia.explain(run, feature_maps=True, sample=3).text)
        input: 1 of 8x8, ...
        convolutions.0: 4 of 8x8, ...
    """
    if depth or learning_rate:
        laid_over = {"task.target": target} if target is not None else {}
        if isinstance(run, str | Path):
            laid_over["data.name"], run = str(run), None
        chosen = _recipe(recipe).with_settings(laid_over | dict(settings or {}))
        if learning_rate:
            from glia.explanation.learning_rate import learning_rates

            return learning_rates(chosen, run)
        from glia.explanation.depth import DEPTHS, depth_study
        from glia.record.progress import Progress

        return depth_study(chosen, run, depths=DEPTHS if depth is True else tuple(depth or ()), say=Progress().say)
    run = run if isinstance(run, Run) else opened(run)
    if not feature_maps:
        from glia.explanation.telling import told

        return told(run)
    from glia.explanation.feature_maps import feature_maps as maps

    names = (layers,) if isinstance(layers, str) else layers
    return maps(run, inputs=inputs, sample=sample, layers=names)


def start(
    *,
    project: str | None = None,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    resume: str | None = None,
) -> Run:
    """Begin to record a loop of one's own; also a context manager. Inside another run it becomes a part of that.

    Args:
        project: the group of runs it belongs to; the folder's name, or the outer run's project, if left out.
        name: a readable one is made up if left out.
        params: what the run was asked to do: a dict of hyperparameters, and of objects of which they are read, such as
            `{"optimizer": optimizer, "loader": loader, "model": model, "args": args}`.
        resume: a run to go on with; `restored` of what is returned is its newest checkpoint.

    Example:
        >>> import glia
        >>> with glia.start(params={"rate": 0.1}):
        ...     glia.log(loss=0.5)
    """
    from glia.record.starting import begun, continued

    return enter(continued(resume) if resume else begun(project=project, name=name, params=params))


def log(values: Mapping[str, Any] | None = None, /, *, step: int | None = None, **more: float) -> None:
    """Record numbers into the run begun last. See `Run.log`.

    Raises:
        NotFoundError: none is being recorded.

    Example:
        >>> import glia
        >>> with glia.start() as run:
        ...     glia.log(loss=0.3)
        >>> run.summary
        {'loss': 0.3}
    """
    current().log(values, step=step, **more)


def run(id: str) -> Run:
    """A run by its id, a unique beginning of it (at least 4 digits) or its name.

    Raises:
        NotFoundError: no such run, or several.

    Example:
        >>> import glia
        >>> with glia.start(name="first-try"):
        ...     glia.log(loss=0.3)
        >>> glia.run("first-try").state
        'done'
    """
    return opened(id)


def runs(where: str = "", *, project: str | None = None, sort: str = "-created", limit: int | None = None) -> Runs:
    """The runs recorded here, newest first: lazy, to be sliced and iterated.

    Args:
        where: only those of which this is true, such as `params.lr < 0.01 and metrics.'validation/accuracy' > 0.9`.
        project: only those of one project.
        sort: a column, metric or param to sort by; `-` before it for descending.
        limit: at most so many.

    Raises:
        ConfigError: the expression cannot be used; the message points at the place.

    Example:
        >>> import glia
        >>> with glia.start(params={"rate": 0.1}) as run:
        ...     run.log(loss=0.5)
        >>> glia.runs("params.rate > 0.05 and metrics.loss < 1", limit=1)[0].id == run.id
        True
    """
    return Runs(where, project=project, sort=sort, limit=limit)


def load(run_or_folder_or_alias: "Run | str | Path") -> "Learner":
    """The learner of a run (by object, id or name), of a folder that `Learner.save` wrote, or of a registered model.

    Args:
        run_or_folder_or_alias: registered models are `faces@champion`, `faces@3` or `faces@latest`.

    Raises:
        NotFoundError: there is no such run or registered model, or it kept no model.

    Example:
        >>> import glia
        >>> run = glia.train("iris", epochs=1)
        >>> len(glia.load(run.id).predict([[5.1, 3.5, 1.4, 0.2]]))
        1
    """
    from glia.learner import Learner

    if isinstance(run_or_folder_or_alias, Run):
        return run_or_folder_or_alias.learner
    if (Path(run_or_folder_or_alias) / "learner.json").is_file():
        return Learner.load(run_or_folder_or_alias)
    return opened(str(run_or_folder_or_alias)).learner


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
    from glia.tracking.folder.home import open_home

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


def _model(given: "str | nn.Module | None") -> "tuple[str | None, nn.Module | None, list[Any] | None]":
    """A model by name, or the network itself, or the list of its layers where a recipe can hold that."""
    if given is None or isinstance(given, str):
        return given, None, None
    from glia.models.layers import Sequential

    entries = given.entries if isinstance(given, Sequential) else None
    return ("layers", None, entries) if entries is not None else (None, given, None)


def _recipe(given: "Recipe | Mapping[str, Any] | str | Path | None") -> Recipe:
    if given is None or isinstance(given, Recipe):
        return given or Recipe()
    if isinstance(given, Mapping):
        return recipes.from_dict(given)
    return recipes.read(given)
