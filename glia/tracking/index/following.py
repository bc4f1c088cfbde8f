"""Keeps the index in step with the folders, looking at as little as will do.

A run is *settled* when nobody writes to its segments any more: what changes later stands in a new segment, and making
one changes the time of the folder `log`. So at every look only these are asked: the folder of all runs, whether its
time tells of runs that are new or gone; and each unsettled run, whether its segments have grown. The folders of the
settled are looked at too, if there are few runs. Else, since thousands take a while (75,000: 0.3 s, and seconds when
the disk has to be asked), at the first look of a process and then at most a twentieth of the time: a tag that another
process sets on a run that ended long ago is noticed some seconds later, all else at once.

A study's trials lie in its log: when that has grown, those of which something new is said are written anew.
"""

import os
import random
import stat
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, or_, select

from glia.errors import GliaError
from glia.store.database import Database
from glia.store.schema import details, runs
from glia.tracking.folder.home import STUDY, runs_folder
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import TrialReader
from glia.tracking.index.entries import Entry, entry_of, shared_params
from glia.tracking.index.filing import Names, file
from glia.tracking.log.liveness import Process, is_alive
from glia.tracking.log.records import ENDS
from glia.tracking.log.segment_reader import has_slot

FEW_RUNS = 1000
PATIENCE = 20  # times as long as a look at all folders took, until the next
KEPT_OPEN = 64
RECENTLY_NS = 1_000_000_000  # a folder may change again within the same tick of the file system's clock
DAY_NS = 86_400 * 10**9
MOST_FACTS = 200_000  # written in one transaction


@dataclass(frozen=True)
class Pending:
    """How to see whether an unsettled run says more than its row."""

    positions: Mapping[str, tuple[int, int]]  # by segment: slots read, salt
    witness: Mapping[str, Any]


@dataclass
class _Known:
    """What a database says, as far as it matters for what to look at."""

    identity: int = 0
    names: Names = field(default_factory=Names)
    loaded: bool = False  # the rest, which takes longer, and which lists do not need
    changed: dict[str, int] = field(default_factory=dict)  # by run: the time of its folder `log`
    pending: dict[str, Pending] = field(default_factory=dict)
    filed: dict[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)  # by study: positions, as above


