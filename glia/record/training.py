"""A recipe trained and recorded: what `glia.train` and `glia train` do."""

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from glia import recipe as recipes
from glia.data.leaks import leaks
from glia.errors import ConfigError, DataError, did_you_mean
from glia.learner import Learner, data_of
from glia.learner.several import networks_of
from glia.learner.streamed import remarks
from glia.models.noticing import noticed
from glia.recipe import Recipe
from glia.record.current import outer
from glia.record.interruption import asked_to_stop
from glia.record.progress import Progress, downloading, reading
from glia.record.run import Run, opened
from glia.record.weights import note_weights
from glia.record.writing import EventWriter
from glia.tracking.capture.console import capture
from glia.tracking.folder.home import STUDY, TRIAL, open_home, resuming
from glia.tracking.folder.reader import RunReader
from glia.tracking.recording.recorder import RunRecorder
from glia.training import checkpoint, devices, events
from glia.training.diverged import DivergenceError
from glia.training.events import EpochDone, Event, FitStarted, Listener
from glia.training.loop import Control

EVENTS = [name for name, kind in vars(events).items() if isinstance(kind, type) and issubclass(kind, Event)]
Hearing = Mapping[str, Callable[[Any], None]]


@dataclass(frozen=True, kw_only=True)
class Order:
    """How a recipe is to be trained: what does not change the outcome, or only ends it earlier."""

    project: str = ""
    module: nn.Module | None = None
    budget_seconds: float = math.inf
    hearing: Hearing = field(default_factory=dict)  # event class name → function


def train(recipe: Recipe, data: Any, order: Order) -> Run:
    """Train a recipe and record it as a new run.

    Args:
        recipe: what to train.
        data: what `open_dataset` takes; None: what the recipe names.
        order: project, network object, budget, listeners.

    Raises:
        GliaError: data or recipe cannot be used; then nothing is recorded.
        TrainingError: the loss diverged; the run is recorded as failed.
    """
    _refuse_unknown(order.hearing)
    dataset = data_of(recipe, data, progress=downloading, hear=reading)
    learner = Learner(recipe, module=order.module).prepare(dataset)
    recorder = RunRecorder.create(
        open_home(),
        project=order.project or Path(dataset.name).stem or "default",
        params=learner.recipe.params(),
        recipe_toml=learner.recipe.toml(),
        parent=outer(),
        environment={"device": devices.describe(learner.device), "threads": torch.get_num_threads()},
    )
    recorder.data(version=dataset.version, name=dataset.name, samples=len(dataset))
    odd = noticed(networks_of(learner.model)[0], getattr(learner.task, "loss_name", ""))
    known = leaks(dataset, learner.division.train, classes=learner.task.name == "classification")
    sampled = remarks(learner, dataset)
    for said in (*dataset.said, *learner.division.said, *learner.preprocessing.said, *sampled, *known, *odd):
        recorder.warn(said)
    return _carry_out(learner, recorder, order, resume=False)


def resume(reference: str, data: Any, order: Order) -> Run:
    """Go on with a run from its last checkpoint, or from its beginning if it died before the first.

    A finished run is returned as it is, unless only its budget had ended.

    Raises:
        NotFoundError: no such run.
        DataError: the data is not what the run was trained on.
    """
    run = opened(reference)
    _refuse_unknown(order.hearing)
    if run.kind == "compare":
        raise ConfigError(f"Run '{run.name}' is a comparison, which is not gone on with. Start it again: glia compare")
    if run.kind in (STUDY, TRIAL):
        what = "a study" if run.kind == STUDY else "a trial of a study"
        raise ConfigError(f"Run '{run.name}' is {what}. Go on with: {resuming(run.kind, run.id)}")
    if run.state == "done" and run.reason != "budget":
        Progress().say(f"Run {run.name} ({run.id[:6]}) has already ended: done. There is nothing to go on with.")
        return run
    if run.state == "running":
        raise ConfigError(f"Run '{run.name}' is running in another process. Stop it before resuming it.")
    if not run.recipe_toml:
        raise ConfigError(f"Run '{run.name}' was a loop of your own. Go on with it: glia.start(resume='{run.id[:6]}')")
    recipe = recipes.from_toml(run.recipe_toml)
    dataset = data_of(recipe, data, progress=downloading, hear=reading)
    if dataset.version != run.data_version:
        raise DataError(
            f"Run '{run.name}' was trained on data version '{run.data_version}', and '{dataset.name}' is now "
            f"'{dataset.version}'. Resuming would mix them: bring the data back, or train a new run."
        )
    learner = Learner(recipe, module=order.module).prepare(dataset)
    recorder = RunRecorder.reopen(run.folder)
    if any((run.folder / "checkpoints").rglob(checkpoint.FILE)):
        return _carry_out(learner, recorder, order, resume=True)
    recorder.rewind(0)
    return _carry_out(learner, recorder, order, resume=False)


