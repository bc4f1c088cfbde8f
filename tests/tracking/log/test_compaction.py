import itertools
import os
import random
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glia.errors import NotFoundError
from glia.tracking.folder.reader import RunReader
from glia.tracking.log import column_writer, compaction
from glia.tracking.log.columns import BLOCK_BYTES, NAME, Columns, DamagedError
from glia.tracking.log.compaction import UNFINISHED, compact, rests
from glia.tracking.log.records import NoteRecord
from glia.tracking.log.remarks import remark
from glia.tracking.recording.recorder import RunRecorder
from tests.tracking.children import child, lines
from tests.tracking.runs import recording

VALUES = st.one_of(st.floats(-10, 10), st.sampled_from([np.nan, np.inf, -np.inf, 0.0, 1e300]))
POINT = st.tuples(st.sampled_from(["train/loss", "validation/accuracy", "machine/cpu"]), st.integers(-5, 60), VALUES)
STEP = st.one_of(
    st.lists(POINT, min_size=1, max_size=40),
    st.integers(0, 50),  # rewind to there
    st.sampled_from(["reopen", "tag", "note"]),
)


def everything(reader: RunReader) -> dict[str, object]:
    """All that a reader says of a run, apart from what depends on how it read."""
    names = [*reader.names(), *reader.machine_names()]
    return {
        "names": names,
        "series": {name: [column.tolist() for column in columns(reader, name)] for name in names},
        "counts": {name: reader.count(name) for name in names},
        "last": repr(reader.last()),
        "directions": [reader.direction(name) for name in names],
        "facts": [reader.params, reader.tags, reader.notes, reader.summary, reader.warnings, reader.data],
        "state": [reader.state, reader.reason, reader.ended, reader.updated, reader.latest, reader.witness],
        "media": reader.media,
        "positions": reader.positions,
        "rests": reader.at_rest(),
    }


