"""The trials of a study: to every reader a trial is a run, though it has no folder and no segment of its own.

What is said of all of them lies in the study's log. A reader of one trial shares the reading of that log with the
readers of the others, and keeps what it said when it was last asked to `refresh`.
"""

import os
import threading
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from glia.errors import ConfigError
from glia.recipe import Recipe, from_toml
from glia.tracking.folder.account import Account, derive, explain, moment
from glia.tracking.folder.home import TRIAL, TRIALS, trial_of
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.columns import DamagedError
from glia.tracking.log.liveness import Process, is_alive
from glia.tracking.log.records import ENDS, DataRecord, Record, State, TrialRecord
from glia.tracking.log.remarks import remark
from glia.tracking.log.segment_reader import News, SegmentReader

VALUE = "value"  # in a trial's summary: what the search goes by
_STRUCTURE = ("model.name", "model.size")  # what other params there are depends on these


@dataclass(frozen=True)
class TrialFacts:
    """How a trial stands.

    Args:
        number: of the trial in its study.
        settings: what differs from the study's recipe.
        state: `running`, `done` …; of one whose process died `crashed`.
        reason: why.
        value: what the search goes by; None until it is said, and for a trial that came to nothing.
        summary: what it came to.
        said: what else was said when it was begun.
        attempt: how often it was begun.
    """

    number: int
    settings: Mapping[str, Any]
    state: State
    reason: str = ""
    value: float | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    attempt: int = 1


class TrialReader(RunReader):
    """One trial, read as a run is. `refresh` brings it up to date; readers of one study may be of different threads.

    Args:
        study: reads the study's log; others may share it.
        number: of the trial.

    Raises:
        NotFoundError: no such trial was begun.
    """

    def __init__(self, study: RunReader, number: int) -> None:
        Account.__init__(self)  # not RunReader's: there is no folder to read
        self.study, self.number = study, number
        self.lock = study.lock
        self.folder = study.folder / TRIALS / str(number)
        self.id = f"{study.id}/{number}"
        self.name = f"{study.name}/{number}"
        self.project, self.kind, self.parent = study.project, TRIAL, study.id
        self._problems = study._problems
        self._adopt()

    def refresh(self) -> bool:
        """Read what is new in the study's log; whether there was anything about this trial."""
        with self.lock:
            self.study.refresh()
            return self._adopt()

    @property
    def settings(self) -> dict[str, Any]:
        """What differs from the study's recipe."""
        return dict(self._begun.settings)

    @property
    def params(self) -> dict[str, Any]:
        """Those of the study's recipe with this trial's settings laid over it, and what was added."""
        below = params_of(self.study.recipe_toml, self._study_params, self._begun.settings)
        return {**below, **super().params}

    @property
    def recipe_toml(self) -> str:
        """The study's recipe with this trial's settings laid over it; empty for a loop of one's own."""
        found = _read(self.study.recipe_toml)
        try:
            return found[0].with_settings(self._begun.settings).toml() if found else ""
        except ConfigError:  # of a recipe that is no more, or settings of which it knows nothing
            return ""

    @property
    def data(self) -> DataRecord | None:
        """The data it works on: the study's, if nothing else was said."""
        return super().data or self._study_data

    @property
    def environment(self) -> dict[str, Any]:
        """Python, packages, machine: the study's."""
        return self.study.environment

    @property
    def source(self) -> dict[str, Any]:
        """Commit, changes, command: the study's."""
        return self.study.source

    @property
    def positions(self) -> dict[str, tuple[int, int]]:
        """Of the study's log."""
        return self.study.positions

    @property
    def stored(self) -> Mapping[str, tuple[int, int]]:
        """Of the study's log."""
        return self.study.stored

    @property
    def held(self) -> int:
        """How many slots of the study's log were read into memory."""
        return self.study.held

    def at_rest(self) -> bool:
        """Whether it has ended, or the process that ran it is gone."""
        return self.said in ENDS or is_alive(*self.witness) is False

    def remark(self, record: Record) -> None:
        """Add to the trial what somebody says who does not record it; when this returns it is on disk.

        Raises:
            StoreError: it cannot be written.
        """
        about = replace(record, trial=self.number, attempt=self.attempt)
        remark(self.study.folder, about, after=self.latest)

    def _adopt(self) -> bool:
        with self.lock:
            account = self.study.trial(self.number)
            if (account.generation, account.touched) == (self.generation, self.touched):
                return False
            self.adopt(account)
            self._study_params, self._study_data = self.study.params, self.study.data
            self._begun = account.begun or TrialRecord()
            self.created = moment(self._begun.time)
            self.process = self.speaker[0] if self.speaker else self.study.process
            return True

    def _read_without(self, damage: DamagedError) -> None:
        with self.lock:
            self.study._read_without(damage)
            self._adopt()


