"""The index of all runs in `glia.db`: what lists and searches read, so that they need not open every folder.

The folders are the truth. Whoever reads brings the index up to date first, looking only at what changed; and if the
file is missing or broken it is made anew from them. Where none can be written (the disk is full, or read only) it is
made in memory. A training process never opens it.
"""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

from sqlalchemy import Connection, Row, Select, delete, func, insert, select
from sqlalchemy.exc import DatabaseError

from glia.errors import ConfigError, GliaError, StoreError, did_you_mean
from glia.store.database import (
    Database,
    UnwritableError,
    in_memory,
    is_broken,
    is_unwritable,
    open_database,
    set_aside,
)
from glia.store.schema import runs as table
from glia.tracking.home import run_folders, runs_folder
from glia.tracking.liveness import Process, is_alive
from glia.tracking.reader import RunReader, derive, explain
from glia.tracking.records import ENDS, Direction, State, number, plain
from glia.tracking.segment_reader import has_slot

T = TypeVar("T")
KEPT_OPEN = 64
DERIVED = frozenset({"starting", "running", "crashed", "unreachable"})  # found out when they are asked for
RECENTLY_NS = 1_000_000_000  # a folder may change again within the same tick of the file system's clock


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run as lists show it."""

    id: str
    name: str
    project: str
    kind: str
    parent: str | None
    state: State
    reason: str
    created: datetime
    ended: datetime | None
    updated: datetime
    data_version: str
    notes: str
    params: dict[str, Any]
    tags: dict[str, str]
    summary: dict[str, Any]
    last: dict[str, float]
    directions: dict[str, Direction]


class Index:
    """The runs of one `.glia` folder. Call `refresh` before reading.

    Args:
        home: the `.glia` folder.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / "glia.db"
        self._database: Database | None = None
        self._mark: int | None = None  # of the database, when `refresh` was last called
        self._readers: OrderedDict[str, RunReader] = OrderedDict()  # of runs that may still be written to
        self._lock = threading.RLock()  # a reader of a run serves one thread at a time

    def refresh(self) -> bool:
        """Bring the index up to date with the folders; whether it says something else than after the last call.

        Raises:
            StoreError: the database cannot be opened.
        """
        with self._lock:
            before, self._mark = self._mark, self._use(self._refresh)
            return self._mark != before

    def runs(
        self, *, project: str | None = None, state: State | None = None, limit: int | None = None, offset: int = 0
    ) -> list[RunRow]:
        """Runs, newest first.

        Args:
            project: only those of one project.
            state: only those in a state.
            limit: at most so many.
            offset: leave out the first so many.

        Raises:
            ConfigError: no such state.
        """
        query = select(table).order_by(table.c.created.desc(), table.c.id)
        query = _filtered(query, project, state)
        if state not in DERIVED:
            return [self._row(row) for row in self._all(query.limit(limit).offset(offset))]
        rows = [row for each in self._all(query) if (row := self._row(each)).state == state]
        return rows[offset : None if limit is None else offset + limit]

    def count(self, *, project: str | None = None, state: State | None = None) -> int:
        """How many runs there are."""
        if state in DERIVED:
            return len(self.runs(project=project, state=state))
        return int(self._all(_filtered(select(func.count()).select_from(table), project, state))[0][0])

    def projects(self) -> list[str]:
        """The names of all projects, in order."""
        return [row[0] for row in self._all(select(table.c.project).distinct().order_by(table.c.project))]

    def _all(self, query: Select[Any]) -> Sequence[Row[Any]]:
        def read(database: Database) -> Sequence[Row[Any]]:
            with database.read() as connection:
                return connection.execute(query).all()

        return self._use(read)

    def _use(self, work: Callable[[Database], T]) -> T:
        """Do something with the database; if it turns out to be broken, gone or full, make it anew and do it again."""
        with self._lock:
            if self._database is None or (self._database.path and not self._path.exists()):
                self._database = self._open()
            try:
                return work(self._database)
            except DatabaseError as error:
                if is_unwritable(error):
                    self._database = in_memory()
                elif is_broken(error):
                    set_aside(self._path)
                    self._database = self._open()
                else:
                    raise StoreError(f"The database '{self._path}' cannot be used: {error.orig}.") from error
            self._refresh(self._database)
            return work(self._database)

    def _open(self) -> Database:
        try:
            return open_database(self._path)
        except UnwritableError:
            return in_memory()

    def _refresh(self, database: Database) -> int:
        """Bring the database up to date; the mark of whoever last changed something in it."""
        with database.read() as connection:
            mark = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            seen = {row.id: row.log_changed for row in connection.execute(select(table.c.id, table.c.log_changed))}
            query = select(table.c.id, table.c.positions, table.c.witness).where(table.c.settled.is_(False))
            pending = {row.id: row for row in connection.execute(query)}
        fresh = []
        for folder in run_folders(self._home):
            changed = _changed(folder / "log")
            if seen.pop(folder.name, None) != changed or _worth_reading(folder, pending.get(folder.name)):
                fresh += self._read(folder, changed)
        if fresh or seen:  # what is left of `seen` has no folder any more
            mark = random.SystemRandom().randrange(1, 1 << 31)
            with database.write() as connection:
                _replace(connection, fresh, seen)
                connection.exec_driver_sql(f"PRAGMA user_version = {mark}")
        for run in seen:
            self._readers.pop(run, None)
        return mark

    def _read(self, folder: Path, changed: int) -> list[dict[str, Any]]:
        """What the index should say of a run; nothing if its folder cannot be read."""
        try:
            reader = self._reader(folder)
            reader.refresh()
            rests = reader.at_rest()  # asked before the last reading: what is read then is all there is
            reader.refresh()
        except GliaError:
            return []
        settled = rests and time.time_ns() - changed > RECENTLY_NS
        if settled:
            self._readers.pop(folder.name, None)
        return [_columns(reader, changed, settled)]

    def _row(self, row: Row[Any]) -> RunRow:
        process, lock = _witness(runs_folder(self._home) / row.id, row.witness)
        state = derive(row.said, process, lock)
        return RunRow(
            id=row.id,
            name=row.name,
            project=row.project,
            kind=row.kind,
            parent=row.parent,
            state=state,
            reason=explain(state, row.reason, process),
            created=_moment(row.created),
            ended=None if row.ended is None else _moment(row.ended),
            updated=_moment(row.updated),
            data_version=row.data_version,
            notes=row.notes,
            params=row.params,
            tags=row.tags,
            summary={name: number(value) for name, value in row.summary.items()},
            last={name: number(value) for name, value in row.last.items()},
            directions=row.directions,
        )

    def _reader(self, folder: Path) -> RunReader:
        reader = self._readers.pop(folder.name, None) or RunReader(folder)
        self._readers[folder.name] = reader
        if len(self._readers) > KEPT_OPEN:
            self._readers.popitem(last=False)
        return reader


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _worth_reading(folder: Path, pending: Any) -> bool:
    """Whether an unsettled run says more than its row, or ended since, so that nobody needs to look again."""
    if pending is None:
        return False
    if any(has_slot(folder / "log" / name, slots, salt) for name, (slots, salt) in pending.positions.items()):
        return True
    return is_alive(*_witness(folder, pending.witness)) is False