def _carry_out(learner: Learner, recorder: RunRecorder, order: Order, *, resume: bool) -> Run:
    run = Run(recorder.folder, recorder=recorder)
    with ExitStack() as inside:
        inside.enter_context(run)
        progress = inside.enter_context(Progress())
        inside.enter_context(capture(run.folder))
        should_stop = inside.enter_context(asked_to_stop(progress.say))
        stops = partial(_stops, should_stop, recorder, progress.say)
        control = Control(
            checkpoints=run.folder / "checkpoints",
            resume=resume,
            should_stop=stops,
            budget_seconds=order.budget_seconds,
        )
        recorder.state("running")
        progress.say(f"Run {run.name} ({run.id[:6]}) in project {run.project}; split {learner.division.rule}")
        for noticed in run.warnings:
            progress.say(f"Note: {noticed}")
        writer = _Writer(recorder, learner)
        listeners = (writer, progress, lambda event: order.hearing.get(type(event).__name__, _nothing)(event))
        try:
            learner.train(listen=lambda event: _tell(listeners, event), control=control)
        except DivergenceError as error:
            if error.best_epoch:
                _keep(run, recorder, learner, error.best_epoch, error.metrics, say=progress.say)
            raise
        _keep(run, recorder, learner, learner.fitted.best_epoch, learner.fitted.metrics, say=progress.say)
        run._learner = learner
        stopped = learner.fitted.reason == "stopped"
        asked = recorder.stop_heard or "interrupted"
        run.end("stopped" if stopped else "done", asked if stopped else learner.fitted.reason)
    return run


def _stops(signalled: Callable[[], bool], recorder: RunRecorder, say: Callable[[str], None]) -> bool:
    """Whether a signal or somebody from outside asks the run to stop."""
    if signalled():
        return True
    asked = recorder.stop_asked
    if asked:
        say(f"Stopping after this step with a checkpoint: {asked}.")
    return bool(asked)


class _Writer(EventWriter):
    """Writes a run's events, also of a run gone on with, whose log has some of them already."""

    def __init__(self, recorder: RunRecorder, learner: Learner) -> None:
        super().__init__(recorder, learner.task.directions)
        self._recorder = recorder

    def __call__(self, event: Event) -> None:
        if isinstance(event, FitStarted) and event.step:
            self._recorder.rewind(event.step)
            self._log = _Further(self._recorder)
        elif isinstance(event, EpochDone) and self._members:
            self._log = self._recorder  # what all of them come to in the end may be another figure at the same step
        super().__call__(event)


class _Further:
    """The log of a run that is gone on with: what it has already is not written twice.

    The checkpoint may be the last step of an epoch whose end was logged before; and of several networks some were left
    further back than others.
    """

    def __init__(self, recorder: RunRecorder) -> None:
        self._recorder, self._before = recorder, RunReader(recorder.folder)
        self.define, self.warn = recorder.define, recorder.warn

    def log(self, values: Mapping[str, float], *, step: int | None = None) -> None:
        """Keep those of which the log had no such step when the run was gone on with."""
        new = {name: value for name, value in values.items() if step is None or self._before.last_step(name) < step}
        if new:
            self._recorder.log(new, step=step)


def _keep(
    run: Run,
    recorder: RunRecorder,
    learner: Learner,
    epoch: int,
    metrics: Mapping[str, float],
    *,
    say: Callable[[str], None],
) -> None:
    """Save what came of training: the learner, the figures of the epoch kept, pictures of its validation."""
    try:
        learner.save(run.folder / "model")
        note_weights(recorder, run.folder / "model", "model", step=epoch * learner.steps_per_epoch if epoch else None)
        note_weights(recorder, run.folder / "checkpoints" / checkpoint.FILE, f"checkpoints/{checkpoint.FILE}")
    except OSError as error:
        recorder.warn(f"The model could not be saved: {error}.")
        say(f"The model could not be saved ({error}). It is in memory still: run.learner.save(FOLDER)")
    if epoch:
        recorder.summary({**metrics, "epoch": epoch})
    if len(learner.division.validation):
        for name, picture in learner.validation_pictures().items():
            run.picture(f"validation/{name}", picture)


def _tell(listeners: tuple[Listener, ...], event: Event) -> None:
    for listener in listeners:
        listener(event)


def _nothing(event: Event) -> None:
    """What hears events that nobody asked for."""


def _refuse_unknown(hearing: Hearing) -> None:
    for name in hearing:
        if name not in EVENTS:
            raise ConfigError(f"There is no event '{name}'.{did_you_mean(name, EVENTS)}")
