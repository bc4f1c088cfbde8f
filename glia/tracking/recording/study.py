"""A study as it is recorded: a run with trials, each of them a run to whoever reads, in one folder and one log.

A trial costs a few records in the segment of the process that runs it: no folder, no file, no thread. It gets a folder
within the study's when it has files. Several processes may work on one study; each writes a segment of its own, and
they take turns to begin trials (`alone`).
"""

import contextlib
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from glia.errors import ConfigError
from glia.store.locking import file_lock
from glia.tracking.folder.home import STUDY, TRIALS, trial_of
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import VALUE, TrialBook, TrialFacts, TrialReader
from glia.tracking.log.records import ProposalRecord, StateRecord, TrialRecord, Written
from glia.tracking.log.values import to_step
from glia.tracking.recording.recorder import RunRecorder
from glia.tracking.recording.scribe import Scribe, check_state

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = "study.lock"


class StudyRecorder(RunRecorder):
    """Records one study from one process. Make one with `create` or `reopen`."""

    KIND = STUDY

    def __init__(self, folder: Path, *, run_id: str, name: str) -> None:
        super().__init__(folder, run_id=run_id, name=name)
        self._lock_file = folder / LOCK
        self._folder_of_trials = folder / TRIALS
        self._turn = threading.RLock()  # of the threads that ask for trials
        self._book: TrialBook | None = None  # once somebody asks
        self._reader: RunReader | None = None  # of the numbers, once a trial is gone on with
        self._attempts: dict[int, int] = {}  # by trial that was begun here
        self._inside = False  # a thread of this process is in `alone`
        self._up_to_date = False  # since it is: nobody else can have begun a trial

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While inside, no other thread or process is inside with this study: to ask what to try next and begin it.

        Not to be held while training. Waits for its turn; who is inside may enter again.
        """
        with _claiming:
            if self._inside:
                yield
                return
            with _locked(self._lock_file):
                self._inside, self._up_to_date = True, False
                try:
                    yield
                finally:
                    self._inside = False

    def trials(self) -> list[TrialFacts]:
        """How each trial stands that was begun, by number; of one begun again the last time counts."""
        with self._turn:
            return self._read_on().facts()

    def changes(self) -> list[TrialFacts]:
        """How those trials stand of which something is new since this was asked last."""
        with self._turn:
            return self._read_on().changes()

    def proposals(self) -> list[ProposalRecord]:
        """What was proposed from outside and nobody has begun: for who is `alone`, to begin it."""
        with self._turn:
            return self._read_on().proposals

    def begin(self, number: int, settings: Mapping[str, Any], **said: Any) -> "TrialRecorder":
        """Begin a trial: from now on it runs. If it was begun before, what was recorded of it then is void.

        Args:
            number: of the trial, from 0 on.
            settings: what differs from the study's recipe, by dotted names.
            said: what else is to be known of it later.

        Raises:
            ConfigError: `number` is none.
        """
        if to_step(number) < 0:
            raise ConfigError(f"A trial has a number from 0 on, not {number}.")
        with self.alone(), self._turn:
            book = self._book if self._book is not None and self._up_to_date else self._read_on()
            attempt = 1 + max(book.attempts(number), self._attempts.get(number, 0))
            self._attempts[number] = attempt
            trial = TrialRecorder(self, number, attempt)
            if attempt > 1:
                shutil.rmtree(trial.folder / "model", ignore_errors=True)  # it came of what is void now
            trial._say(TrialRecord(settings=settings, said=said))
        return trial

    def trial(self, number: int) -> "TrialRecorder":
        """Go on with a trial that trains in parts, or add something after its end.

        Between its parts say `state("queued")`, so that it needs no process; with each, `state("running")`.

        Raises:
            NotFoundError: no such trial was begun.
        """
        with self._turn:
            if self._reader is None:
                self._reader = RunReader(self.folder)
            else:
                self._reader.refresh()
            before = TrialReader(self._reader, number)
        trial = TrialRecorder(self, number, before.attempt)
        trial._continue(before)
        return trial

    def after_fork(self) -> None:
        """This is a child of the process that recorded so far: what it logs goes into a segment of its own."""
        super().after_fork()
        self._turn, self._inside = threading.RLock(), False

    def _read_on(self) -> TrialBook:
        if self._book is None:
            self._book = TrialBook(self.folder)
        else:
            self._book.refresh()
        self._up_to_date = self._inside
        return self._book


class TrialRecorder(Scribe):
    """Records one trial of a study into the study's log. Made by `StudyRecorder.begin` and `trial`.

    Args:
        study: records the study.
        number: of the trial.
        attempt: how often it was begun.
    """

    def __init__(self, study: StudyRecorder, number: int, attempt: int) -> None:
        about = {"trial": number, "attempt": attempt}
        folder = study._folder_of_trials / str(number)
        super().__init__(study._journal, folder, f"{study.id}/{number}", f"{study.name}/{number}", about)
        self.number = number
        self.attempt = attempt
        self._study = study
        self._closes_study = False

    def state(self, state: Written, reason: str = "") -> None:
        """Say how the trial stands. It runs since it was begun, and the death of the process that said so ends it.

        Raises:
            ConfigError: not a state that can be said.
        """
        check_state(state)
        self._say(StateRecord(state=state, reason=reason))

    def end(self, state: Written = "done", reason: str = "", *, value: float | None = None) -> None:
        """Say how the trial ended.

        Args:
            state: how.
            reason: why.
            value: what the search goes by; kept in the summary as `value`.
        """
        if value is not None:
            self.summary({VALUE: value})
        self.state(state, reason)

    @property
    def stop_asked(self) -> str:
        """Who asked from outside that the study stop, and why; empty as long as nobody did."""
        self.stop_heard = self._study.stop_asked
        return self.stop_heard

    def close(self) -> None:
        """Stop recording the trial; the study's log stays open unless it was opened for this."""
        self._streams = {}
        if self._closes_study:
            self._study.close()


def reopen(folder: Path) -> Scribe:
    """Go on with the run or trial whose folder this is, or change something after its end.

    Raises:
        NotFoundError: there is no such run or trial.
    """
    place = trial_of(folder)
    if place is None:
        return RunRecorder.reopen(folder)
    trial = StudyRecorder.reopen(place[0]).trial(place[1])
    trial._closes_study = True
    return trial


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that a forked child does not inherit. Where no file can be made nobody else can record, either."""
    if fcntl is None:
        with file_lock(path):
            yield
        return
    descriptor = -1
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if descriptor >= 0:
            os.close(descriptor)


_claiming = threading.RLock()  # such a lock knows processes, not threads


def _after_fork() -> None:
    global _claiming
    _claiming = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