class TrialBook(RunReader):
    """Which trials a study has and how they stand. Reads on where it stopped, and no numbers.

    Args:
        folder: of the study.
    """

    def __init__(self, folder: Path) -> None:
        self._heard_of: set[int] = set()  # since the facts below were made
        self._facts: dict[int, TrialFacts] = {}
        self._changed: set[int] = set()  # since somebody asked for changes
        self._unfinished: set[int] = set()
        super().__init__(folder)

    def attempts(self, number: int) -> int:
        """How often a trial was begun."""
        account = self._trials.get(number)
        return account.attempt if account else 0

    def facts(self) -> list[TrialFacts]:
        """How each trial stands, as far as it is read, by number."""
        self._bring_up_to_date()
        return list(self._facts.values())

    def changes(self) -> list[TrialFacts]:
        """How those stand of which something is new since this was asked last, by number."""
        self._bring_up_to_date()
        changed = [self._facts[number] for number in sorted(self._changed)]
        self._changed.clear()
        return changed

    def _bring_up_to_date(self) -> None:
        lives: dict[tuple[str, Path], State] = {}
        last, in_order = next(reversed(self._facts), -1), True
        for number in sorted(self._heard_of | self._unfinished):
            account = self._trials[number]
            begun, speaker = account.begun, account.speaker
            if begun is None or speaker is None:
                continue
            key = account.said, speaker[1]
            if key not in lives:
                lives[key] = derive(account.said, *speaker)
            state, before = lives[key], self._facts.get(number)
            if number in self._heard_of or before is None or before.state != state:
                self._facts[number] = _facts_of(number, begun, account, state, speaker[0])
                self._changed.add(number)
                in_order = in_order and (before is not None or number > last)
                last = max(last, number)
            (self._unfinished.discard if account.said in ENDS else self._unfinished.add)(number)
        self._heard_of.clear()
        if not in_order:
            self._facts = dict(sorted(self._facts.items()))

    def _open_columns(self) -> None:
        """The log has all that is asked here."""

    def _take(self, name: str, segment: SegmentReader, news: News) -> None:
        for slot, text in news.texts:
            if not text.startswith(b'{"type":"stream"'):
                self._hear(segment, slot, text)

    def _account(self, trial: int | None, attempt: int) -> Account | None:
        if trial is not None:
            self._heard_of.add(trial)
        return super()._account(trial, attempt)


def facts_of(study: RunReader, numbers: Iterable[int] | None = None) -> list[TrialFacts]:
    """How trials stand, all of them or some. Who asks again and again keeps a `TrialBook`."""
    trials = study.trials
    lives: dict[tuple[str, Path], State] = {}
    found = []
    for number in trials if numbers is None else numbers:
        account = trials[number]
        if account.begun is None or account.speaker is None:
            continue
        process, lock = account.speaker
        if (account.said, lock) not in lives:
            lives[account.said, lock] = derive(account.said, process, lock)
        found.append(_facts_of(number, account.begun, account, lives[account.said, lock], process))
    return found


def read_run(folder: Path) -> RunReader:
    """A reader of the run or trial whose folder this is (see `home.run_folder`).

    Raises:
        NotFoundError: there is no such run or trial.
        DataError: its run.json is damaged.
    """
    place = trial_of(folder)
    if place is None:
        return RunReader(folder)
    with _guard:
        study = _studies.get(place[0])
        if study is None:
            study = _studies[place[0]] = RunReader(place[0])
            return TrialReader(study, place[1])
    with study.lock:
        study.refresh()
        return TrialReader(study, place[1])


def params_of(recipe_toml: str, params: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The params of a trial.

    Args:
        recipe_toml: of its study; empty if there is none.
        params: of the study, which count where there is no recipe.
        settings: of the trial.
    """
    found = _read(recipe_toml) if recipe_toml else None
    if found is None:
        return {**params, **settings}
    recipe, flat = found
    if any(name not in flat or name in _STRUCTURE or isinstance(settings[name], Mapping) for name in settings):
        try:
            return recipe.with_settings(settings).params()
        except ConfigError:  # a table of values may have columns that no recipe has
            pass
    return {**flat, **settings}


def _facts_of(number: int, begun: TrialRecord, account: Account, state: State, process: Process) -> TrialFacts:
    summary = account.summary
    value = summary.get(VALUE)
    return TrialFacts(
        number=number,
        settings=begun.settings,
        state=state,
        reason=explain(state, account.said_reason, process),
        value=float(value) if isinstance(value, int | float) else None,
        summary=summary,
        said=begun.said,
        attempt=account.attempt,
    )


@lru_cache(maxsize=8)
def _read(recipe_toml: str) -> tuple[Recipe, dict[str, Any]] | None:
    try:
        recipe = from_toml(recipe_toml)
    except (ConfigError, ValueError):  # of an older or newer Glia
        return None
    return recipe, recipe.params()


_guard = threading.RLock()
_studies: "weakref.WeakValueDictionary[Path, RunReader]" = weakref.WeakValueDictionary()  # for trials read in turn


def _after_fork() -> None:
    global _guard, _studies
    _guard, _studies = threading.RLock(), weakref.WeakValueDictionary()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
