"""One network of a population, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from glia.recipe import TrainRecipe
from glia.training.checkpoint import Checkpoint
from glia.training.events import Event, FitDone, Listener
from glia.training.protocols import Task


def _unheard(event: Event) -> None:
    """Nobody listens."""


def _never() -> bool:
    return False


@dataclass(frozen=True, kw_only=True, eq=False)
class Individual:
    """One network of a population: its own weights, settings, samples, listener.

    Attributes:
        model: with its initial weights, on the device to train on; it ends with those that `settings.keep` asks for.
        task: the loss and the metrics.
        settings: the recipe's `[train]`.
        train: (n,) rows of the shared samples that it learns from.
        judged: (v,) rows that its epochs are judged by; may be empty: then the training loss judges them.
        listen: hears its events as of a fit of its own, checkpoints apart.
        should_stop: asked after every epoch.
        last_epoch: stop after this epoch although the settings have more.
        state: where it was left, to go on from; None: it begins.
    """

    model: nn.Module
    task: Task
    settings: TrainRecipe
    train: Tensor
    judged: Tensor
    listen: Listener = _unheard
    should_stop: Callable[[], bool] = _never
    last_epoch: int | None = None
    state: Checkpoint | None = None

    @property
    def batch_size(self) -> int:
        """Samples of a batch, the last of an epoch apart."""
        return len(self.train) if self.settings.batch_size == "all" else self.settings.batch_size

    def ends_after(self, epoch: int) -> bool:
        """Whether it is to stop after this epoch, from outside."""
        return self.should_stop() or (self.last_epoch is not None and epoch >= self.last_epoch)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """How the training of one network ended: with `done`, or with an error; with neither it was to stop first.

    Attributes:
        done: how it ended; None if it raised.
        error: what was raised, a DivergenceError for one; the other networks go on without it.
        state: what to go on from, where that was asked for and nothing was raised.
        together: how many networks it was trained with, itself included.
        alone: why it was trained by itself, if it was.
    """

    done: FitDone | None = None
    error: Exception | None = None
    state: Checkpoint | None = None
    together: int = 1
    alone: str = ""