def _columns(reader: RunReader, changed: int, settled: bool) -> dict[str, Any]:
    process, lock = reader.witness
    return {
        "id": reader.folder.name,
        "name": reader.name,
        "project": reader.project,
        "kind": reader.kind,
        "parent": reader.parent,
        "said": reader.said,
        "reason": reader.said_reason,
        "created": reader.created.timestamp(),
        "ended": reader.ended.timestamp() if reader.ended else None,
        "updated": reader.updated.timestamp(),
        "data_version": reader.data_version,
        "notes": reader.notes,
        "params": plain(reader.params),
        "tags": reader.tags,
        "summary": plain(reader.summary),
        "last": plain(reader.last()),
        "directions": {name: reader.direction(name) for name in reader.names()},
        "positions": reader.positions,
        "log_changed": changed,
        "settled": settled,
        "witness": {**asdict(process), "lock": lock.name},
    }


def _replace(connection: Connection, fresh: list[dict[str, Any]], gone: Iterable[str]) -> None:
    for run in [*gone, *(values["id"] for values in fresh)]:
        connection.execute(delete(table).where(table.c.id == run))
    if fresh:
        connection.execute(insert(table), fresh)


def _filtered(query: Select[Any], project: str | None, state: State | None) -> Select[Any]:
    if project is not None:
        query = query.where(table.c.project == project)
    if state is None:
        return query
    if state not in get_args(State):
        raise ConfigError(f"There is no state '{state}'.{did_you_mean(state, get_args(State))}")
    return query.where(table.c.said.not_in(ENDS) if state in DERIVED else table.c.said == state)


def _witness(folder: Path, kept: Mapping[str, Any]) -> tuple[Process, Path]:
    return Process.read(kept), folder / "log" / kept["lock"]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
