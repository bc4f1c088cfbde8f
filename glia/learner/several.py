"""The networks of a learner as a population takes them, and learners of several networks."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import nn

from glia.models.averaged import Averaged
from glia.training.events import Listener
from glia.training.loop import Control
from glia.training.population.individuals import Individual
from glia.training.population.together import fit_together
from glia.training.several import Member, fit_several

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


def train_several(learner: "Learner", listen: Listener, control: Control) -> list[Member]:
    """Train all networks of a prepared learner together; those that came to an end."""
    begun = time.perf_counter()
    inputs, targets = learner.tensors()
    fit = partial(fit_together, inputs=inputs, targets=targets, finish=learner.finish)

    def ends() -> bool:
        return control.should_stop() or time.perf_counter() - begun > control.budget_seconds

    return fit_several(individuals(learner, listen, ends), fit, listen)
