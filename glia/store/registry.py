"""The registry: names for models that matter, their versions, and aliases such as `faces@champion`.

A version is a number and the run whose model it is; an alias points to a version. Every change is one row, kept for
ever with who made it and when; how things stand is what the rows come to. The database can be made anew from the
folders, but not these rows: so each is first written to `registry.jsonl` beside it, and whichever has more is believed.
"""

import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DatabaseError

from glia.errors import ConfigError, NotFoundError, StoreError, did_you_mean
from glia.store.database import Database, is_broken, open_database, set_aside
from glia.store.schema import registry as table

JOURNAL = "registry.jsonl"
LATEST = "latest"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}", re.IGNORECASE)


@dataclass(frozen=True)
class Change:
    """One row: a new version of a name, an alias moved, or one of the two taken away (`version` or `run` empty)."""

    id: int  # from 1, without gaps
    time: float  # seconds since 1970
    by: str
    name: str
    version: int | None = None  # None: the alias, or without one the whole name, is taken away
    run: str = ""  # empty, without an alias: the version is taken away
    alias: str = ""
    before: int | None = None  # where the alias pointed


@dataclass
class Entry:
    """A name as it stands."""

    name: str
    versions: dict[int, Change] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    newest: int = 0  # numbers are never used again

    def number(self, which: str) -> int:
        """The version meant by a number, an alias or `latest`.

        Raises:
            NotFoundError: there is none.
        """
        found = int(which) if which.isdigit() else self.aliases.get(which)
        if which == LATEST and self.versions:
            found = max(self.versions)
        if found not in self.versions:
            known = [*self.aliases, *map(str, self.versions), LATEST]
            raise NotFoundError(f"'{self.name}' has no version or alias '{which}'.{did_you_mean(which, known)}")
        return found

    def names_of(self, run: str) -> list[str]:
        """How a run can be named by this entry: `faces@3`, then its aliases."""
        numbers = [number for number, made in self.versions.items() if made.run == run]
        aliases = [alias for alias, number in self.aliases.items() if number in numbers]
        return [f"{self.name}@{which}" for which in (*numbers, *aliases)]


