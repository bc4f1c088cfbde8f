import json
import math
import os
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from glia.errors import ConfigError, StoreError
from glia.store.database import Database, UnwritableError
from glia.tracking.folder.reader import RunReader
from glia.tracking.index import following
from glia.tracking.index import index as indexes
from glia.tracking.index.index import Index
from glia.tracking.recording.recorder import RunRecorder
from tests.tracking.children import PATIENCE_SECONDS, child, lines
from tests.tracking.runs import recording


@pytest.fixture
def index(home: Path) -> Index:
    home.mkdir()
    return Index(home)


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every folder had been changed long ago."""
    monkeypatch.setattr(following, "RECENTLY_NS", -1)


def finished(home: Path, **options: Any) -> Path:
    with recording(home, **options) as recorder:
        recorder.log({"loss": 1.0})
        recorder.state("done")
    return recorder.folder


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose folders are read from now on."""
    read: list[str] = []

    class Counted(RunReader):
        def __init__(self, folder: Path) -> None:
            read.append(folder.name)
            super().__init__(folder)

    monkeypatch.setattr(following, "RunReader", Counted)
    return read


def test_a_row_says_what_the_folder_says(home: Path, index: Index) -> None:
    with recording(home, project="p", name="n", params={"a": 1, "deep": {"b": [2]}}, parent="ab", kind="k") as recorder:
        recorder.define("x", "higher")
        recorder.log({"x": math.inf, "y": math.nan, "z": 0.5})
        recorder.tag(team="vision")
        recorder.note("a note")
        recorder.summary({"x": math.inf, "epoch": 3})
        recorder.data(version="d71c")
        recorder.state("failed", "boom")
        index.refresh()
        reader = RunReader(recorder.folder)
    row = index.runs()[0]
    assert (row.id, row.name, row.project, row.kind, row.parent) == (recorder.id, "n", "p", "k", "ab")
    assert (row.state, row.reason, row.notes, row.data_version) == ("failed", "boom", "a note", "d71c")
    assert (row.params, row.tags) == ({"a": 1, "deep": {"b": [2]}}, {"team": "vision"})
    assert row.summary == {"x": math.inf, "epoch": 3}
    assert row.last["x"] == math.inf
    assert math.isnan(row.last["y"])
    assert row.last["z"] == 0.5
    assert row.directions == {"x": "higher", "y": "", "z": ""}
    assert row.ended is not None
    assert reader.ended is not None
    for stored, read in ((row.created, reader.created), (row.ended, reader.ended), (row.updated, reader.updated)):
        assert abs((stored - read).total_seconds()) < 1e-5


def test_runs_come_newest_first_page_by_page(home: Path, index: Index) -> None:
    made = [finished(home, project="p" if number % 2 else "q").name for number in range(7)][::-1]
    index.refresh()
    assert [row.id for row in index.runs()] == made
    assert [row.id for row in index.runs(limit=2, offset=3)] == made[3:5]
    assert [row.id for row in index.runs(project="p")] == made[1::2]
    assert (index.count(), index.count(project="q"), index.projects()) == (7, 4, ["p", "q"])
    assert index.runs(project="none") == []


def test_states_of_unfinished_runs_are_found_out_when_asked(home: Path, index: Index) -> None:
    done = finished(home)
    with recording(home) as recorder:
        index.refresh()
        assert [row.state for row in index.runs()] == ["running", "done"]
        assert [row.id for row in index.runs(state="running")] == [recorder.id]
        assert [row.id for row in index.runs(state="done")] == [done.name]
        assert (index.count(state="running"), index.count(state="crashed"), index.count(state="done")) == (1, 0, 1)
    assert [row.state for row in index.runs()] == ["crashed", "done"]  # nothing was brought up to date
    assert "ended without a word" in index.runs(state="crashed")[0].reason
    assert index.runs(state="crashed", limit=5, offset=1) == []


def test_an_unknown_state_gets_a_hint(index: Index) -> None:
    with pytest.raises(ConfigError, match=r"no state 'runing'\. Did you mean 'running'\?"):
        index.runs(state="runing")  # type: ignore[arg-type]


