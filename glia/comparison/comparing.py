"""`glia.compare`: learners fitted on the same samples, recorded fit by fit, and reported."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from glia.comparison.contest import Contest, Failure, Fit, Limits, judges
from glia.comparison.contestants import BASELINE, Contestant, contestants, settings_for_all
from glia.comparison.curve import SHARES, LearningCurve, curve, fewer_samples
from glia.comparison.drawing import pictures_of
from glia.comparison.progressing import Progress
from glia.comparison.regions import plane, regions
from glia.comparison.report import Report
from glia.comparison.rounds import SEEDS_APART, Plan, plan
from glia.comparison.standings import Standing, standings
from glia.data.dataset import Dataset
from glia.data.leaks import leaks
from glia.errors import ConfigError, DataError, TrainingError, counted, did_you_mean
from glia.learner import data_of, refuse_unknown_columns
from glia.pictures import Picture
from glia.recipe import Recipe
from glia.record.current import outer
from glia.record.interruption import asked_to_stop
from glia.record.progress import downloading, duration
from glia.record.run import Run
from glia.tasks import Task, fit_task
from glia.tracking.capture.console import capture
from glia.tracking.folder.home import open_home
from glia.tracking.recording.recorder import RunRecorder

USUAL_METRIC = {"classification": "accuracy", "regression": "rmse"}


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be compared.

    Attributes:
        models: names; none: all that suit the data.
        folds: 1: one split.
        repeats: how often folds are dealt.
        metric: that learners are ranked by; "": accuracy or RMSE.
        budget_seconds: of each learner, its tuning included.
        seed: of folds and learners.
        project: the group of runs; "": the data's name.
        settings: recipe fields that all learners share, by dotted key.
        with_curve: whether the learning curve is drawn.
        regions: two columns over whose plane decision regions are drawn; (): the two that tell most; None: no regions.
    """

    models: Sequence[str] = ()
    folds: int = 5
    repeats: int = 2
    metric: str = ""
    budget_seconds: float = math.inf
    seed: int = 0
    project: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    with_curve: bool = True
    regions: Sequence[str] | None = None


def compared(data: Any, order: Order) -> Report:
    """Compare learners and record it as a run.

    Raises:
        GliaError: data, models or metric cannot be used; nothing is recorded then.
        TrainingError: no learner could be fitted; the run is recorded as failed.
    """
    recipe = Recipe().with_settings(settings_for_all(order.settings))
    dataset = data_of(recipe, data, progress=downloading)
    _refuse_to_learn_from_nothing(dataset, recipe.data.without)
    task = fit_task(recipe.task, dataset.targets(), name=dataset.target)
    classes = task.name == "classification"
    recipe = replace(recipe, task=replace(recipe.task, name=task.name, target=dataset.target))
    with _naming_the_target(dataset):
        metric = _metric(order.metric, task)
        rounds = plan(
            dataset,
            recipe.data,
            folds=order.folds,
            repeats=order.repeats,
            seed=order.seed,
            classes=classes,
        )
    found = contestants(order.models, recipe, dataset[rounds.rounds[0].learned])
    over = None if order.regions is None else plane(dataset, order.regions, classes=classes)
    leaking = leaks(dataset.without(recipe.data.split.by), classes=classes)
    said = dict.fromkeys((*dataset.said, *rounds.said, *leaking, *found[0].said))
    recorder = _recorder(dataset, [each.name for each in found], metric, order)
    for line in said:
        recorder.warn(line)
    with Run(recorder.folder, recorder=recorder) as run:
        settled = replace(order, metric=metric, regions=over)
        return _Comparison(run, recorder, dataset, rounds, found, task, settled).hold()


@contextmanager
def _naming_the_target(dataset: Dataset) -> Iterator[None]:
    """What was noticed of the target may be why it cannot be compared: it is added to what is raised inside."""
    try:
        yield
    except (ConfigError, DataError) as error:
        noticed = [line for line in dataset.said if line.startswith(f"Column '{dataset.target}' ")]
        raise type(error)(" ".join([str(error), *noticed])) from error


def _metric(given: str, task: Task) -> str:
    name = given.lower().replace("_", "-") or USUAL_METRIC[task.name]
    known = [each for each in task.directions if each != "loss"]
    if name == "loss":
        raise ConfigError(f"The loss is what networks are trained by. Compare by one of: {', '.join(known)}.")
    if name not in known:
        raise ConfigError(f"Task '{task.name}' has no metric '{given or name}'.{did_you_mean(name, known)}")
    return name


