"""Verbs that search: tune, and what may be varied."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glia.api.asking import seconds, varied
from glia.errors import ConfigError
from glia.recipe import Recipe

if TYPE_CHECKING:
    from glia.search.dimensions import Choice, Range
    from glia.search.study import Study


def tune(
    data: Any = None,
    *,
    model: str | None = None,
    vary: "Mapping[str, Any] | Sequence[str] | None" = None,
    settings: Mapping[str, Any] | None = None,
    target: str | None = None,
    method: str = "random",
    trials: int | None = None,
    folds: int | None = None,
    metric: str | None = None,
    budget: str | float | None = None,
    seed: int = 0,
    project: str | None = None,
    queue: str | None = None,
    resume: str | None = None,
    task: str | None = None,
    epochs: int | None = None,
    recipe: "Recipe | Mapping[str, Any] | str | Path | None" = None,
    table: Any = None,
    again: int | None = None,
    skip_bad: bool = False,
) -> "Study":
    """Search for the settings of a recipe with which it learns best; many trials are trained as one program.

    Args:
        data: what `train` takes.
        model: family or `family/size`.
        vary: setting → what it may be: `glia.between(1e-4, 1e-1, log=True)`, `glia.choice("relu", "tanh")`, a list, or
            a text as on the command line; the table `[vary]` of the recipe if left out.
        settings: recipe fields that all trials share.
        target: the column to learn.
        method: `grid`, `random`, `bayes` (or `tpe`, `gp`), `halving`, `asha`, `pbt`, `manual`.
        trials: how many; 0: none, the study is driven by its `ask` and `tell`.
        folds: judge every trial on so many; left out: on the validation part.
        metric: of validation, to optimise; left out: accuracy, or RMSE.
        budget: time for the whole search: seconds, or `"20m"`.
        seed: of the search and of the folds.
        project: the group of runs; the data's name if left out.
        queue: where trials wait as jobs.
        resume: a study to go on with, also beside other processes; only `data` and `budget` may be given beside it, and
            the method `manual`: then only what was proposed by hand is trained (`Study.propose`, or on its page).
        task: what is learned; found from the target if left out.
        epochs: of each trial at most; left out, early stopping decides.
        recipe: what is varied, as `train` takes it.
        table: for `manual`: rows of settings, as dicts, a frame, or a CSV or Parquet file.
        again: from how many other seeds the best is trained again, to say how sure it is.
        skip_bad: leave out pictures that cannot be read.

    Returns:
        The study; after Ctrl-C with the trials there are.

    Raises:
        GliaError: something cannot be used (nothing is recorded then), or no trial came to an end.

    Example:
        >>> import glia
        >>> study = glia.tune("iris", vary={"model.hidden": [[4], [32]]}, method="grid", epochs=3)
        >>> len(study.trials)
        2
    """
    from glia.search import tuning

    if queue is not None:
        raise ConfigError(
            f"There are no queues yet to put trials into (queue='{queue}'). Trials are trained here; other processes "
            "may work on the same study: glia tune --resume STUDY"
        )
    given = {
        "model.name": model,
        "task.name": task,
        "task.target": None if target is None else str(target),
        "train.epochs": epochs,
        "data.skip_bad": skip_bad or None,
    }
    laid_over = {key: value for key, value in given.items() if value is not None} | dict(settings or {})
    if isinstance(data, str | Path):
        laid_over["data.name"], data = str(data), None
    if resume is not None:
        settled = {"vary": vary, "recipe": recipe, "trials": trials, "metric": metric, "table": table, "again": again}
        settled["folds"] = folds if folds != 1 else None
        refused = [*laid_over, *[name for name, value in settled.items() if value is not None]]
        if refused and refused != ["data.name"]:
            raise ConfigError(
                f"A study keeps its recipe, its space and how it searches, so {', '.join(refused)} cannot be given "
                "beside it. Begin a new study for that."
            )
        by_hand = method == "manual"
        return tuning.resumed(resume, laid_over.get("data.name", data), seconds(budget), by_hand=by_hand)
    chosen, space = varied(recipe, vary)
    if space is not None and "data.without" in space:
        raise ConfigError(
            "data.without is not varied: samples are divided by what is left, so trials would be judged on different "
            "ones. Leave the columns out of all trials (--without), in one study for each choice."
        )
    order = tuning.Order(
        method=method,
        trials=trials,
        folds=folds or 1,
        metric=metric or "",
        budget_seconds=seconds(budget),
        seed=seed,
        project=project or "",
        rows=table,
        again=again,
    )
    return tuning.tuned(chosen.with_settings(laid_over), data, space, order)


def study(id: str) -> "Study":
    """A study by its id, a unique beginning of it or its name.

    Raises:
        NotFoundError: no such study.
    """
    from glia.search.study import opened_study

    return opened_study(id)


def between(
    low: float, high: float, *, log: bool = False, step: float | None = None, points: int | None = None
) -> "Range":
    """Numbers from `low` to `high`, to be varied by `tune`; whole numbers where both are.

    Args:
        low: the least.
        high: the greatest.
        log: whether ratios count, as for a learning rate.
        step: the distance between values.
        points: how many values, evenly apart.

    Raises:
        ConfigError: ends, step or points that make no range.

    Example:
        >>> import glia
        >>> glia.between(10, 100, step=20).all()
        (10, 30, 50, 70, 90)
    """
    from glia.search.dimensions import Range

    return Range(low, high, log, step, points)


def choice(*values: Any) -> "Choice":
    """Values for `tune` to choose from: names, numbers, lists.

    Raises:
        ConfigError: none, or the same twice.

    Example:
        >>> import glia
        >>> glia.choice("relu", "tanh").all()
        ('relu', 'tanh')
    """
    from glia.search.dimensions import Choice

    return Choice(values)
