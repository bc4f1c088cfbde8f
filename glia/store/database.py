"""The database `glia.db`: made, brought up to date and opened so that any number of processes may do it at once.

Rules: a file lock around making and migrating; transactions that write begin as writers (`BEGIN IMMEDIATE`), so that
two of them wait for each other instead of failing half-way; 20 s of patience; WAL on local disks only. A connection
lives as long as its use, so that neither a fork nor a thread ever shares one. (One in memory is its connection: whoever
uses it sees to it that one thread does at a time.)
"""

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, StaticPool, create_engine, event
from sqlalchemy.exc import DatabaseError

from glia.errors import StoreError
from glia.store.disks import LOCAL, kind_of_disk
from glia.store.locking import file_lock
from glia.store.schema import REVISION, metadata

PATIENCE_SECONDS = 20.0
QUEUE_SECONDS = 60.0  # in line before that; a crowd of 80 takes turns of milliseconds
SQLITE_CORRUPT, SQLITE_NOTADB = 11, 26
SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN = 8, 10, 13, 14
NO_WRITING = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT})


class UnwritableError(StoreError):
    """There is no room for the database, or it may not be written: the disk is full, or read only."""


class Database:
    """An open database. Make one with `open_database` or `in_memory`.

    Args:
        path: its file; None for one in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._engine = _engine(path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One unchanging view of everything."""
        with self._engine.connect() as connection, connection.execution_options(glia_reads=True).begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction of the only writer; undone if the block raises.

        Writers queue at a file lock: SQLite's own waiting is a lottery, which somebody in a crowd of 80 loses.
        """
        with ExitStack() as inside:
            if self.path is not None:
                with suppress(OSError):  # where nothing can be written, or nobody lets go, the database itself says so
                    inside.enter_context(file_lock(_lock_of(self.path), QUEUE_SECONDS))
            yield inside.enter_context(self._engine.begin())


def open_database(path: Path) -> Database:
    """Open a database, made or migrated first if need be. A broken file is set aside and a new one made.

    Raises:
        UnwritableError: nothing can be written there.
        StoreError: it was written by a newer Glia, or it cannot be opened.
    """
    try:
        with file_lock(_lock_of(path)):
            try:
                _prepare(path)
            except (DatabaseError, sqlite3.Error) as error:
                if not is_broken(error):
                    raise
                set_aside(path)
                _prepare(path)
    except (DatabaseError, sqlite3.Error, OSError) as error:
        if isinstance(error, StoreError):
            raise
        kind = UnwritableError if is_unwritable(error) else StoreError
        reason = getattr(error, "strerror", None) or _origin(error)
        raise kind(f"The database '{path}' cannot be opened: {reason}.") from error
    return Database(path)


def in_memory() -> Database:
    """An empty database that is gone with this process, for where none can be written. For one thread at a time."""
    database = Database(None)
    with database.write() as connection:
        metadata.create_all(connection)
    return database


def is_broken(error: Exception) -> bool:
    """Whether the file itself is at fault: no database, damaged, or without the tables it should have."""
    return _code(error) in (SQLITE_CORRUPT, SQLITE_NOTADB) or "no such table" in str(_origin(error))


def is_unwritable(error: Exception) -> bool:
    """Whether the place is at fault: no room, or no right to write."""
    if isinstance(error, OSError):
        return error.errno in NO_WRITING
    return _code(error) in (SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN)


def set_aside(path: Path) -> None:
    """Rename a broken database, so that a new one can be made and nothing is lost that somebody could still read."""
    mark = f".broken-{time.time_ns()}"
    for ending in ("", "-wal", "-shm"):
        file = path.with_name(path.name + ending)
        if file.exists():
            os.replace(file, path.with_name(path.name + mark + ending))


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _prepare(path: Path) -> None:
    engine = _engine(path)
    mode = "WAL" if kind_of_disk(path.parent) in LOCAL else "DELETE"
    with engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.execute(f"PRAGMA journal_mode={mode}")
        found = _revision(raw)
    if found == REVISION:
        return
    if found is not None and found > REVISION:
        raise StoreError(
            f"'{path}' was written by a newer Glia (revision {found}; this one knows {REVISION}). "
            "Upgrade Glia: pip install --upgrade glia"
        )
    _migrate(engine)


def _revision(connection: Any) -> str | None:
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
    return str(row[0]) if row else None


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _origin(error: Exception) -> Any:
    return getattr(error, "orig", None) or error


def _code(error: Exception) -> int:
    return int(getattr(_origin(error), "sqlite_errorcode", 0)) & 0xFF


def _engine(path: Path | None) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path) if path else ":memory:"),
        poolclass=NullPool if path else StaticPool,
        connect_args={"timeout": PATIENCE_SECONDS, "check_same_thread": path is not None},
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        connection.isolation_level = None  # Python's module would begin transactions in its own way
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("glia_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
