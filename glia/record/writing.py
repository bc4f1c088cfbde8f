"""Training events as what a run's log keeps of them."""

from collections.abc import Mapping
from typing import Protocol

from glia.tracking.log.records import Direction
from glia.training.events import EpochDone, Event, StepsDone, Warned
from glia.training.several import OfMember


class Log(Protocol):
    """What a run or a trial is recorded by."""

    def log(self, values: Mapping[str, float], *, step: int | None = None) -> None:
        """Keep numbers."""

    def define(self, name: str, *, direction: Direction) -> None:
        """Say which values of a metric are better."""

    def warn(self, text: str) -> None:
        """Keep something the user should know."""


class EventWriter:
    """Hears of one network's training and writes it; of several networks' also that of each, as `member-3/…`.

    Args:
        log: where to.
        directions: of the task's metrics, by name.
        prefix: before every name, such as `fold-2/`.
    """

    def __init__(self, log: Log, directions: Mapping[str, Direction], prefix: str = "") -> None:
        self._log, self._prefix, self._directions = log, prefix, directions
        self._members: dict[int, EventWriter] = {}
        self._told_epoch = 0  # the epoch of the last step report
        for phase in ("train", "validation"):
            for name, direction in directions.items():
                log.define(f"{prefix}{phase}/{name}", direction=direction)

    def __call__(self, event: Event) -> None:
        """Write what belongs into the log."""
        if isinstance(event, StepsDone):
            self._told_epoch = event.epoch
            values = {"train/loss": event.loss, "train/learning_rate": event.learning_rate}
            self._write(values, event.step)
        elif isinstance(event, EpochDone):
            # The loss of the steps is the training curve; an epoch too short for a report gives its mean instead.
            told = self._told_epoch == event.epoch
            values = {name: value for name, value in event.metrics.items() if not (told and name == "train/loss")}
            self._write({**values, "train/epoch": event.epoch}, event.step)
        elif isinstance(event, OfMember) and not isinstance(event.event, Warned):
            if event.member not in self._members:
                prefix = f"{self._prefix}member-{event.member}/"
                self._members[event.member] = EventWriter(self._log, self._directions, prefix)
            self._members[event.member](event.event)
        elif isinstance(event, Warned):
            self._log.warn(event.message)

    def _write(self, values: Mapping[str, float], step: int) -> None:
        self._log.log({self._prefix + name: value for name, value in values.items()}, step=step)
