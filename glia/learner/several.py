"""The networks of a learner as a population takes them, and learners of several networks."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import nn

from glia.models.averaged import Averaged
from glia.training.events import EpochDone, FitDone, Listener, Warned
from glia.training.loop import Control
from glia.training.population.individuals import Individual
from glia.training.population.together import fit_together
from glia.training.several import Keeping, Member, fit_several

if TYPE_CHECKING:
    from glia.learner.learner import Learner


def networks_of(model: nn.Module) -> list[nn.Module]:
    """Those that are averaged, or the one there is."""
    return list(model.networks) if isinstance(model, Averaged) else [model]


def individuals(
    learner: "Learner", listen: Listener, should_stop: Callable[[], bool] = lambda: False, *, first: int = 0
) -> list[Individual]:
    """The networks of a prepared learner, on samples of which `learner.tensors()` gives those from row `first` on."""
    learned, judged = len(learner.division.train), len(learner.division.validation)
    rows, settings = torch.arange(first, first + learned + judged), learner.recipe.train
    return [
        Individual(
            model=network,
            task=learner.task,
            settings=replace(settings, seed=settings.seed + number),
            train=rows[:learned],
            judged=rows[learned:],
            listen=listen,
            should_stop=should_stop,
        )
        for number, network in enumerate(networks_of(learner.model))
    ]


def train_several(learner: "Learner", listen: Listener, control: Control) -> None:
    """Train all networks of a prepared learner; their average or the best is kept, and judged as one of them would be.

    Raises:
        Exception: what the first network failed by, if all did.
    """
    members = _far_enough(_trained(learner, listen, control), listen)
    best, train = min(members, key=lambda member: member.loss), learner.recipe.train
    learner.steps_per_epoch = best.done.step // max(1, best.done.epoch)
    epoch, seconds = max(each.done.epoch for each in members), max(each.done.seconds for each in members)
    if train.members_keep == "best":
        learner.model, kept = best.network, best.done.best_epoch
    else:
        classifies = learner.task.name == "classification"
        learner.model, kept = Averaged([each.network for each in members], classifies=classifies), epoch
        learner.recipe = replace(learner.recipe, train=replace(train, members=len(members)))
    learner.model.eval()
    division = learner.division
    phase, rows = ("validation", division.validation) if len(division.validation) else ("train", division.train)
    metrics = {f"{phase}/{name}": value for name, value in learner.evaluate(learner.dataset, rows=rows).items()}
    listen(EpochDone(kept, kept * learner.steps_per_epoch, metrics, best=True, seconds=seconds))
    reason = best.done.reason
    if any(each.done.reason == "stopped" for each in members):
        reason = "stopped" if control.should_stop() else "budget"
    learner.fitted = FitDone(reason, epoch, epoch * learner.steps_per_epoch, kept, seconds, metrics)
    listen(learner.fitted)


def _far_enough(members: list[Member], listen: Listener) -> list[Member]:
    """Those that are worth averaging: when all had to stop, some may hardly have begun."""
    furthest = max(each.done.epoch for each in members)
    behind = [each for each in members if each.done.reason == "stopped" and 2 * each.done.epoch < furthest]
    if behind:
        of_all = f"{len(behind)} of {len(members)} networks had at most {max(each.done.epoch for each in behind)}"
        listen(Warned(f"{of_all} of {furthest} epochs when training ended: they are left out of what is kept."))
    return [each for each in members if each not in behind]


def _trained(learner: "Learner", listen: Listener, control: Control) -> list[Member]:
    """Those that came to an end."""
    begun = time.perf_counter()
    inputs, targets = learner.tensors()
    states = control.checkpoints is not None
    fit = partial(fit_together, inputs=inputs, targets=targets, finish=learner.finish, states=True)

    def left() -> float:
        return control.budget_seconds - (time.perf_counter() - begun)

    keeping = Keeping(
        folder=control.checkpoints,
        resume=control.resume,
        seconds=learner.recipe.train.checkpoint_seconds if states else math.inf,
        ends=lambda: control.should_stop() or left() < 0,
        left=left,
    )
    return fit_several(individuals(learner, listen), fit, listen, keeping)