def test_what_is_logged_later_is_noticed_and_nothing_else_is_read(
    home: Path, index: Index, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = finished(home)
    with recording(home) as recorder:
        index.refresh()
        read = opened(monkeypatch)
        index.refresh()
        recorder.log({"x": 1.0}, step=1)
        index.refresh()
        assert index.runs()[0].last == {"x": 1.0}
        recorder.log({"x": 2.0}, step=2)  # the file's times need not change by this
        index.refresh()
        assert index.runs()[0].last == {"x": 2.0}
        assert read == []
    editor = RunRecorder.reopen(old)
    editor.tag(best="yes")
    editor.close()
    index.refresh()
    assert index.runs()[1].tags == {"best": "yes"}
    assert read == [old.name]


def test_a_run_that_ended_is_looked_at_once_more_and_then_left_alone(
    home: Path, index: Index, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recording(home) as recorder:
        recorder.state("done")
        index.refresh()
    index.refresh()
    read = opened(monkeypatch)
    monkeypatch.setattr(following, "has_slot", lambda *_: pytest.fail("a settled run is not looked into"))
    for each in (index, Index(home)):
        each.refresh()
    assert read == []
    assert recorder.id == index.runs()[0].id


def test_a_crashed_run_that_is_resumed_between_two_looks_is_followed(home: Path, index: Index, settled: None) -> None:
    with recording(home) as recorder:
        index.refresh()  # keeps a reader of it
    again = RunRecorder.reopen(recorder.folder)
    again.state("running")
    index.refresh()
    again.log({"x": 1.0}, step=1)
    again.state("done")
    index.refresh()
    assert [(row.state, row.last) for row in index.runs()] == [("done", {"x": 1.0})]
    again.close()


def test_a_run_killed_in_another_process_is_crashed(home: Path, index: Index) -> None:
    code = (
        "import sys; from pathlib import Path; from glia.tracking.recording.recorder import RunRecorder\n"
        "recorder = RunRecorder.create(Path(sys.argv[1]), project='p')\n"
        "recorder.log({'x': 1.0}); print(recorder.id, flush=True); sys.stdin.read()"
    )
    with child(code, home) as process:
        run = next(lines(process))
        index.refresh()
        assert [(row.id, row.state) for row in index.runs()] == [(run, "running")]
        process.kill()
        process.wait(PATIENCE_SECONDS)
        assert [(row.id, row.state) for row in index.runs()] == [(run, "crashed")]
        index.refresh()
        assert [(row.id, row.state) for row in index.runs()] == [(run, "crashed")]


def test_deleted_runs_disappear(home: Path, index: Index) -> None:
    folder = finished(home)
    kept = finished(home)
    index.refresh()
    shutil.rmtree(folder)
    index.refresh()
    assert [row.id for row in index.runs()] == [kept.name]


def test_damaged_runs_do_not_hide_the_others(home: Path, index: Index) -> None:
    finished(home)
    broken = finished(home)
    (broken / "run.json").write_text("{")
    (home / "runs" / "empty").mkdir()
    index.refresh()
    assert index.count() == 1


def test_a_missing_or_broken_database_is_made_anew(home: Path, index: Index) -> None:
    folder = finished(home)
    index.refresh()
    for damage in (b"", b"no database at all" * 500):
        for ending in ("-wal", "-shm"):
            (home / f"glia.db{ending}").unlink(missing_ok=True)
        (home / "glia.db").write_bytes(damage)
        assert [row.id for row in Index(home).runs()] in ([folder.name], [])
        fresh = Index(home)
        fresh.refresh()
        assert [row.id for row in fresh.runs()] == [folder.name]
    (home / "glia.db").unlink()
    index.refresh()
    assert [row.id for row in index.runs()] == [folder.name]


def test_a_database_that_breaks_while_it_is_used_is_made_anew(home: Path, index: Index) -> None:
    folder = finished(home)
    index.refresh()
    with sqlite3.connect(home / "glia.db") as connection:
        connection.execute("DROP TABLE runs")
    connection.close()
    assert [row.id for row in index.runs()] == [folder.name]
    assert list(home.glob("glia.db.broken-*")) != []


def test_a_folder_without_a_place_for_a_database_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"missing/glia.db' cannot be opened: No such file or directory"):
        Index(tmp_path / "missing").refresh()


def test_where_no_database_can_be_written_it_is_in_memory(
    home: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(path: Path) -> Any:
        raise UnwritableError("Read-only file system")

    monkeypatch.setattr(indexes, "open_database", read_only)
    first = finished(home)
    index.refresh()
    second = finished(home)
    index.refresh()
    assert [row.id for row in index.runs()] == [second.name, first.name]
    assert not (home / "glia.db").exists()


def test_a_database_for_which_the_room_ends_goes_on_in_memory(
    home: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.refresh()
    folder = finished(home)
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = 13
    write = Database.write

    def refused(self: Database) -> Any:
        if self.path:
            raise OperationalError("INSERT", {}, full)
        return write(self)

    monkeypatch.setattr(Database, "write", refused)
    assert index.refresh()
    assert [row.id for row in index.runs()] == [folder.name]


def test_a_refresh_says_whether_anything_changed(home: Path, index: Index, settled: None) -> None:
    assert index.refresh()
    assert not index.refresh()
    with recording(home) as recorder:
        assert index.refresh()
        assert not index.refresh()
        recorder.log({"x": 1.0}, step=1)
        Index(home).refresh()  # another process brings the database up to date
        assert index.refresh()
        recorder.state("done")
    while index.refresh():
        pass
    (home / "glia.db").unlink()
    shutil.rmtree(recorder.folder)
    assert index.refresh()
    assert index.runs() == []


def test_threads_may_use_one_index(home: Path, index: Index) -> None:
    for _ in range(3):
        finished(home)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                index.refresh()
                index.runs()
        except BaseException as error:
            problems.append(error)

    with recording(home) as recorder:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for step in range(500):
            recorder.log({"x": 1.0}, step=step)
        for thread in threads:
            thread.join()
    assert problems == []
    assert index.count() == 4


def test_the_database_holds_plain_json(home: Path, index: Index) -> None:
    with recording(home, params={"rate": math.nan}) as recorder:
        recorder.log({"x": math.nan})
        index.refresh()
    connection = sqlite3.connect(home / "glia.db")
    params = connection.execute("SELECT params FROM details").fetchone()[0]
    last = connection.execute("SELECT number, text FROM facts JOIN names ON id = facts.name WHERE family = 'metrics'")
    assert (json.loads(params), last.fetchall()) == ({"rate": "NaN"}, [(None, "NaN")])
    connection.close()
    assert os.stat(home / "glia.db").st_size > 0
