"""Verbs that learn: train, compare, evaluate, explain."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glia.api.asking import model_asked, recipe_asked, seconds
from glia.errors import ConfigError
from glia.recipe import Recipe
from glia.record.run import Run, opened

if TYPE_CHECKING:
    from torch import nn

    from glia.comparison.report import Report
    from glia.explanation.explanation import Explanation


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

    name, module, layers = model_asked(model)
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
    return begin(recipe_asked(recipe).with_settings(laid_over), data, order)


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
    regions: bool | Sequence[str] = False,
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
        regions: two columns of numbers over which the class that each learner predicts is drawn; True: the two that
            tell most.
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

    laid_over: dict[str, Any] = {
        "task.target": None if target is None else str(target),
        "data.without": [str(name) for name in without] or None,
        "data.skip_bad": skip_bad or None,
    }
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
        with_curve=curve,
        regions=None if regions is False else () if regions is True else tuple(regions),
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
        chosen = recipe_asked(recipe).with_settings(laid_over | dict(settings or {}))
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
