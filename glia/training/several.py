"""Several networks of one recipe from other first weights: what they tell, and what became of them.

They pause from time to time, each after a whole epoch, so that there is a checkpoint of each to go on from.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from glia.training import checkpoint
from glia.training.checkpoint import Checkpoint
from glia.training.epochs import judged_by
from glia.training.events import Event, FitDone, FitStarted, Listener, Warned
from glia.training.population.individuals import Individual, Outcome

Fit = Callable[[list[Individual]], list[Outcome]]


@dataclass(frozen=True)
class OfMember(Event):
    """An event of one of several networks."""

    member: int  # from 1
    members: int
    event: Event


@dataclass(frozen=True)
class Member:
    """A network that was trained to an end."""

    number: int  # from 1
    network: nn.Module
    done: FitDone
    loss: float  # that it is judged by, of the epoch kept


@dataclass(frozen=True)
class Keeping:
    """Where several networks are kept while they are trained.

    Attributes:
        folder: of their checkpoints, `member-3/last.safetensors`; None: none are written.
        resume: go on from those that are there; a network without one begins.
        seconds: between two checkpoints.
        ends: whether all are to stop; asked after every epoch.
        left: seconds that there are for all of them.
    """

    folder: Path | None = None
    resume: bool = False
    seconds: float = math.inf
    ends: Callable[[], bool] = lambda: False
    left: Callable[[], float] = lambda: math.inf

    def read(self, number: int) -> Checkpoint | None:
        """What network `number` goes on from."""
        folder = self._of(number)
        return checkpoint.read(folder) if self.resume and (folder / checkpoint.FILE).is_file() else None

    def write(self, number: int, state: Checkpoint) -> None:
        """Keep what network `number` goes on from.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        if self.folder is not None:
            checkpoint.write(self._of(number), state)

    def _of(self, number: int) -> Path:
        return (self.folder or Path()) / f"member-{number}"


def fit_several(
    individuals: Sequence[Individual], fit: Fit, listen: Listener, keeping: Keeping | None = None
) -> list[Member]:
    """Train them, and tell of each.

    Args:
        individuals: whose listeners are not heard.
        fit: trains them together; the outcomes have states where they are kept in a folder.
        listen: hears `OfMember`, and of those that failed.
        keeping: where they are kept, and when they stop.

    Raises:
        Exception: what the first network failed by, if all did.
    """
    keeping = keeping or Keeping()
    courses = [_Course(number, len(individuals), each, listen) for number, each in enumerate(individuals, start=1)]
    for course in courses:
        course.go_on_from(keeping.read(course.number))
    courses[0].furthest = max(courses, key=lambda each: each.at.step).at
    _train(courses, fit, listen, keeping)
    members = [course.member(course.outcome.done) for course in courses if course.outcome.done is not None]
    failed = [course.outcome.error for course in courses if course.outcome.error is not None]
    if not members and failed:
        raise failed[0]
    if len(members) + len(failed) < len(courses):
        which = f"{len(courses) - len(members) - len(failed)} of {len(courses)} networks"
        listen(Warned(f"{which} had not begun when training ended: they are left out of what is kept."))
    if failed:
        listen(Warned(f"{len(failed)} of {len(individuals)} networks failed and are left out. {failed[0]}"))
    return members


def _train(courses: "list[_Course]", fit: Fit, listen: Listener, keeping: Keeping) -> None:
    """From one checkpoint to the next, until each has come to its end or all are to stop.

    Those that are trained one after the other share the time there is.
    """
    in_turn = len(courses) > 1
    while courses:
        seconds = min(keeping.seconds, keeping.left() / len(courses) if in_turn else math.inf)
        outcomes = fit([course.individual_until(seconds, keeping.ends) for course in courses])
        in_turn = any(outcome.together < len(courses) for outcome in outcomes)
        for course, outcome in zip(courses, outcomes, strict=True):
            course.leave(outcome)
        try:
            for course in courses:
                if course.individual.state is not None:
                    keeping.write(course.number, course.individual.state)
        except OSError as error:
            listen(Warned(f"No checkpoint could be written ({error}). Training goes on without."))
            keeping = replace(keeping, folder=None, seconds=math.inf)
        courses = [course for course in courses if course.is_paused]
        if keeping.ends():
            for course in courses:
                course.end()
            return


@dataclass(frozen=True)
class _Place:
    epoch: int = 0
    step: int = 0


class _Course:
    """One of the networks while it is trained: hands on what it tells as if it had never paused."""

    def __init__(self, number: int, members: int, individual: Individual, listen: Listener) -> None:
        self.number, self.individual, self.outcome = number, individual, Outcome()
        self._members, self._listen = members, listen
        self._begun, self._began = False, math.inf
        self.at = self.furthest = _Place()

    def go_on_from(self, state: Checkpoint | None) -> None:
        """From a checkpoint, not from the first weights."""
        if state is not None:
            self.individual = replace(self.individual, state=state)
            self.at = _Place(state.epoch, state.step)

    def individual_until(self, seconds: float, ends: Callable[[], bool]) -> Individual:
        """It, to be trained for so many seconds from its own beginning, or until all are to stop."""
        self._began = math.inf

        def pauses() -> bool:
            return ends() or time.perf_counter() - self._began > seconds

        return replace(self.individual, listen=self, should_stop=pauses)

    def leave(self, outcome: Outcome) -> None:
        """It is at an end, or paused; or all were to stop before it went on."""
        if outcome.done is not None or outcome.error is not None:
            self.outcome = outcome
        if outcome.state is not None:
            self.individual = replace(self.individual, state=outcome.state)

    def end(self) -> None:
        """What was a pause is the end."""
        if self.outcome.done is not None:
            self._tell(self.outcome.done)

    @property
    def is_paused(self) -> bool:
        """Whether it has further epochs before it."""
        return self.outcome.done is not None and self.outcome.done.reason == "stopped"

    def member(self, done: FitDone) -> Member:
        """What became of it."""
        return Member(self.number, self.individual.model, done, judged_by(done.metrics))

    def __call__(self, event: Event) -> None:
        if isinstance(event, FitStarted):
            self._began = time.perf_counter()
            if self._begun:
                return
            self._begun = True
            if self.number == 1:  # said of one, it holds for all
                self._listen(replace(event, epoch=self.furthest.epoch, step=self.furthest.step))
        elif isinstance(event, Warned):
            self._listen(event)
        if not (isinstance(event, FitDone) and event.reason == "stopped"):
            self._tell(event)

    def _tell(self, event: Event) -> None:
        self._listen(OfMember(self.number, self._members, event))
