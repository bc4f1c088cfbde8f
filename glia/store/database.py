"""The database `glia.db`: made, brought up to date and opened so that any number of processes may do it at once.

Rules: a file lock around making and migrating; transactions that write begin as writers (`BEGIN IMMEDIATE`), so that
two of them wait for each other instead of failing half-way; 20 s of patience; WAL on local disks only. A connection
lives as long as its use, so that neither a fork nor a thread ever shares one.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event
from sqlalchemy.exc import DatabaseError

from glia.errors import StoreError
from glia.store.disks import LOCAL, kind_of_disk
from glia.store.locking import file_lock
from glia.store.schema import REVISION

PATIENCE_SECONDS = 20.0
SQLITE_CORRUPT, SQLITE_NOTADB = 11, 26


class Database:
    """An open database. Make one with `open_database`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = _engine(path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One unchanging view of everything."""
        with self._engine.connect() as connection, connection.execution_options(glia_reads=True).begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction of the only writer; undone if the block raises."""
        with self._engine.begin() as connection:
            yield connection


def open_database(path: Path) -> Database:
    """Open a database, made or migrated first if need be. A broken file is set aside and a new one made.

    Raises:
        StoreError: it was written by a newer Glia, or it cannot be opened.
    """
    try:
        with file_lock(path.with_name(path.name + ".lock")):
            try:
                _prepare(path)
            except DatabaseError as error:
                if not is_broken(error):
                    raise
                set_aside(path)
                _prepare(path)
    except (DatabaseError, OSError) as error:
        if isinstance(error, StoreError):
            raise
        reason = getattr(error, "orig", None) or getattr(error, "strerror", None) or error
        raise StoreError(f"The database '{path}' cannot be opened: {reason}.") from error
    return Database(path)


def is_broken(error: DatabaseError) -> bool:
    """Whether the file itself is at fault: no database, damaged, or without the tables it should have."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    return code in (SQLITE_CORRUPT, SQLITE_NOTADB) or "no such table" in str(error.orig)


def set_aside(path: Path) -> None:
    """Rename a broken database, so that a new one can be made and nothing is lost that somebody could still read."""
    mark = f".broken-{time.time_ns()}"
    for ending in ("", "-wal", "-shm"):
        file = path.with_name(path.name + ending)
        if file.exists():
            os.replace(file, path.with_name(path.name + mark + ending))


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


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)), poolclass=NullPool, connect_args={"timeout": PATIENCE_SECONDS}
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
