"""How entries get into the database, many at a time, and the names that facts stand under."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, exists, func, insert, select

from glia.store.schema import details, facts, names, outlines, runs
from glia.tracking.index.entries import Entry
from glia.tracking.log.records import Direction

T = TypeVar("T")
MOST_VALUES = 500  # bound in one statement

Outline = tuple[tuple[int, Direction], ...]
"""The names a run has facts of, by their numbers, in the order in which they came; metrics with their direction."""


class Names:
    """The numbers of names. None is ever taken away, so that what was read once stays true of that database."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], int] = {}  # by family and name
        self.known: dict[int, tuple[str, str]] = {}

    def refresh(self, connection: Connection) -> None:
        """Read those that have come since."""
        query = select(names.c.id, names.c.family, names.c.name).where(names.c.id > len(self.known))
        for row in connection.execute(query.order_by(names.c.id)):
            self._learn(row.id, row.family, row.name)

    def add(self, connection: Connection, wanted: Iterable[tuple[str, str]]) -> None:
        """Give numbers to those that have none. Only for who has the database to himself."""
        missing = [each for each in dict.fromkeys(wanted) if each not in self.numbers]
        if not missing:
            return
        self.refresh(connection)
        missing = [each for each in missing if each not in self.numbers]
        rows = [(len(self.known) + at, family, name) for at, (family, name) in enumerate(missing, start=1)]
        if rows:
            connection.execute(insert(names), [{"id": id, "family": family, "name": name} for id, family, name in rows])
        for row in rows:
            self._learn(*row)

    def of(self, family: str) -> list[str]:
        """All names of a family, in the order in which they came."""
        return [name for known, name in self.numbers if known == family]

    def _learn(self, id: int, family: str, name: str) -> None:
        self.numbers[family, name] = id
        self.known[id] = (family, name)


def file(connection: Connection, known: Names, entries: Sequence[Entry], gone: Iterable[str] = ()) -> None:
    """Write what the index says of runs, instead of what it said before.

    Trials have numbers below zero: so lists that leave them out need not look into the table, as every index of it has
    the number.

    Args:
        connection: of a transaction that writes.
        known: the names of that database.
        entries: of runs, none of them twice.
        gone: ids of runs that are no more; with a study go its trials.
    """
    gone = [*gone]
    before = _before(connection, [*gone, *_trials(connection, gone), *(entry.id for entry in entries)])
    ends = select(func.coalesce(func.min(runs.c.number), 0), func.coalesce(func.max(runs.c.number), 0))
    lowest, highest = connection.execute(ends).one()
    trials, others = itertools.count(min(lowest, 0) - 1, -1), itertools.count(max(highest, 0) + 1)
    _remove(connection, before.values())
    said = [(entry, entry.facts()) for entry in entries]
    known.add(connection, (key for _, its_facts in said for key in its_facts))
    numbered: dict[Outline, int] = {}
    filed, about, rows = [], [], []
    for entry, its_facts in said:
        number = before[entry.id][0] if entry.id in before else next(trials if entry.is_trial else others)
        rows += [(known.numbers[key], number, *fact) for key, fact in its_facts.items()]
        outline = tuple(
            (known.numbers[family, name], entry.directions.get(name, "") if family == "metrics" else "")
            for family, name in its_facts
        )
        if outline not in numbered:
            numbered[outline] = _outline(connection, outline)
        filed.append({"number": number, "outline": numbered[outline], **entry.runs_row()})
        about.append({"run": number, **entry.details_row()})
    if filed:
        connection.execute(insert(runs), filed)
        connection.execute(insert(details), about)
    _insert_facts(connection, rows)
    _forget_unused(connection, {outline for _, outline in before.values()})


def outlines_of(connection: Connection, wanted: Iterable[int]) -> dict[int, Outline]:
    """The outlines with these numbers."""
    found: dict[int, Outline] = {}
    for some in batches(set(wanted), MOST_VALUES):
        query = select(outlines.c.id, outlines.c.names).where(outlines.c.id.in_(some))
        found.update(
            (row.id, tuple((name, direction) for name, direction in row.names)) for row in connection.execute(query)
        )
    return found


def batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most so many."""
    left = iter(values)
    while some := list(islice(left, size)):
        yield some


def _trials(connection: Connection, studies: Iterable[str]) -> Iterator[str]:
    for study in studies:
        query = select(runs.c.id).where(runs.c.id > f"{study}/", runs.c.id < f"{study}0")  # 0 comes after /
        yield from connection.execute(query).scalars()


def _before(connection: Connection, ids: list[str]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for some in batches(ids, MOST_VALUES):
        query = select(runs.c.id, runs.c.number, runs.c.outline).where(runs.c.id.in_(some))
        found.update((row.id, (row.number, row.outline)) for row in connection.execute(query))
    return found


def _remove(connection: Connection, before: Iterable[tuple[int, int]]) -> None:
    before = list(before)
    if not before:
        return
    named = outlines_of(connection, {outline for _, outline in before})
    keys = [{"a_name": name, "a_run": run} for run, outline in before for name, _ in named.get(outline, ())]
    if keys:
        matching = (facts.c.name == bindparam("a_name")) & (facts.c.run == bindparam("a_run"))
        connection.execute(delete(facts).where(matching), keys)
    numbers = [{"a_run": run} for run, _ in before]
    connection.execute(delete(details).where(details.c.run == bindparam("a_run")), numbers)
    connection.execute(delete(runs).where(runs.c.number == bindparam("a_run")), numbers)


def _outline(connection: Connection, outline: Outline) -> int:
    digest = hashlib.sha256(json.dumps(outline).encode()).hexdigest()[:32]
    found = connection.execute(select(outlines.c.id).where(outlines.c.digest == digest)).scalar()
    if found is not None:
        return int(found)
    added = insert(outlines).values(digest=digest, names=list(outline)).returning(outlines.c.id)
    return int(connection.execute(added).scalar_one())


def _forget_unused(connection: Connection, suspects: set[int]) -> None:
    used = exists().where(runs.c.outline == outlines.c.id)
    for outline in suspects:
        connection.execute(delete(outlines).where(outlines.c.id == outline, ~used))


def _insert_facts(connection: Connection, rows: list[tuple[int, int, float | None, str | None]]) -> None:
    """In the order of the table, and past SQLAlchemy's dictionaries, which take longer than SQLite does."""
    if not rows:
        return
    rows.sort()  # no two have the same name and run, so that nothing behind these is compared
    _insert_tuples(connection, facts, rows)


def _insert_tuples(connection: Connection, table: Table, rows: list[Any]) -> None:
    if connection.dialect.positional:
        connection.exec_driver_sql(str(insert(table).compile(dialect=connection.dialect)), rows)
        return
    columns = [column.name for column in table.columns]
    connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])
