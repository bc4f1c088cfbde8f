"""The index of all runs in `glia.db`: what lists and searches read, so that they need not open every folder.

The folders are the truth. Whoever reads brings the index up to date first, looking only at what changed (see
`following`); and if the file is missing or broken it is made anew from them. Where none can be written (the disk is
full, or read only) it is made in memory. A training process never opens it.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DatabaseError

from glia.errors import StoreError
from glia.store.database import (
    Database,
    UnwritableError,
    in_memory,
    is_broken,
    is_unwritable,
    open_database,
    set_aside,
)
from glia.store.schema import details, facts, runs
from glia.tracking.folder.account import derive, explain
from glia.tracking.folder.home import runs_folder
from glia.tracking.index.entries import is_shared
from glia.tracking.index.filing import MOST_VALUES, Names, Outline, batches, outlines_of
from glia.tracking.index.following import Follower, witness_of
from glia.tracking.index.rows import Page, RunRow
from glia.tracking.index.searching import NEWEST_FIRST, NO_TRIAL, Plan, Search, unknown
from glia.tracking.log.records import ENDS, Direction, State, number

T = TypeVar("T")
JUDGED = 200  # of the runs that match, so many are asked for their params
MOST_METRICS = 100  # on a page for which nobody said which are wanted


class Index:
    """The runs of one `.glia` folder. Call `refresh` before reading. Threads may share one.

    Args:
        home: the `.glia` folder.
    """

    def __init__(self, home: Path) -> None:
        self._runs = runs_folder(home)
        self._path = home / "glia.db"
        self._database: Database | None = None
        self._mark: int | None = None  # of the database, when `refresh` was last called
        self._follower = Follower(home)
        self._lock = threading.RLock()

    def refresh(self) -> bool:
        """Bring the index up to date with the folders; whether it says something else than after the last call.

        Raises:
            StoreError: the database cannot be opened.
        """
        with self._lock:
            before, self._mark = self._mark, self._use(self._follower.refresh)
            return self._mark != before

    def runs(
        self,
        where: str = "",
        *,
        sort: str = NEWEST_FIRST,
        project: str | None = None,
        state: State | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[RunRow]:
        """Runs, whole, newest first.

        Args:
            where: only those of which this expression is true, such as `params.lr < 0.01 and state = 'done'`.
            sort: see `Search`.
            project: only those of one project.
            state: only those in a state.
            limit: at most so many.
            offset: leave out the first so many.

        Raises:
            ConfigError: the expression cannot be used, or there is no such state.
        """
        search = Search(where=where, sort=sort, project=project, state=state)

        def read(connection: Connection, names: Names) -> list[RunRow]:
            plan = self._plan(search, connection, names)
            return self._rows(connection, names, _numbers(connection, plan, limit, offset))

        return self._read(read)

    def ids(self, search: Search, *, limit: int | None = None, offset: int = 0) -> list[str]:
        """The ids of the runs that match, in order."""

        def read(connection: Connection, names: Names) -> list[str]:
            numbered = _numbers(connection, self._plan(search, connection, names), limit, offset)
            found: dict[int, str] = {}
            for some in batches(numbered, MOST_VALUES):
                query = select(runs.c.number, runs.c.id).where(runs.c.number.in_(some))
                found.update(connection.execute(query).all())
            return [found[each] for each in numbered]

        return self._read(read)

    def count(self, where: str | Search = "", *, project: str | None = None, state: State | None = None) -> int:
        """How many runs there are of which an expression is true, or that match a search."""
        search = where if isinstance(where, Search) else Search(where=where, project=project, state=state)

        def read(connection: Connection, names: Names) -> int:
            return int(connection.execute(self._plan(search, connection, names).count()).scalar_one())

        return self._read(read)

    def page(self, search: Search, *, limit: int, offset: int = 0, values: Sequence[str] | None = None) -> Page:
        """A page of the runs that match.

        Args:
            search: what is looked for.
            limit: at most so many rows.
            offset: leave out the first so many.
            values: the metrics whose last values are wanted; None: all, but of very many only some, those with a
                direction first.
        """

        def read(connection: Connection, names: Names) -> Page:
            plan = self._plan(search, connection, names)
            counted: dict[int, int] = dict(connection.execute(plan.outlines()).all())
            first = _numbers(connection, plan, max(JUDGED, limit if offset == 0 else 0), 0)
            within = offset + limit <= len(first) or len(first) < JUDGED
            numbered = first[offset : offset + limit] if within else _numbers(connection, plan, limit, offset)
            metrics = _metrics(names, outlines_of(connection, counted).values())
            wanted = sorted(metrics, key=lambda name: not metrics[name])[:MOST_METRICS] if values is None else values
            return Page(
                rows=self._rows(connection, names, numbered, wanted),
                total=sum(counted.values()),
                everything=int(connection.execute(select(func.count()).select_from(runs).where(NO_TRIAL)).scalar_one()),
                projects=_projects(connection),
                metrics=metrics,
                params=_params(connection, first[:JUDGED]),
            )

        return self._read(read)

    def projects(self) -> list[str]:
        """The names of all projects, in order."""
        return self._read(lambda connection, _: _projects(connection))

    def hint(self, search: Search) -> str:
        """The end of a message that nothing matches: the names in the expression that no run has."""
        return self._read(lambda _, names: unknown(search, names))

    def signature(self) -> object:
        """Something that is another when a run is new, gone or changed, or is found in another state."""

        def read(connection: Connection, names: Names) -> object:
            changed = select(func.count(), func.total(runs.c.updated), func.max(runs.c.updated))
            states = self._derived(connection)
            return tuple(connection.execute(changed).one()), tuple(sorted(states.items()))

        return self._read(read)

    def _plan(self, search: Search, connection: Connection, names: Names) -> Plan:
        return Plan(search, names, lambda: self._derived(connection))

    def _derived(self, connection: Connection) -> dict[int, State]:
        """The states of runs that said nothing final and may still live."""
        query = select(runs.c.number, runs.c.id, runs.c.said, details.c.witness)
        query = query.join(details, details.c.run == runs.c.number)
        query = query.where(runs.c.settled.is_(False), runs.c.said.not_in([*ENDS, "queued"]))
        found: dict[tuple[str, Path], State] = {}  # many trials have one witness
        states: dict[int, State] = {}
        for row in connection.execute(query):
            process, lock = witness_of(self._runs, row.id, row.witness)
            key = row.said, lock
            if key not in found:
                found[key] = derive(row.said, process, lock)
            states[row.number] = found[key]
        return states

    def _rows(
        self, connection: Connection, names: Names, numbered: Sequence[int], values: Sequence[str] | None = None
    ) -> list[RunRow]:
        wanted = None if values is None else {names.numbers.get(("metrics", name)) for name in values}
        found: dict[int, RunRow] = {}
        params = _params_of(connection, numbered)
        for some in batches(numbered, MOST_VALUES):
            query = select(runs, details).join(details, details.c.run == runs.c.number)
            rows = connection.execute(query.where(runs.c.number.in_(some))).all()
            outlines = outlines_of(connection, {row.outline for row in rows})
            last = _last(connection, names, some, outlines.values(), wanted)
            for row in rows:
                outline, numbers = outlines[row.outline], last.get(row.number, {})
                found[row.number] = self._row(row, names, outline, numbers, params[row.number])
        return [found[each] for each in numbered]

    def _row(self, row: Any, names: Names, outline: Outline, last: dict[int, float], params: dict[str, Any]) -> RunRow:
        died = row.settled and row.said in ("starting", "running")
        process, lock = witness_of(self._runs, row.id, row.witness)
        state: State = "crashed" if died else derive(row.said, process, lock)
        metrics = {id_: names.known[id_][1] for id_, _ in outline if names.known[id_][0] == "metrics"}
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
            params=params,
            tags=row.tags,
            summary={name: number(value) for name, value in row.summary.items()},
            last={name: last[id_] for id_, name in metrics.items() if id_ in last},
            directions={metrics[id_]: direction for id_, direction in outline if id_ in metrics},
        )

    def _read(self, work: Callable[[Connection, Names], T]) -> T:
        def read(database: Database) -> T:
            with database.read() as connection:
                return work(connection, self._follower.names(connection))

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
            self._follower.refresh(self._database)
            return work(self._database)

    def _open(self) -> Database:
        try:
            return open_database(self._path)
        except UnwritableError:
            return in_memory()


def _numbers(connection: Connection, plan: Plan, limit: int | None, offset: int) -> list[int]:
    return [row[0] for row in connection.execute(plan.numbers().limit(limit).offset(offset))]


def _last(
    connection: Connection,
    names: Names,
    numbered: Sequence[int],
    outlines: Iterable[Outline],
    wanted: set[int | None] | None,
) -> dict[int, dict[int, float]]:
    """By run and metric: the last value."""
    ids = {id_ for outline in outlines for id_, _ in outline if names.known[id_][0] == "metrics"}
    found: dict[int, dict[int, float]] = {}
    for some in batches(sorted(ids if wanted is None else ids & wanted), MOST_VALUES):
        query = select(facts).where(facts.c.name.in_(some), facts.c.run.in_(numbered))
        for name, run, value, text in connection.execute(query):
            found.setdefault(run, {})[name] = number(text) if value is None else value
    return found


def _metrics(names: Names, outlines: Iterable[Outline]) -> dict[str, Direction]:
    directions: dict[str, Direction] = {}
    for outline in outlines:
        for id_, direction in outline:
            family, name = names.known[id_]
            if family == "metrics":
                directions[name] = directions.get(name) or direction
    return directions


def _params(connection: Connection, numbered: Sequence[int]) -> list[str]:
    """The params of these runs: those that differ first."""
    first: dict[str, Any] = {}
    differ: dict[str, bool] = {}
    for params in _params_of(connection, numbered).values():
        for name, value in params.items():
            differ[name] = differ.get(name, False) or first.setdefault(name, value) != value
    return sorted(differ, key=lambda name: not differ[name])


def _params_of(connection: Connection, numbered: Sequence[int]) -> dict[int, dict[str, Any]]:
    """By run its params; of a trial, over those of its study, the ones in which it differs."""
    found: dict[int, dict[str, Any]] = {}
    studies: dict[int, str] = {}  # of trials
    query = select(runs.c.number, runs.c.parent, details.c.params).join(details, details.c.run == runs.c.number)
    for some in batches(numbered, MOST_VALUES):
        for run, parent, params in connection.execute(query.where(runs.c.number.in_(some))):
            found[run] = params
            if run < 0:
                studies[run] = parent
    shared: dict[str, dict[str, Any]] = {}
    of_studies = select(runs.c.id, details.c.params).join(details, details.c.run == runs.c.number)
    for wanted in batches(dict.fromkeys(studies.values()), MOST_VALUES):
        for study, params in connection.execute(of_studies.where(runs.c.id.in_(wanted))):
            shared[study] = {name: value for name, value in params.items() if is_shared(name)}
    for run, study in studies.items():
        own, below = found[run], shared.get(study, {})
        found[run] = {name: value for name, value in {**below, **own}.items() if value is not None or name not in own}
    return found


def _projects(connection: Connection) -> list[str]:
    return [row[0] for row in connection.execute(select(runs.c.project).distinct().order_by(runs.c.project))]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