class Registry:
    """The registry of one `.glia` folder. Any number of processes may change it at once.

    Args:
        home: the `.glia` folder.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "glia.db"
        self._journal = home / JOURNAL

    def entries(self) -> list[Entry]:
        """All names as they stand, in order."""
        found = _folded(self.history()).values()
        return sorted((entry for entry in found if entry.versions), key=lambda entry: entry.name)

    def entry(self, name: str) -> Entry:
        """One name.

        Raises:
            NotFoundError: it is not registered.
        """
        return _found(_folded(self.history()), name)

    def history(self, name: str | None = None) -> list[Change]:
        """Every change, oldest first; of one name if given."""
        if not self._path.exists() and not self._journal.exists():
            return []
        with self._open() as database, database.read() as connection:
            changes = _kept(connection)
        if len(changes) != len(_read(self._journal)[0]):
            with self._writing() as connection:
                changes = self._agreed(connection)
        return [change for change in changes if name in (None, change.name)]

    def resolve(self, reference: str) -> str:
        """The id of the run behind `name@alias`, `name@3` or `name@latest`.

        Raises:
            NotFoundError: no such name, alias or version.
        """
        name, _, which = reference.partition("@")
        entry = self.entry(name)
        return entry.versions[entry.number(which)].run

    def registered(self) -> dict[str, list[str]]:
        """How each run that is registered can be named."""
        named: dict[str, list[str]] = {}
        for entry in self.entries():
            for run in {made.run for made in entry.versions.values()}:
                named.setdefault(run, []).extend(entry.names_of(run))
        return named

    def set(self, reference: str, run: str, *, by: str) -> int:
        """Register a run's model; returns its version.

        Args:
            reference: `faces` for a new version of that name, `faces@champion` to let the alias point to the run's
                version, which is made if the run has none. A run that is a version of the name already stays that one.
            run: the run's id.
            by: who says so.

        Raises:
            ConfigError: the name or alias cannot be one.
        """
        name, alias = _checked(reference)
        with self._writing() as connection:
            changes = self._agreed(connection)
            entry = _folded(changes).get(name) or Entry(name)
            number = next((number for number, made in entry.versions.items() if made.run == run), entry.newest + 1)
            made = [] if number in entry.versions else [Change(0, 0, by, name, number, run)]
            before = entry.aliases.get(alias)
            if alias and before != number:
                made.append(Change(0, 0, by, name, number, run, alias, before))
            self._add(connection, len(changes), made)
        return number

    def remove(self, reference: str, *, by: str) -> None:
        """Take away an alias (`faces@champion`), a version (`faces@3`) or a name with all of these (`faces`).

        Raises:
            NotFoundError: there is no such thing.
            ConfigError: an alias points to the version.
        """
        name, _, which = reference.partition("@")
        with self._writing() as connection:
            changes = self._agreed(connection)
            entry = _found(_folded(changes), name)
            number = entry.number(which) if which else None
            if not which.isdigit():
                if which == LATEST:
                    raise ConfigError(f"'{LATEST}' is always the newest version. Take away that one: {name}@{number}")
                change = Change(0, 0, by, name, None, "", which, number)
            else:
                pointing = [alias for alias, target in entry.aliases.items() if target == number]
                if pointing:
                    raise ConfigError(f"'{reference}' is '{name}@{pointing[0]}'. Point that to another version first.")
                change = Change(0, 0, by, name, number)
            self._add(connection, len(changes), [change])

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._open() as database, database.write() as connection:
            yield connection

    @contextmanager
    def _open(self) -> Iterator[Database]:
        try:
            database = open_database(self._path)
            if not _has_table(database):
                set_aside(self._path)
                database = open_database(self._path)
            yield database
        except DatabaseError as error:
            raise StoreError(f"The registry in '{self._path}' cannot be used: {error.orig}.") from error

    def _agreed(self, connection: Connection) -> list[Change]:
        """All changes, after the database and the journal have told each other what one of them lacks."""
        kept = _kept(connection)
        journal, length = _read(self._journal)
        missing = journal[len(kept) :]
        if missing:
            connection.execute(insert(table), [asdict(change) for change in missing])
        if len(journal) < len(kept):
            _append(self._journal, kept[len(journal) :], length)
        return kept + missing

    def _add(self, connection: Connection, count: int, made: Iterable[Change]) -> None:
        now = time.time()
        rows = [
            {**asdict(change), "id": count + position, "time": now} for position, change in enumerate(made, start=1)
        ]
        if rows:
            _append(self._journal, [Change(**row) for row in rows], _read(self._journal)[1])
            connection.execute(insert(table), rows)


def _kept(connection: Connection) -> list[Change]:
    return [Change(**row._mapping) for row in connection.execute(select(table).order_by(table.c.id))]


def _has_table(database: Database) -> bool:
    try:
        with database.read() as connection:
            connection.execute(select(table.c.id).limit(1)).all()
    except DatabaseError as error:
        if not is_broken(error):
            raise
        return False
    return True


def _folded(changes: Iterable[Change]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for change in changes:
        entry = entries.setdefault(change.name, Entry(change.name))
        if change.alias and change.version is None:
            entry.aliases.pop(change.alias, None)
        elif change.alias and change.version is not None:
            entry.aliases[change.alias] = change.version
        elif change.version is None:
            entry.versions, entry.aliases = {}, {}
        elif change.run:
            entry.versions[change.version] = change
            entry.newest = max(entry.newest, change.version)
        else:
            entry.versions.pop(change.version, None)
    return entries


def _found(entries: dict[str, Entry], name: str) -> Entry:
    registered = [known for known, entry in entries.items() if entry.versions]
    if name not in registered:
        hint = did_you_mean(name, registered) or " Register one: glia registry set NAME RUN"
        raise NotFoundError(f"No model is registered as '{name}'.{hint}")
    return entries[name]


def _checked(reference: str) -> tuple[str, str]:
    name, at, alias = reference.partition("@")
    for word, what in ((name, "name"), (alias, "alias")):
        if (word or what == "name" or at) and not NAME.fullmatch(word):
            raise ConfigError(
                f"'{word}' cannot be the {what} of a model: letters, digits, '.', '_' and '-', at most 100."
            )
    if alias.isdigit() or alias == LATEST:
        raise ConfigError(f"'{alias}' cannot be an alias: numbers are versions, and '{LATEST}' is the newest of them.")
    return name, alias


def _read(journal: Path) -> tuple[list[Change], int]:
    """What the journal says, and the length of it: a last line cut short by a crash does not count."""
    try:
        data = journal.read_bytes()
    except FileNotFoundError:
        return [], 0
    length = data.rfind(b"\n") + 1
    try:
        return [Change(**json.loads(line)) for line in data[:length].splitlines()], length
    except (ValueError, TypeError) as error:
        raise StoreError(f"'{journal}' is damaged: {error}. Mend the line, or rename the file.") from None


def _append(journal: Path, changes: Iterable[Change], length: int) -> None:
    data = "".join(json.dumps(asdict(change)) + "\n" for change in changes).encode()
    descriptor = os.open(journal, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        os.ftruncate(descriptor, length)
        os.lseek(descriptor, 0, os.SEEK_END)
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
