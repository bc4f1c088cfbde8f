"""What a search is told and what it asks for: trials as they are, and proposals of what to train next."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from glia.config import Plain
from glia.errors import ConfigError, did_you_mean

State = Literal["queued", "starting", "running", "done", "failed", "stopped", "crashed", "unreachable", "lost"]
Direction = Literal["higher", "lower"]
"""Which way the metric is better."""

ENDED = ("done", "failed", "stopped")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What to train next: a new trial, or one that there is, further.

    Attributes:
        number: of the trial.
        settings: of the recipe, active ones only; those of a trial never change.
        epochs: up to which it is trained now, counted from the trial's (or its parent's) beginning; None: as its
            recipe says.
        parent: the trial whose weights a new one begins with, as they are when it is proposed.
    """

    number: int
    settings: Plain
    epochs: int | None = None
    parent: int | None = None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A trial as it is recorded.

    A trial that is trained in parts (halving, populations) is `done` after each, until a proposal takes it further.

    Attributes:
        number: from 0.
        settings: what it differs in.
        state: as of runs. What is not done, failed or stopped counts as going on: a crashed one is trained again.
        value: the metric, over all folds, the newest; None if there is none, perhaps NaN.
        reason: why it failed.
        epochs: up to which it was last proposed.
        parent: whose weights it began with.
        rungs: (epochs, value) of each part that was finished, by the epochs proposed.
        values: the metric of each fold, or of each seed that it was trained again from; empty if there is one only.
        by_hand: its settings were somebody's choice, not the method's.
    """

    number: int
    settings: Mapping[str, Any]
    state: State
    value: float | None = None
    reason: str = ""
    epochs: int | None = None
    parent: int | None = None
    rungs: tuple[tuple[int, float], ...] = ()
    values: tuple[float, ...] = ()
    by_hand: bool = False

    @property
    def score(self) -> float | None:
        """The value, if it is done and its metric is a number."""
        found = self.value if self.state == "done" else None
        return found if found is not None and math.isfinite(found) else None

    @property
    def pending(self) -> bool:
        """Whether it may still end."""
        return self.state not in ENDED

    def at(self, epochs: int) -> float | None:
        """The value after a part of so many epochs; None if it has not finished it or it was no number."""
        return next((value for reached, value in self.rungs if reached == epochs and math.isfinite(value)), None)

    def is_out(self, epochs: int) -> bool:
        """Whether it ended without a value after so many epochs: it failed, was stopped, or its metric was NaN."""
        return not self.pending and (self.epochs or 0) >= epochs and self.at(epochs) is None

    def again(self) -> Proposal:
        """To train once more what it was last asked for: of a trial whose process died."""
        return Proposal(number=self.number, settings=dict(self.settings), epochs=self.epochs, parent=self.parent)


def next_number(trials: Sequence[Trial]) -> int:
    """Of a new trial; trials come in the order of their numbers."""
    return trials[-1].number + 1 if trials else 0


def best_first(trials: Sequence[Trial], direction: Direction) -> list[Trial]:
    """Those with a score, from best to worst; of equal ones the earlier is before the later."""
    sign = -1 if direction == "higher" else 1
    return sorted((each for each in trials if each.score is not None), key=lambda each: sign * (each.score or 0.0))


def metric_named(given: str, known: Sequence[str]) -> str:
    """The full name of the metric that a search optimises.

    Args:
        given: `accuracy` is read as `validation/accuracy`.
        known: names that there will be, with or without `validation/`; empty: any.

    Raises:
        ConfigError: a metric of another phase, with the reason, or one that there is not.

    Example:
        >>> metric_named("accuracy", ["loss", "accuracy"])
        'validation/accuracy'
    """
    phase, slash, name = given.strip().partition("/")
    phase, name = (phase, name) if slash else ("validation", phase)
    judged = f"validation/{name}"
    if phase == "train":
        raise ConfigError(
            f"'{given}' is measured on the samples that are learned from: the search would choose what remembers them "
            f"best, not what has understood. Use '{judged}'."
        )
    if phase == "test":
        raise ConfigError(
            f"'{given}' is measured on the test part, which is looked at once, at the end, by the winner: chosen by "
            f"it, the winner would look better than it is. Use '{judged}'."
        )
    names = {each if "/" in each else f"validation/{each}" for each in known}
    names = {each for each in names if each.startswith("validation/")}
    if phase != "validation" or not name or (names and judged not in names):
        raise ConfigError(
            f"There is no metric '{given}'.{did_you_mean(name, sorted(each.partition('/')[2] for each in names))}"
        )
    return judged