class Follower:
    """Brings a database up to date with the runs of a home, again and again. Serves one thread at a time.

    Args:
        home: the `.glia` folder.
    """

    def __init__(self, home: Path) -> None:
        self._folder = runs_folder(home)
        self._known = _Known()
        self._listed: int | None = None  # the time of the folder of all runs when it was last listed
        self._looked, self._cost = 0.0, 0.0  # when all folders were last looked at, and how long that took
        self._readers: OrderedDict[str, RunReader] = OrderedDict()  # of runs that may still be written to

    def names(self, connection: Connection) -> Names:
        """The names of facts in that database."""
        self._recognize(connection)
        self._known.names.refresh(connection)
        return self._known.names

    def refresh(self, database: Database) -> int:
        """Bring it up to date; its mark, which whoever writes something changes."""
        with database.read() as connection:
            mark = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            self._load(connection)
        entries: list[Entry] = []
        held = 0
        looks, gone = self._look()
        for name, changed in looks:
            for entry in self._read(name, changed):
                entries.append(entry)
                held += len(entry.last) + len(entry.own_params)
                if held > MOST_FACTS:
                    mark = self._write(database, entries, [])
                    entries, held = [], 0
        return self._write(database, entries, gone) if entries or gone else mark

    def _recognize(self, connection: Connection) -> None:
        """Forget what was known of another database, if this is not the one that was read before."""
        identity = int(connection.exec_driver_sql("PRAGMA application_id").scalar_one())
        if not identity or identity != self._known.identity:
            self._known, self._listed, self._looked = _Known(identity), None, 0.0

    def _load(self, connection: Connection) -> None:
        """Read what the database knows already."""
        self._recognize(connection)
        known = self._known
        if known.loaded:
            return
        query = select(runs.c.id, runs.c.log_changed).where(runs.c.number > 0)  # no trials
        known.changed = {row.id: row.log_changed for row in connection.execute(query)}
        told = select(runs.c.id, runs.c.settled, runs.c.kind, details.c.positions, details.c.witness)
        told = told.join(details, details.c.run == runs.c.number).where(runs.c.number > 0)
        for row in connection.execute(told.where(or_(runs.c.settled.is_(False), runs.c.kind == STUDY))):
            if not row.settled:
                known.pending[row.id] = Pending(row.positions, row.witness)
            if row.kind == STUDY:
                known.filed[row.id] = row.positions
        known.loaded = True

    def _look(self) -> tuple[Iterator[tuple[str, int]], list[str]]:
        """Runs worth reading, each with the time of its folder `log`; and those that are gone."""
        known = self._known
        began = time.monotonic()
        listed = _changed(self._folder)
        if len(known.changed) <= FEW_RUNS or not self._looked or began - self._looked >= PATIENCE * self._cost:
            there = {name: _changed(f"{self._folder}/{name}/log") for name in _listing(self._folder)}
            self._looked = time.monotonic()
            self._cost = self._looked - began
        elif listed != self._listed or time.time_ns() - listed < RECENTLY_NS:
            there = {name: known.changed.get(name, -1) for name in _listing(self._folder)}
        else:
            return self._worth_reading([], list(known.pending)), []
        self._listed = listed
        gone = [name for name in known.changed if name not in there]
        new = [name for name, changed in there.items() if known.changed.get(name) != changed]
        return self._worth_reading(new, [name for name in known.pending if name in there]), gone

    def _worth_reading(self, new: list[str], pending: list[str]) -> Iterator[tuple[str, int]]:
        """Those that are new, and of the unsettled what has grown."""
        known = self._known
        for name in dict.fromkeys([*new, *pending]):
            changed = _changed(f"{self._folder}/{name}/log")
            if known.changed.get(name) != changed or self._says_more(name):
                yield name, changed

    def _says_more(self, name: str) -> bool:
        """Whether an unsettled run says more than its row, or ended since, so that nobody needs to look again."""
        pending = self._known.pending.get(name)
        if pending is None:
            return False
        log = self._folder / name / "log"
        if any(has_slot(log / segment, slots, salt) for segment, (slots, salt) in pending.positions.items()):
            return True
        return is_alive(*witness_of(self._folder, name, pending.witness)) is False

    def _read(self, name: str, changed: int) -> Iterator[Entry]:
        """What the index should say of a run and of its trials; nothing if its folder cannot be read."""
        try:
            reader = self._reader(name)
            reader.refresh()
            rests = reader.at_rest()  # asked before the last reading: what is read then is all there is
            reader.refresh()
        except GliaError:
            return
        age = time.time_ns() - changed
        if reader.said in ENDS and age > DAY_NS and is_alive(*reader.witness) is None:
            rests = True  # of another machine; nobody goes on with a run after a day without a new segment
        settled = rests and age > RECENTLY_NS
        if settled:
            self._readers.pop(name, None)
        shared = shared_params(reader) if reader.kind == STUDY else {}
        for number in _touched(reader, self._known.filed.get(name, {})):
            trial = TrialReader(reader, number)
            yield entry_of(trial, log_changed=changed, settled=settled or trial.said in ENDS, shared=shared)
        # After its trials: with this row they count as written.
        yield entry_of(reader, log_changed=changed, settled=settled)

    def _write(self, database: Database, entries: list[Entry], gone: Iterable[str]) -> int:
        known, self._known = self._known, _Known()  # as if nothing were known, in case that this fails
        mark = random.SystemRandom().randrange(1, 1 << 31)
        with database.write() as connection:
            identity = int(connection.exec_driver_sql("PRAGMA application_id").scalar_one())
            ours = identity == known.identity
            if not identity:
                identity = random.SystemRandom().randrange(1, 1 << 31)
                connection.exec_driver_sql(f"PRAGMA application_id = {identity}")
            file(connection, known.names if ours else Names(), entries, gone)
            connection.exec_driver_sql(f"PRAGMA user_version = {mark}")
        if not ours:  # somebody has made it anew meanwhile: next time we read what it says
            return mark
        self._known, known.identity = known, identity
        for entry in entries:
            if entry.is_trial:
                continue
            known.changed[entry.id] = entry.log_changed
            if entry.kind == STUDY:
                known.filed[entry.id] = entry.positions
            known.pending.pop(entry.id, None)
            if not entry.settled:
                known.pending[entry.id] = Pending(entry.positions, entry.witness)
        for name in gone:
            known.changed.pop(name, None)
            known.pending.pop(name, None)
            known.filed.pop(name, None)
            self._readers.pop(name, None)
        return mark

    def _reader(self, name: str) -> RunReader:
        reader = self._readers.pop(name, None) or RunReader(self._folder / name)
        self._readers[name] = reader
        if len(self._readers) > KEPT_OPEN:
            self._readers.popitem(last=False)
        return reader


def witness_of(folder: Path, run: str, kept: Mapping[str, Any]) -> tuple[Process, Path]:
    """The process whose life decides about a run, and its lock.

    Args:
        folder: of all runs.
        run: its id; a trial's log is its study's.
        kept: what the index says.
    """
    return Process.read(kept), folder / run.partition("/")[0] / "log" / kept["lock"]


def _touched(study: RunReader, filed: Mapping[str, tuple[int, int]]) -> list[int]:
    """The trials of which the log says something that was not there yet when it was filed.

    Args:
        study: the reader of any run.
        filed: by segment how many slots were there, and the salt.
    """
    there = study.positions
    since = {name: int(slots) for name, (slots, salt) in filed.items() if name in there and there[name][1] == salt}
    if any(since.get(name, 0) < slots for name, (slots, _) in study.stored.items()):
        return list(study.trials)  # columns do not tell which of them have values that are new
    return [
        number
        for number, trial in study.trials.items()
        if any(end > since.get(name, 0) for name, end in trial.touched.items())
    ]


def _listing(folder: Path) -> list[str]:
    """The runs there are: a name with a dot is a folder that is not whole yet."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir()]
    except FileNotFoundError:
        return []


def _changed(path: str | Path) -> int:
    """When something was last made or removed in a folder, in nanoseconds; 0 if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return 0
    return found.st_mtime_ns if stat.S_ISDIR(found.st_mode) else 0