def columns(reader: RunReader, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    series = reader.metrics(name)
    return series.step, series.time, np.where(np.isnan(series.value), 12345.678, series.value)


def record(home: Path, steps: list[object]) -> Path:
    """A run in which all this happened."""
    recorder = RunRecorder.create(home, project="tests", params={"rate": 0.1})
    clock = 1000.0
    for each in steps:
        if isinstance(each, list):
            for name, step, value in each:
                clock += 1
                recorder.log({name: value}, step=step, time=clock)
        elif isinstance(each, int):
            recorder.rewind(each)
            recorder.media("picture", b"x", suffix=".png", kind="image", step=each + 1)
        elif each == "reopen":
            recorder.close()
            recorder = RunRecorder.reopen(recorder.folder)
        elif each == "tag":
            recorder.tag(at=f"{clock}")
        else:
            recorder.define("validation/accuracy", "higher")
            recorder.note(f"at {clock}")
    recorder.state("done", "epochs")
    recorder.close()
    return recorder.folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of 40,000 points with a spike and a gap, and of another metric with one point."""
    with recording(tmp_path_factory.mktemp("made") / ".glia", params={"rate": 0.1}) as recorder:
        for step in range(40_000):
            value = 90.0 if step == 12_345 else float("nan") if step == 23_456 else (step % 97) / 97
            recorder.log({"loss": value}, step=step, time=1000.0 + step)
        recorder.log({"accuracy": 0.5}, step=40_000)
        recorder.state("done")
    return recorder.folder


@pytest.fixture
def long(home: Path, made: Path) -> Path:
    """A copy of that run."""
    without = shutil.ignore_patterns(".*", "source.json", "environment.json")  # a thread may be writing these
    return Path(shutil.copytree(made, home / "runs" / made.name, ignore=without))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=12))
def test_a_compacted_run_reads_like_its_log(home: Path, steps: list[object]) -> None:
    folder = record(home, steps)
    before = everything(RunReader(folder))
    made = compact(folder, least=0)
    reader = RunReader(folder)
    assert made
    assert reader.held == 0
    assert everything(reader) == before


def test_points_out_of_order_are_sorted_in_little_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(column_writer, "SORTED_AT_ONCE", 512)
    monkeypatch.setattr(column_writer, "AT_ONCE", 256)
    monkeypatch.setattr(compaction, "HELD_POINTS", 300)
    held = []
    monkeypatch.setattr(
        column_writer, "_sorted", lambda points, true=column_writer._sorted: held.append(len(points)) or true(points)
    )
    shuffled = random.Random(0)
    steps = [shuffled.randrange(-1000, 1000) for _ in range(5000)]
    folder = record(
        home,
        [
            [("train/loss", step, float(at)) for at, step in enumerate(steps)],
            "reopen",
            [("train/loss", 7, float(at)) for at in range(100)],
        ],
    )
    before = everything(RunReader(folder))
    assert compact(folder, least=0)
    assert everything(RunReader(folder)) == before
    assert len(held) > 5
    assert max(held) < 1024
    assert [path.name for path in folder.iterdir() if path.name.startswith(("tmp", UNFINISHED))] == []


def test_thousands_of_metrics_of_few_points(home: Path) -> None:
    with recording(home) as recorder:
        for step in range(3):
            recorder.log({f"layer-{index}/norm": float(index * step) for index in range(4000)}, step=step)
        recorder.state("done")
    before = everything(RunReader(recorder.folder))
    assert compact(recorder.folder, least=0)
    assert everything(RunReader(recorder.folder)) == before


@pytest.mark.parametrize(
    ("first", "last"), [(None, None), (0, 39_999), (100, 39_000), (12_000, 13_000), (7, 7), (9, 3)]
)
@pytest.mark.parametrize("points", [10, 300, 4000])
def test_what_is_drawn_holds_the_extremes_of_a_range(
    long: Path, first: int | None, last: int | None, points: int
) -> None:
    live = RunReader(long)
    assert compact(long, least=0)
    stored = RunReader(long)
    whole = stored.metrics("loss")
    wanted = (whole.step >= (first or 0)) & (whole.step <= (40_000 if last is None else last))
    steps, values = whole.step[wanted], whole.value[wanted]
    for reader in (live, stored):
        drawn = reader.drawn("loss", points, first=first, last=last)
        assert len(drawn) == min(len(steps), points) or points // 2 < len(drawn) <= points
        assert np.isin(drawn.step, steps).all()
        assert np.array_equal(drawn.value, values[np.searchsorted(steps, drawn.step)], equal_nan=True)
        assert (drawn.time == drawn.step + 1000.0).all()
        if len(steps):
            assert (drawn.step[[0, -1]] == steps[[0, -1]]).all()
            assert np.nanmin(drawn.value) == np.nanmin(values)
            assert np.nanmax(drawn.value) == np.nanmax(values)
            assert np.isnan(drawn.value).any() == np.isnan(values).any()
    assert stored.held == 0


def test_drawing_looks_at_few_points(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compact(long, least=0)
    reader, read = RunReader(long), []
    rows = Columns.rows
    monkeypatch.setattr(
        Columns, "rows", lambda self, kind, place, count: read.append(count) or rows(self, kind, place, count)
    )
    reader.drawn("loss", 100)
    assert sum(read) < 40_000 / 8


def test_an_unknown_metric_gets_a_hint(long: Path) -> None:
    compact(long, least=0)
    with pytest.raises(NotFoundError, match=r"has no metric 'los'\. Did you mean 'loss'\?"):
        RunReader(long).drawn("los")


def test_remarks_after_the_end_are_read_beside_the_columns(long: Path) -> None:
    compact(long, least=0)
    reader = RunReader(long)
    remark(long, NoteRecord(text="looks good"), after=reader.latest)
    for each in (reader, RunReader(long)):
        each.refresh()
        assert each.notes == "looks good"
        assert each.count("loss") == 40_000
        assert each.held < 10
    assert not compact(long, least=1000)  # few slots are new


def test_a_run_that_goes_on_is_read_beside_the_columns(long: Path) -> None:
    compact(long, least=0)
    reader = RunReader(long)
    recorder = RunRecorder.reopen(long)
    recorder.state("running")
    recorder.rewind(50_000)  # nothing of what is stored
    count = reader.count("loss")
    for step in range(40_000, 42_000):
        recorder.log({"loss": -1.0}, step=step, time=1000.0 + step)
    reader.refresh()
    assert reader.held < 3000
    assert reader.generation == 0
    assert reader.metrics("loss", since=count).step.tolist() == list(range(40_000, 42_000))
    assert reader.metrics("loss", since=count - 2).step.tolist() == list(range(39_998, 42_000))
    assert len(reader.metrics("loss")) == 42_000
    assert reader.last()["loss"] == -1.0
    drawn = reader.drawn("loss", 300)
    assert np.nanmin(drawn.value) == -1.0
    assert np.nanmax(drawn.value) == 90.0
    assert drawn.step[-1] == 41_999
    assert (np.diff(drawn.step) > 0).all()
    assert not rests(long)
    assert not compact(long, least=0)  # it is being written
    recorder.close()
    assert compact(long, least=0)
    assert RunReader(long).held == 0


def test_a_rewind_makes_the_columns_stale(long: Path) -> None:
    compact(long, least=0)
    reader = RunReader(long)
    with_rewind = RunRecorder.reopen(long)
    with_rewind.rewind(99)
    with_rewind.log({"loss": -5.0}, step=100)
    with_rewind.close()
    assert reader.refresh()
    assert reader.generation > 0
    for each in (reader, RunReader(long)):
        assert each.metrics("loss").step.tolist() == list(range(101))
        assert each.last() == {"loss": -5.0}
    assert compact(long, least=100)  # however few the new points are
    assert RunReader(long).held == 0
    assert len(RunReader(long).metrics("loss")) == 101


def test_a_segment_that_was_cut_or_went_on_makes_them_stale(long: Path) -> None:
    compact(long, least=0)
    path = next((long / "log").glob("*.log"))
    data = path.read_bytes()
    path.write_bytes(data[:-3200])
    assert RunReader(long).count("loss") < 40_000
    path.write_bytes(data)
    assert RunReader(long).held == 0
    path.rename(path.with_name("other.log"))
    assert RunReader(long).held > 40_000


@pytest.mark.parametrize("place", ["head", "column", "tile", "table", "footer", "end"])
def test_damage_is_noticed_told_and_harmless(long: Path, place: str) -> None:
    before = everything(RunReader(long))
    compact(long, least=0)
    path = long / NAME
    size = path.stat().st_size
    at = {
        "head": 3,
        "column": 200_000,
        "tile": 24 * 40_001 + 1000,
        "table": size - 700,
        "footer": size - 200,
        "end": size - 5,
    }
    data = bytearray(path.read_bytes())
    data[at[place]] ^= 4
    path.write_bytes(data)
    reader = RunReader(long)
    found = everything(reader)
    found["facts"][4] = []  # type: ignore[index]
    assert found == before or place == "tile"
    reader.drawn("loss", 10)
    assert len(reader.warnings) == 1
    assert f"{NAME}' cannot be used: " in reader.warnings[0]
    assert "Delete the file: it is made anew." in reader.warnings[0]
    assert reader.held > 40_000
    if place in ("column", "tile"):
        assert Columns(path).verify() == [at[place] // BLOCK_BYTES]
    else:
        with pytest.raises(DamagedError):
            Columns(path).verify()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9999])
def test_a_file_that_was_cut_is_not_used(long: Path, share: float) -> None:
    compact(long, least=0)
    path = long / NAME
    os.truncate(path, int(path.stat().st_size * share))
    assert RunReader(long).count("loss") == 40_000
    assert compact(long, least=1000)  # made anew by itself
    assert RunReader(long).warnings == []


def test_few_points_stay_in_the_log(long: Path) -> None:
    assert not compact(long)
    assert not (long / NAME).exists()
    assert not compact(long / "nowhere")


def test_what_is_done_is_not_done_again(long: Path) -> None:
    assert compact(long, least=1000)
    made = (long / NAME).stat()
    assert not compact(long, least=1000)
    assert (long / NAME).stat() == made


def test_only_one_compacts_a_run(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = []
    code = "import sys; from pathlib import Path; from glia.tracking.log.compaction import compact\n"
    code += "print(compact(Path(sys.argv[1]), least=0))"
    finish = column_writer.ColumnWriter.finish

    def slow(*arguments: object) -> None:
        others.append(compact(long, least=0))  # this process
        with child(code, long) as other:
            others.append(next(lines(other)))
        finish(*arguments)

    monkeypatch.setattr(column_writer.ColumnWriter, "finish", slow)
    assert compact(long, least=0)
    assert others == [False, "False"]
    assert RunReader(long).held == 0
    assert not (long / UNFINISHED).exists()


def test_a_run_that_somebody_goes_on_with_meanwhile_is_left_alone(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finish = column_writer.ColumnWriter.finish

    def cut(*arguments: object) -> None:
        finish(*arguments)
        path = next((long / "log").glob("*.log"))
        os.truncate(path, path.stat().st_size - 32)

    monkeypatch.setattr(column_writer.ColumnWriter, "finish", cut)
    assert not compact(long, least=0)
    assert sorted(path.name for path in long.iterdir() if "columns" in path.name) == []


def test_what_is_begun_can_be_dropped(long: Path) -> None:
    stopping = threading.Event()
    stopping.set()
    assert not compact(long, least=0, stopping=stopping)
    assert sorted(path.name for path in long.iterdir() if "columns" in path.name) == []


def test_a_full_disk_leaves_nothing_behind(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert not compact(long, least=0)
    assert sorted(path.name for path in long.iterdir() if "columns" in path.name) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from glia.tracking.log.compaction import compact

def end_at(call):
    left = [call]
    def counted(true, given):
        left[0] -= 1
        if left[0] == 0:
            if true is pwrite:
                pwrite(given[0], bytes(given[1])[: len(given[1]) // 2], given[2])
            os.kill(os.getpid(), signal.SIGKILL)
        return true(*given)
    pwrite, fsync, replace = os.pwrite, os.fsync, Path.replace
    os.pwrite = lambda *given: counted(pwrite, given)
    os.fsync = lambda *given: counted(fsync, given)
    Path.replace = lambda *given: counted(replace, given)
    compact(Path(sys.argv[1]), least=0)
    os._exit(0)

for line in sys.stdin:
    process = os.fork()
    if process == 0:
        end_at(int(line))
    print(os.WIFSIGNALED(os.waitpid(process, 0)[1]), flush=True)
"""


def test_killed_at_any_instant_it_leaves_none_or_all(long: Path) -> None:
    """Each time one call later: half of what it writes; no sync; no new name; a new name and no sync of the folder."""
    before = everything(RunReader(long))
    outcomes = []
    with child(KILLED, long) as worker:
        assert worker.stdin is not None
        answers = lines(worker)
        for call in itertools.count(1):
            worker.stdin.write(f"{call}\n")
            worker.stdin.flush()
            killed = next(answers) == "True"
            reader = RunReader(long)
            assert everything(reader) == before
            outcomes.append((killed, (long / UNFINISHED).exists(), reader.held == 0))
            if not killed:
                break
            (long / NAME).unlink(missing_ok=True)
    assert len(outcomes) > 12
    assert set(outcomes[:-2]) == {(True, True, False)}
    assert outcomes[-2:] == [(True, False, True), (False, False, True)]
