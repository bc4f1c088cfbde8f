"""What the loop tells while it trains: frozen values, one function hears them all.

`StepsDone` comes once per `log_every` steps, never per step. Steps count from 1 over the whole run; epochs from 1.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Event:
    """Something that happened while training."""


@dataclass(frozen=True)
class FitStarted(Event):
    """The first step is about to be taken, or the first after resuming (`step` > 0)."""

    epochs: int  # at most
    steps_per_epoch: int
    train_samples: int
    validation_samples: int
    parameters: int
    device: str
    epoch: int  # epochs already done
    step: int  # steps already done


@dataclass(frozen=True)
class StepsDone(Event):
    """`log_every` more steps were taken; `loss` is their mean."""

    epoch: int
    step: int
    loss: float
    learning_rate: float
    samples_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class EpochDone(Event):
    """An epoch is over: `train/loss`, `validation/accuracy`, … by name."""

    epoch: int
    step: int
    metrics: Mapping[str, float]
    best: bool
    seconds: float


@dataclass(frozen=True)
class CheckpointSaved(Event):
    """Everything needed to go on from `step` is on disk."""

    path: Path
    epoch: int
    step: int


@dataclass(frozen=True)
class Warned(Event):
    """Something the user should know, said once."""

    message: str


@dataclass(frozen=True)
class FitDone(Event):
    """Training is over; the model holds the weights of `best_epoch`: the last if `train.keep` says so."""

    reason: Literal["epochs", "early stopping", "converged", "fitted", "stopped", "budget"]
    epoch: int
    step: int
    best_epoch: int
    seconds: float
    metrics: Mapping[str, float]  # of `best_epoch`


Listener = Callable[[Event], None]
