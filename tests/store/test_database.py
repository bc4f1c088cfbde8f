import errno
import os
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select
from sqlalchemy.exc import DatabaseError

import glia.store
from glia.errors import StoreError
from glia.store import database as databases
from glia.store.database import UnwritableError, in_memory, is_broken, open_database
from glia.store.schema import REVISION, metadata, runs
from tests.tracking.children import child, lines

ROW = {
    "number": 7,
    "id": "a3f9",
    "name": "ü",
    "project": "p",
    "kind": "train",
    "parent": None,
    "model": None,
    "data": "digits",
    "said": "done",
    "created": 1.0,
    "ended": None,
    "updated": 2.0,
    "data_version": "",
    "outline": 1,
    "log_changed": 2**62,
    "settled": True,
}


def test_what_is_written_is_read_by_others(tmp_path: Path) -> None:
    database = open_database(tmp_path / "glia.db")
    with database.write() as connection:
        connection.execute(insert(runs), ROW)
    with open_database(tmp_path / "glia.db").read() as connection:
        assert dict(connection.execute(select(runs)).one()._mapping) == ROW


def test_what_fails_is_undone(tmp_path: Path) -> None:
    database = open_database(tmp_path / "glia.db")
    with pytest.raises(ZeroDivisionError), database.write() as connection:  # noqa: PT012
        connection.execute(insert(runs), ROW)
        print(1 / 0)
    with database.read() as connection:
        assert connection.execute(select(runs)).all() == []


def test_migrations_lead_to_the_tables_of_the_code(tmp_path: Path) -> None:
    database = open_database(tmp_path / "glia.db")
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_newest_migration_is_the_one_the_code_knows() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(glia.store.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_alembic_is_loaded_only_to_migrate(tmp_path: Path) -> None:
    open_database(tmp_path / "glia.db")
    code = (
        "import sys; from pathlib import Path; from glia.store.database import open_database\n"
        "open_database(Path(sys.argv[1])); print('alembic' in sys.modules)"
    )
    with child(code, tmp_path / "glia.db") as process:
        assert list(lines(process)) == ["False"]


def test_write_ahead_logs_are_for_local_disks_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, mode in (("ext4", "wal"), ("nfs4", "delete"), ("", "delete")):
        monkeypatch.setattr(databases, "kind_of_disk", lambda path, kind=kind: kind)
        database = open_database(tmp_path / f"{kind}.db")
        with database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == mode


def test_a_reader_sees_one_view_while_others_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "kind_of_disk", lambda path: "ext4")
    database = open_database(tmp_path / "glia.db")
    with database.read() as reading:
        assert reading.execute(select(runs)).all() == []
        with database.write() as writing:
            writing.execute(insert(runs), ROW)
        assert reading.execute(select(runs)).all() == []
    with database.read() as reading:
        assert len(reading.execute(select(runs)).all()) == 1


def test_writers_wait_for_each_other_from_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(databases, "QUEUE_SECONDS", 0.05)
    database = open_database(tmp_path / "glia.db")
    with database.write():
        with pytest.raises(DatabaseError, match="database is locked") as caught, database.write():
            pytest.fail("the second must not begin")
        assert not is_broken(caught.value)


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "glia.db"
    open_database(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match=rf"newer Glia \(revision 9999; this one knows {REVISION}\)"):
        open_database(path)
    assert path.exists()


def test_a_broken_file_is_set_aside_not_deleted(tmp_path: Path) -> None:
    path = tmp_path / "glia.db"
    path.write_bytes(b"precious" * 1000)
    open_database(path)
    aside = [file for file in tmp_path.iterdir() if ".broken-" in file.name]
    assert [file.read_bytes() for file in aside] == [b"precious" * 1000]


@pytest.mark.parametrize("name", ["with space.db", "per%cent.db", "que?stion#.db"])
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    open_database(tmp_path / name)
    assert (tmp_path / name).stat().st_size > 0


def test_a_place_where_no_file_can_be_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"The database '.*/missing/glia.db' cannot be opened: No such file or direc"):
        open_database(tmp_path / "missing" / "glia.db")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match=r"folder' cannot be opened: unable to open database file"):
        open_database(tmp_path / "folder")


@pytest.mark.parametrize("reason", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_place_that_cannot_be_written_is_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def refused(path: Path) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(databases, "file_lock", refused)
    with pytest.raises(UnwritableError, match=rf"glia.db' cannot be opened: {os.strerror(reason)}\."):
        open_database(tmp_path / "glia.db")


def test_a_full_disk_found_by_sqlite_is_told_without_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = 13

    def refused(path: Path) -> None:
        raise full

    monkeypatch.setattr(databases, "_prepare", refused)
    with pytest.raises(UnwritableError, match=r"glia.db' cannot be opened: database or disk is full\."):
        open_database(tmp_path / "glia.db")


def test_a_database_in_memory_has_the_same_tables(tmp_path: Path) -> None:
    database = in_memory()
    with database.write() as connection:
        connection.execute(insert(runs), ROW)
    with pytest.raises(ZeroDivisionError), database.write() as connection:  # noqa: PT012
        connection.execute(insert(runs), {**ROW, "id": "b", "number": 8})
        print(1 / 0)
    with database.read() as connection:
        assert [dict(row._mapping) for row in connection.execute(select(runs))] == [ROW]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_database_can_be_used_after_a_fork(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from sqlalchemy import select\n"
        "from glia.store.database import open_database; from glia.store.schema import runs\n"
        "database = open_database(Path(sys.argv[1]))\n"
        "pid = os.fork()\n"
        "if pid: print(os.waitpid(pid, 0)[1], flush=True)\n"
        "with database.read() as connection: print(connection.execute(select(runs)).all(), flush=True)\n"
    )
    with child(code, tmp_path / "glia.db") as process:
        assert list(lines(process)) == ["[]", "0", "[]"]
