"""A run read from its folder, whoever writes it and whether or not it has ended."""

import contextlib
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from glia.errors import DataError, NotFoundError, did_you_mean
from glia.tracking.capture.console import Line, read_console
from glia.tracking.folder.account import Account, derive, explain, moment
from glia.tracking.folder.folders import FORMAT
from glia.tracking.folder.home import STUDY
from glia.tracking.log.columns import NAME as COLUMNS
from glia.tracking.log.columns import Columns, DamagedError
from glia.tracking.log.curves import Curve, OutdatedError, Series
from glia.tracking.log.liveness import Process, is_alive, is_held
from glia.tracking.log.records import (
    PROPOSAL,
    ChecksumRecord,
    ProposalRecord,
    Record,
    State,
    StreamRecord,
    from_text,
    loads,
)
from glia.tracking.log.remarks import remark
from glia.tracking.log.segment_reader import News, SegmentReader
from glia.tracking.log.segments import slots_of_text


class RunReader(Account):
    """All that a run's folder says. `refresh` brings it up to date; until then nothing changes.

    Of a study it tells what is said of the study itself, and has the accounts of its trials: `TrialReader` reads one.
    A reader serves one thread at a time; those that share one hold its `lock`.

    Args:
        folder: `runs/<id>`.

    Raises:
        NotFoundError: there is no run in that folder.
        DataError: its run.json is damaged.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.lock = threading.RLock()
        self._log = folder / "log"
        facts = read_facts(folder)
        try:
            self.id = str(facts["id"])
            self.name = str(facts["name"])
            self.project = str(facts["project"])
            self.kind = str(facts["kind"])
            self.parent: str | None = facts["parent"]
            self.created = datetime.fromisoformat(facts["created"])
            self.process = Process.read(facts["process"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"'{folder / 'run.json'}' is damaged: {error!r} is missing or wrong.") from None
        self._recipe_toml = ""
        self._trials: dict[int, Account] = {}
        self._restarts = 0  # how often the log was read anew
        self._segments: dict[str, SegmentReader] = {}
        self._streams: dict[str, dict[int, tuple[Account | None, str]]] = {}  # by segment and number: whose, and name
        self._problems: dict[str, str] = {}
        self._columns: Columns | None = None  # what was read before by somebody else, see `compaction`
        self._open_columns()
        self.refresh()

    def refresh(self) -> bool:
        """Read what is new in the folder; whether there was anything. Cheap when there is not."""
        try:
            return self._read_on()
        except OutdatedError:
            self._read_without_columns()
            return True

    def _read_on(self) -> bool:
        self._find_segments()
        changed = False
        for name, segment in self._segments.items():
            try:
                for news in segment.refresh():
                    if self._columns and name in self._columns.segments:  # which had ended
                        raise OutdatedError
                    changed = True
                    self._take(name, segment, news)
            except DataError as error:
                changed = changed or name not in self._problems
                self._problems[name] = str(error)
        return changed

    # Numbers

    def metrics(self, name: str, since: int = 0) -> Series:
        """The points of a metric by step and time.

        Args:
            name: such as `validation/accuracy`.
            since: leave out the first so many that were read (see `count`), to get only what is new. When
                `generation` has grown, begin again at 0.

        Raises:
            NotFoundError: no such metric.
        """
        return self._of_curve(name, lambda curve: curve.series(since))

    def drawn(self, name: str, points: int = 2000, *, first: int | None = None, last: int | None = None) -> Series:
        """Points of a metric that draw the line of all: the extremes of each stretch survive, and gaps do.

        Args:
            name: such as `validation/accuracy`.
            points: at most so many (never fewer than 10): two for each pixel of a plot are enough.
            first: the first step; None: from the beginning.
            last: the last step; None: to the end.

        Raises:
            NotFoundError: no such metric.
        """
        return self._of_curve(name, lambda curve: curve.drawn(points, first, last))

    # Trials

    @property
    def trials(self) -> Mapping[int, Account]:
        """Of a study what was said of each trial that was begun, by number; in the order in which they were read."""
        return {number: account for number, account in self._trials.items() if account.begun is not None}

    def trial(self, number: int) -> Account:
        """What was said of a trial.

        Raises:
            NotFoundError: no such trial was begun.
        """
        account = self._trials.get(number)
        if account is not None and account.begun is not None:
            return account
        there = sorted(self.trials)
        known = f"Its trials are {there[0]} to {there[-1]}." if there else "It has none yet."
        raise NotFoundError(f"Study '{self.name}' has no trial {number}. {known}")

    @property
    def proposals(self) -> list[ProposalRecord]:
        """Of a study the trials that somebody proposed and nobody has begun, in the order in which they came."""
        newest = {each.id: each for each in self._all(ProposalRecord)}
        if not newest:
            return []
        begun = {each.begun.said.get(PROPOSAL) for each in self._trials.values() if each.begun is not None}
        return [each for each in newest.values() if not each.withdrawn and each.id not in begun]

    # Facts and state

    @property
    def warnings(self) -> list[str]:
        """What the user should know, and what of the folder could not be read."""
        return [*super().warnings, *self._problems.values()]

    @property
    def state(self) -> State:
        """How it stands now. Whether an unfinished run still lives is asked each time."""
        return derive(self.said, *self.witness)

    @property
    def reason(self) -> str:
        """Why it is in that state."""
        return explain(self.state, self.said_reason, self.witness[0])

    @property
    def witness(self) -> tuple[Process, Path]:
        """The process whose life decides about an unfinished run, and its lock: the one that spoke last.

        Of a study, on which several may work, another that said it runs will do if that one is gone.
        """
        last = self.speaker or (self.process, self.folder / "log" / "none.lock")
        if self.kind != STUDY or self.said != "running" or is_alive(*last):
            return last
        others = [
            (segment.header.process, segment.lock)
            for record, segment in self._stated_by.values()
            if record.state == "running" and segment.header
        ]
        return next((each for each in others if is_alive(*each)), last)

    @property
    def updated(self) -> datetime:
        """When something was last recorded."""
        return max(self.created, moment(self.newest))

    @property
    def positions(self) -> dict[str, tuple[int, int]]:
        """By segment file: slots read, and the salt; with these `has_slot` tells whether there is more."""
        return {name: (each.slots, each.header.salt) for name, each in self._segments.items() if each.header}

    @property
    def stored(self) -> Mapping[str, tuple[int, int]]:
        """The same of the segments whose values are in columns, so that none of them was read."""
        return self._columns.segments if self._columns else {}

    @property
    def held(self) -> int:
        """How many slots of the log were read into memory: those that are in columns are not."""
        return sum(each.slots - self.stored.get(name, (0, 0))[0] for name, each in self._segments.items())

    def at_rest(self) -> bool:
        """Whether no process writes to this run any more, as far as can be known; another may begin to."""
        begun = [each for each in self._segments.values() if each.header is None]
        writers = [(each.header.process, each.lock) for each in self._segments.values() if each.header]
        return not any(is_held(each.lock) for each in begun) and all(
            is_alive(process, lock) is False for process, lock in writers or [self.witness]
        )

    def remark(self, record: Record) -> None:
        """Add to the run what somebody says who does not record it; when this returns it is on disk.

        Raises:
            StoreError: it cannot be written.
        """
        remark(self.folder, record, after=self.latest)

    # Files

    @property
    def recipe_toml(self) -> str:
        """The complete recipe, which never changes; empty for a loop of one's own."""
        if not self._recipe_toml:  # each of a study's trials asks for it
            with contextlib.suppress(OSError):
                self._recipe_toml = (self.folder / "recipe.toml").read_text(encoding="utf-8")
        return self._recipe_toml

    @property
    def environment(self) -> dict[str, Any]:
        """Python, packages, machine; empty if they were not recorded."""
        return _read_json(self.folder / "environment.json")

    @property
    def source(self) -> dict[str, Any]:
        """Commit, changes, command; empty if they were not recorded."""
        return _read_json(self.folder / "source.json")

    def console(self, last: int | None = None) -> list[Line]:
        """What was printed: all of it, or the last lines."""
        return read_console(self.folder / "console", last)

    def _of_curve(self, name: str, read: Callable[[Curve], Series]) -> Series:
        if name not in self._curves:
            raise NotFoundError(f"Run '{self.name}' has no metric '{name}'.{did_you_mean(name, self._names())}")
        try:
            return read(self._curves[name])
        except DamagedError as error:
            self._read_without(error)
            return read(self._curves[name])

    def _read_without(self, damage: DamagedError) -> None:
        self._problems[COLUMNS] = str(damage)
        self._read_without_columns()

    def _open_columns(self) -> None:
        """Begin with what is in columns, if they were made of the beginning of this log."""
        try:
            columns = Columns(self.folder / COLUMNS)
        except DamagedError as error:
            self._problems[COLUMNS] = str(error)
            return
        except OSError:
            return
        log = self.folder / "log"
        ended = {name: SegmentReader.after(log / name, *end) for name, end in columns.segments.items()}
        found = {name: segment for name, segment in ended.items() if segment is not None}
        if len(found) < len(ended):
            return
        self._segments = found
        self._streams = {name: {} for name in found}
        for name, slot, text in columns.texts:
            self._hear(found[name], slot, text.encode())
        for name, owner, stored in columns.metrics():
            account = self._account(owner.trial, owner.attempt)
            if account is not None:
                account._curves[name] = Curve(stored if stored.count else None)
                account._directions[name] = owner.direction
        self.generation = columns.generation
        for account in self._trials.values():
            account.generation += len(account._rewound)
        self._columns = columns

    def _read_without_columns(self) -> None:
        self._restarts += 1
        generation = self.generation + 1
        Account.__init__(self, generation=generation)
        self._columns = None
        for each in (self._segments, self._streams, self._trials):
            each.clear()
        self._read_on()

    def _find_segments(self) -> None:
        try:
            found = sorted(name for name in os.listdir(self._log) if name.endswith(".log"))
        except OSError:
            return
        for name in found:
            if name not in self._segments:
                self._segments[name] = SegmentReader(self._log / name)
                self._streams[name] = {}

    def _take(self, name: str, segment: SegmentReader, news: News) -> None:
        for slot, text in news.texts:
            self._hear(segment, slot, text)
        if not len(news.values):
            return
        streams = news.values["stream"]
        order = np.argsort(streams, kind="stable")
        borders = np.flatnonzero(np.diff(streams[order])) + 1
        for where in np.split(order, borders):
            stream = int(streams[where[0]])
            account, metric = self._streams[name].get(stream, (self, f"unnamed/{stream}"))
            if account is not None:
                account.take(metric, name, news, where)

    def _hear(self, segment: SegmentReader, slot: int, text: bytes) -> None:
        record = from_text(text)
        if record is None or isinstance(record, ChecksumRecord):
            return
        account = self._account(record.trial, record.attempt)
        if isinstance(record, StreamRecord):
            self._streams[segment.path.name][record.id] = (account, record.name)
        if account is not None:
            account.hear(segment, slot, slot + slots_of_text(len(text)), record)

    def _account(self, trial: int | None, attempt: int) -> Account | None:
        """Whose it is; None for what belongs to a trial that was begun again since."""
        if trial is None:
            return self
        account = self._trials.get(trial)
        if account is None or attempt > account.attempt:
            account = self._trials[trial] = Account(attempt, attempt + self._restarts)
        return account if attempt == account.attempt else None


def read_facts(folder: Path) -> dict[str, Any]:
    """What a run's `run.json` says.

    Raises:
        NotFoundError: there is none in that folder.
        DataError: it is damaged, or in a format that only a newer Glia reads.
    """
    try:
        facts = loads((folder / "run.json").read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"There is no run in '{folder}': it has no run.json.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"'{folder / 'run.json'}' cannot be read: {error}.") from None
    if not isinstance(facts, dict):
        raise DataError(f"'{folder / 'run.json'}' is damaged: it holds no object.")
    if facts.get("format", FORMAT) != FORMAT:
        raise DataError(
            f"'{folder}' is a run in format {facts['format']}, and this Glia reads format {FORMAT}. "
            "Upgrade Glia: pip install --upgrade glia"
        )
    return facts


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
