"""Training again on all samples: those that judged the epochs are worth learning from where samples are few.

What is told of validation comes from the network before, which had not seen those samples; the one that is kept has
learned from more. So scikit-learn's searches end (`refit=True`).
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from glia.models.samples import Few
from glia.recipe import TrainRecipe
from glia.training.loop import Control

if TYPE_CHECKING:
    from glia.learner.learner import Learner


def resolved(train: TrainRecipe, few: Few | None, learned: int) -> TrainRecipe:
    """What `refit = "auto"` means for so many samples to learn from, and for a family that knows what suits few."""
    if train.refit != "auto":
        return train
    if few is None or learned >= few.samples or train.epochs != "auto":
        return replace(train, refit=False)
    return replace(train, refit=True, epochs=few.epochs, early_stopping=0, keep="last")


def refit(learner: "Learner", control: Control) -> "Learner | None":
    """A learner of the same recipe, trained for as many epochs on the samples for validation, too.

    Args:
        learner: trained.
        control: when to stop; what it says of checkpoints is of the training before.

    Returns:
        None where it was stopped.
    """
    train, division = learner.recipe.train, learner.division
    if train.epochs == "auto":
        schedule = "constant" if train.schedule == "auto" else train.schedule
        train = replace(train, epochs=max(1, learner.fitted.best_epoch), schedule=schedule)
    train = replace(train, refit=False, early_stopping=0, keep="last")
    everything = np.sort(np.concatenate([division.train, division.validation]))
    whole = replace(division, train=everything, validation=everything[:0])
    again = learner.varied(replace(learner.recipe, train=train), division=whole)
    again.train(control=Control(should_stop=control.should_stop, budget_seconds=control.budget_seconds))
    return None if again.fitted.reason in ("stopped", "budget") else again