def _refuse_to_learn_from_nothing(dataset: Dataset, without: Sequence[str]) -> None:
    refuse_unknown_columns(dataset, without)
    if not dataset.features:
        left_out = ", ".join(dataset.ignored) or "none"
        raise DataError(f"{dataset.title} has no columns to learn from. Columns that are no features: {left_out}.")


def _recorder(dataset: Dataset, models: Sequence[str], metric: str, order: Order) -> RunRecorder:
    """A new run, with all that is known before the first fit."""
    recorder = RunRecorder.create(
        open_home(),
        project=order.project or Path(dataset.name).stem or "default",
        params={
            "models": list(models),
            "folds": order.folds,
            "repeats": order.repeats,
            "metric": metric,
            "budget": order.budget_seconds if math.isfinite(order.budget_seconds) else None,
            "seed": order.seed,
            "task.target": dataset.target,
            **order.settings,
        },
        parent=outer(),
        kind="compare",
    )
    recorder.data(version=dataset.version, name=dataset.name, samples=len(dataset))
    return recorder


class _Comparison:
    """One comparison while it is held."""

    def __init__(
        self,
        run: Run,
        recorder: RunRecorder,
        dataset: Dataset,
        plan: Plan,
        contestants: Sequence[Contestant],
        task: Task,
        order: Order,
    ) -> None:
        self.run, self.recorder = run, recorder
        self.dataset, self.plan, self.contestants = dataset, plan, contestants
        self.task, self.metric, self.order = task, order.metric, order
        self.fits: list[Fit] = []
        self.said: list[str] = []

    def hold(self) -> Report:
        """All fits, then the report; after Ctrl-C that of the fits there are."""
        names = [each.name for each in self.contestants]
        with (
            Progress(self.metric, self.task.directions[self.metric], len(self.plan.rounds), names) as progress,
            capture(self.run.folder),
            asked_to_stop(lambda line: progress.say("Stopping after this fit. Once more leaves at once.")) as signalled,
        ):
            progress.say(f"Run {self.run.name} ({self.run.id[:6]}) in project {self.run.project}; {self.plan.rule}")
            for said in self.run.warnings:
                progress.say(f"Note: {said}")
            stops = partial(_stops, signalled, self.run)
            self._fit_all(progress, Limits(budget_seconds=self.order.budget_seconds, should_stop=stops))
            # Each fit besides may take as long as one of those.
            one = Limits(budget_seconds=self.order.budget_seconds / len(self.plan.rounds), should_stop=stops)
            curves = [] if stops() else self._curves(progress, one)
            regions = {} if stops() else self._regions(progress, one)
            report = self._report(curves, regions)
            self._keep(report)
            self.run.end(*(("stopped", "interrupted") if stops() else ("done", "")))
        return report

    def _fit_all(self, progress: Progress, limits: Limits) -> None:
        """Fit and judge; every fit is recorded before the next begins.

        Raises:
            TrainingError: none came to an end.
        """
        rounds = self.plan.rounds
        for name, direction in self.task.directions.items():
            for each in self.contestants:
                self.recorder.define(f"{each.name}/{name}", direction=direction)
        contest = Contest(self.dataset, self.contestants, rounds, seed=self.order.seed, limits=limits)
        for outcome in contest.outcomes():
            if isinstance(outcome, Fit):
                self.fits.append(outcome)
                known = {name: value for name, value in outcome.metrics.items() if judges(outcome, name)}
                values = {**known, "seconds": outcome.seconds}
                named = {f"{outcome.learner}/{name}": value for name, value in values.items()}
                self.run.log(named, step=outcome.round + 1)
                progress.fitted(outcome)
                continue
            progress.leaves(outcome.learner)
            done = f"after {outcome.round} of {counted(len(rounds), 'fit')}"
            if isinstance(outcome, Failure):
                self._tell(f"{outcome.learner} failed {done}: {outcome.reason}", progress)
            else:
                budget = duration(self.order.budget_seconds)
                self._tell(
                    f"{outcome.learner} has used its budget of {budget} {done}: it is judged by those.", progress
                )
        if not self.fits:
            raise TrainingError("No learner was fitted. " + " ".join(self.said))
        self._tell_of_undefined(progress)
        for each in self.contestants:
            cut = [fit.cut_short for fit in self.fits if fit.learner == each.name]
            if any(cut):
                fits = counted(len(cut), "fit")
                self._tell(f"{each.name}: the budget ended {sum(cut)} of its {fits} early.", progress)

    def _tell_of_undefined(self, progress: Progress) -> None:
        """Rounds in which the metric says nothing.

        Raises:
            TrainingError: it does so in all of them.
        """
        judged = {fit.round for fit in self.fits if judges(fit, self.metric)}
        without = {fit.round for fit in self.fits} - judged
        others = ", ".join(name for name in self.task.directions if name not in ("loss", self.metric))
        if not judged:
            raise TrainingError(
                f"{self.metric} is not defined in any round: too few samples are judged. Compare by one of: {others}; "
                "or give more samples, or fewer folds."
            )
        if without:
            rounds = counted(len(self.plan.rounds), "round")
            self._tell(
                f"{self.metric} is not defined in {len(without)} of {rounds}, which judge too few samples: learners "
                f"are ranked by the others. To rank by all of them, take one of: {others}.",
                progress,
            )

    def _curves(self, progress: Progress, limits: Limits) -> list[LearningCurve]:
        """Of the best classical learner and of the best network."""
        if not self.order.with_curve:
            return []
        first = [each for each in self.plan.rounds if each.repeat == 0]
        ranked = [each.learner for each in self._standings()]
        by_name = {each.name: each for each in self.contestants if each.name != BASELINE}
        classical, networks = (
            [name for name in ranked if name in by_name and by_name[name].classical is kind] for kind in (True, False)
        )
        names = [*classical[:1], *networks[:1]]
        progress.begin_curve(names, len(SHARES) * len(first))
        found: dict[float, list[Fit]] = {1.0: [fit for fit in self.fits if fit.round < len(first)]}
        fewer = fewer_samples(
            self.dataset,
            [by_name[name] for name in names],
            first,
            classes=self.task.name == "classification",
            seed=self.order.seed,
            limits=replace(limits, budget_seconds=limits.budget_seconds * len(first)),
        )
        for share, fit in fewer:
            found.setdefault(share, []).append(fit)
            progress.besides(f"learning curve: {fit.learner}")
        drawn = [curve(name, self.metric, found, first, self.plan.ratio) for name in names]
        return [each for each in drawn if each is not None]

    def _regions(self, progress: Progress, limits: Limits) -> dict[str, Picture]:
        """Decision regions of each learner, by name of the picture."""
        if self.order.regions is None:
            return {}
        x, y = self.order.regions
        progress.say(f"Decision regions over {x} and {y}: each learner learns from these two columns alone")
        drawn: dict[str, Picture] = {}
        fits = regions(
            self.dataset,
            self.contestants,
            (x, y),
            self.plan.rounds[0],
            seed=SEEDS_APART * self.order.seed,
            limits=limits,
        )
        for learner, found in fits:
            if isinstance(found, str):
                self._tell(f"{learner} has no decision regions: {found}", progress)
            else:
                drawn[f"regions/{learner}"] = found
        return drawn

    def _standings(self) -> list[Standing]:
        return standings(
            self.fits,
            self.contestants,
            metric=self.metric,
            direction=self.task.directions[self.metric],
            rounds=len(self.plan.rounds),
            ratio=self.plan.ratio,
        )

    def _report(self, curves: Sequence[LearningCurve], regions: Mapping[str, Picture]) -> Report:
        found = self._standings()
        return Report(
            run=self.run.id,
            data=self.dataset.name or "data",
            samples=len(self.dataset),
            rule=self.plan.rule,
            metric=self.metric,
            direction=self.task.directions[self.metric],
            rounds=len(self.plan.rounds),
            repeats=self.plan.repeats,
            standings=tuple(found),
            curves=tuple(curves),
            warnings=tuple(self.run.warnings),
            pictures=(*pictures_of(found, self.fits, curves, metric=self.metric).items(), *regions.items()),
        )

    def _keep(self, report: Report) -> None:
        """Keep the report with the run, and count the look that was taken at all samples, those to test on too."""
        best = [fit for fit in self.fits if fit.learner == report.best]
        values = {name: [fit.metrics[name] for fit in best if judges(fit, name)] for name in self.task.directions}
        self.run.log({f"test/{name}": fmean(found) for name, found in values.items() if found})
        judged = [each for each in report.standings if each.fits]
        self.recorder.summary({f"{each.learner}/{self.metric}": each.mean.mean for each in judged})
        self.recorder.tag(best=report.best, choice=report.choice)
        for name, picture in report.pictures:
            self.run.picture(name, picture)
        self.run.table("learners", pd.DataFrame(report.rows, columns=pd.Index(report.headings)))
        self.run.text("report", report.text)
        self.run.text("answer", report.answer)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "report.json"
            path.write_text(json.dumps(report.to_dict(), indent=1), encoding="utf-8")
            self.run.save_artifact(path)

    def _tell(self, said: str, progress: Progress) -> None:
        self.said.append(said)
        self.recorder.warn(said)
        progress.say(f"Note: {said}")


def _stops(signalled: Callable[[], bool], run: Run) -> bool:
    """Whether a signal or somebody from outside asks that it end."""
    return signalled() or run.should_stop
