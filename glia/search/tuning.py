"""What `glia.tune` and `glia tune` do: check what is asked for, begin a study or go on with one, search."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from glia import recipe as recipes
from glia.errors import ConfigError, DataError, did_you_mean
from glia.learner import data_of
from glia.learner.streamed import refuse_together
from glia.recipe import Recipe
from glia.record.current import outer
from glia.record.progress import downloading
from glia.record.run import opened
from glia.search import plan as plans
from glia.search.ledger import ASKED, Ledger, method_of
from glia.search.methods.manual import check_rows, rows_of
from glia.search.methods.method import METHODS
from glia.search.plan import Plan
from glia.search.proposing import BY_HAND, waits_for_somebody
from glia.search.searching import Search
from glia.search.space import Space
from glia.search.study import Study
from glia.search.trials import metric_named
from glia.search.workshop import Workshop
from glia.tracking.folder.home import open_home
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.records import Written
from glia.tracking.recording.study import StudyRecorder

USUAL_TRIALS = 32
USUAL_AGAIN = 3  # seeds, of searches of so many trials or more:
WORTH_REPEATING = 16
USUAL_METRIC = {"classification": "accuracy", "regression": "rmse"}
OPEN_ENDED = ("random", "bayes", "tpe", "gp", "asha")  # go on until they are told to stop


@dataclass(frozen=True, kw_only=True)
class Order:
    """How to search.

    Attributes:
        method: one of `METHODS`.
        trials: how many; 0: none, the study is driven by `ask` and `tell`; None: what is usual.
        folds: 1: one split.
        metric: to optimise; "": accuracy or RMSE of validation.
        budget_seconds: of the search.
        seed: of the search and of the folds.
        project: the group of runs; "": the data's name.
        rows: for the method `manual`: a file, or dicts.
        again: from how many other seeds the best is trained again; None: what is usual.
    """

    method: str = "random"
    trials: int | None = None
    folds: int = 1
    metric: str = ""
    budget_seconds: float = math.inf
    seed: int = 0
    project: str = ""
    rows: "str | Path | Sequence[Mapping[str, Any]] | None" = field(default=None, repr=False)
    again: int | None = None


def tuned(recipe: Recipe, data: Any, space: Space | None, order: Order) -> Study:
    """Search, and record it as a new study.

    Raises:
        GliaError: data, recipe, space or order cannot be used; then nothing is recorded.
        TrainingError: no trial came to an end; the study is recorded as failed.
    """
    rows = rows_of(order.rows) if order.rows is not None else ()
    _refuse(space, order, rows)
    dataset = data_of(recipe, data, progress=downloading)
    refuse_together(dataset)
    workshop = Workshop(_with_options(recipe, space, rows), dataset, folds=order.folds, seed=order.seed)
    if space is not None:
        space.check(workshop.recipe, workshop.accept)
    check_rows(rows, workshop.recipe)
    plan = _plan(workshop, space, order, rows)
    if plan.method != ASKED:
        method_of(plan)  # refuses a space that it cannot search before anything is recorded
    recorder = StudyRecorder.create(
        open_home(),
        project=order.project or Path(dataset.name).stem or "default",
        params={**workshop.recipe.params(), **_params(plan)},
        recipe_toml=workshop.recipe.toml(),
        parent=outer(),
    )
    plan.write(recorder.folder)
    recorder.data(version=dataset.version, name=dataset.name, samples=len(dataset))
    for said in workshop.said:
        recorder.warn(said)
    if order.trials == 0:
        return Study(opened(recorder.id)).driven(Ledger(recorder, plan), workshop)
    return Study(Search(recorder, plan, workshop).hold())


def _with_options(recipe: Recipe, space: Space | None, rows: Sequence[Mapping[str, Any]]) -> Recipe:
    """Where no model is named: with one value of each option that is varied, since they tell which family is meant."""
    varied = {each.key: each.values.examples()[0] for each in space.dimensions} if space is not None else {}
    varied |= rows[0] if rows else {}
    if recipe.model.name != "auto" or "model.name" in varied:
        return recipe
    return recipe.with_settings({key: value for key, value in varied.items() if key.startswith("model.")})


def resumed(reference: str, data: Any, budget_seconds: float, *, by_hand: bool = False) -> Study:
    """Go on with a study, also beside other processes that work on it. One that has ended is returned as it is.

    What somebody proposed is trained in any case, and nothing else of a search that has ended.

    Args:
        reference: id or name of the study.
        data: if not what its recipe names.
        budget_seconds: of what is to come.
        by_hand: train nothing but what was proposed, and of a table the rows that are left.

    Raises:
        NotFoundError: no such study.
        DataError: the data is not what it searched on.
    """
    run = opened(reference)
    plan = plans.read(run.folder)
    over = run.state == "done" and run.reason != "budget"
    driven = plan.trials is None and plan.method in OPEN_ENDED and math.isinf(min(plan.budget_seconds, budget_seconds))
    if over or driven or (by_hand and plan.method != "manual"):
        plan = replace(plan, method=ASKED)
    if plan.method == ASKED and not waits_for_somebody(RunReader(run.folder)):
        return Study(run)
    recipe = recipes.from_toml(run.recipe_toml)
    dataset = data_of(recipe, data, progress=downloading)
    if dataset.version != run.data_version:
        raise DataError(
            f"Study '{run.name}' searches on data version '{run.data_version}', and '{dataset.name}' is now "
            f"'{dataset.version}'. Going on would mix them: bring the data back, or begin a new study."
        )
    if math.isfinite(budget_seconds):
        plan = replace(plan, budget_seconds=budget_seconds)
    workshop = Workshop(recipe, dataset, folds=plan.folds, seed=plan.seed)
    ends_as: tuple[Written, str] = ("done", "searched")
    if plan.method == ASKED:
        ends_as = ("done", run.reason) if run.state == "done" else ("stopped", BY_HAND)
    return Study(Search(StudyRecorder.reopen(run.folder), plan, workshop, ends_as=ends_as).hold())


def _refuse(space: Space | None, order: Order, rows: Sequence[Mapping[str, Any]]) -> None:
    if order.method not in METHODS:
        raise ConfigError(f"Unknown method '{order.method}'.{did_you_mean(order.method, METHODS)}")
    if order.method == "manual" and not rows and order.trials != 0:
        raise ConfigError("'manual' tries the rows of a table, and there are none: --table trials.csv")
    if rows and order.method != "manual":
        raise ConfigError(f"Rows of a table are tried by method 'manual', not by '{order.method}'.")
    if rows and space is not None:
        raise ConfigError("A table names the settings of each trial, so nothing is varied beside it. Keep one.")
    if space is None and not rows and order.trials != 0:
        raise ConfigError("Nothing is varied. Name a setting and its values: --vary train.learning_rate=1e-4..1e-1:log")


def _plan(workshop: Workshop, space: Space | None, order: Order, rows: tuple[dict[str, Any], ...]) -> Plan:
    task = workshop.task
    metric = metric_named(order.metric or USUAL_METRIC.get(task.name, "loss"), list(task.directions))
    direction = task.directions[metric.removeprefix("validation/")]
    if direction not in ("higher", "lower"):
        raise ConfigError(f"Which way '{metric}' is better is not known, so nothing can be searched by it.")
    trials = order.trials
    if trials is None and order.method in OPEN_ENDED and math.isinf(order.budget_seconds):
        trials = USUAL_TRIALS
    epochs = workshop.recipe.train.epochs
    again = order.again
    if again is None:
        again = USUAL_AGAIN if order.folds == 1 and (trials or 0) >= WORTH_REPEATING else 0
    return Plan(
        method=ASKED if trials == 0 and space is None else order.method,
        metric=metric,
        direction=direction,
        vary=space.table() if space is not None else {},
        rows=rows,
        trials=None if trials == 0 else trials,
        folds=order.folds,
        epochs=None if epochs == "auto" else epochs,
        seed=order.seed,
        again=again,
        budget_seconds=order.budget_seconds,
    )


def _params(plan: Plan) -> dict[str, Any]:
    """What of the search tables and queries show."""
    shown = {"method": plan.method, "trials": plan.trials, "folds": plan.folds, "metric": plan.metric}
    varied = {f"vary.{each.key}": str(each.values) for each in plan.space.dimensions} if plan.vary or plan.rows else {}
    return {**{f"search.{name}": value for name, value in {**shown, "seed": plan.seed}.items()}, **varied}
