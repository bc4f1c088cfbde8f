"""Full and broken disks: the program goes on, values wait in bounded memory, it is told once, nothing is corrupted."""

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from glia.tracking.folder.reader import RunReader
from glia.tracking.index.index import Index
from glia.tracking.log import sinks
from glia.tracking.log import writer as writers
from glia.tracking.log.segment_reader import SegmentReader
from glia.tracking.log.sinks import Way
from glia.tracking.log.writer import SegmentWriter
from glia.tracking.recording.recorder import RunRecorder
from tests.durability.conftest import BreakingDisk
from tests.tracking.children import PATIENCE_SECONDS, child, lines
from tests.tracking.runs import recording

Remount = Callable[[Path, str], None]

FILLS = """
import sys
from pathlib import Path
from glia.tracking.log.writer import SegmentWriter
told = []
writer = SegmentWriter(Path(sys.argv[1]) / "1.log", way=sys.argv[2], told=told.append)
for step in range(100_000):
    writer.append(1, step, 0, step / 2)
print(len(told), writer.slots, flush=True)
sys.stdin.readline()
for step in range(100_000, 100_010):
    writer.append(1, step, 0, step / 2)
writer.close()
print(len(told), writer.dropped, flush=True)
"""

ENDS_FULL = """
import sys
from glia.tracking.log import writer
writer.best_way = lambda folder: sys.argv[1]
import glia
run = glia.start(project="violence", params={"rate": 0.1})
for step in range(60_000):
    run.log(loss=step, step=step)
run.image("picture", [[0] * 64] * 64)
run.tag(late="yes")
run.end("done")
print("alive", flush=True)
"""

TRAINS = """
import os, sys
from pathlib import Path
import glia
def fill(event):
    if event.epoch == 2:
        with open(Path(os.environ["GLIA_HOME"]).parent / "ballast", "wb", buffering=0) as ballast:
            for size in (4096, 1):
                try:
                    while True:
                        ballast.write(bytes(size))
                except OSError:
                    pass
run = glia.train("digits", epochs=5, seed=1, settings={"model.hidden": [16]}, on={"EpochDone": fill})
run.learner.model
print("state", run.state, flush=True)
print("folder", run.folder, flush=True)
"""


def fill(folder: Path) -> Path:
    """Take all the room there is."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


def steps_in(path: Path) -> list[int]:
    return [step for news in SegmentReader(path).refresh() for step in news.values["step"].tolist()]


def test_a_disk_that_is_really_full_neither_kills_nor_loses(small_disk: Path, way: Way, remount: Remount) -> None:
    (small_disk / "ballast").write_bytes(bytes(300 << 10))
    with child(FILLS, small_disk, way) as process:
        printed = lines(process)
        told, slots = map(int, next(printed).split())
        assert told == 1
        assert 0 < slots < (1 << 20) // 32
        remount(small_disk, "size=8m")
        assert process.stdin is not None
        process.stdin.write("there is room again\n")
        process.stdin.flush()
        assert next(printed) == "2 0"
        assert process.wait(PATIENCE_SECONDS) == 0
    assert steps_in(small_disk / "1.log") == list(range(100_010))
    assert SegmentReader(small_disk / "1.log").verify() == []


def test_a_run_that_ends_on_a_full_disk_says_so(small_disk: Path, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIA_HOME", str(small_disk / ".glia"))
    with child(ENDS_FULL, way) as process:
        assert list(lines(process)) == ["alive"]
        assert process.wait(PATIENCE_SECONDS) == 0
    reader = RunReader(next((small_disk / ".glia" / "runs").iterdir()))
    steps = reader.metrics("loss").step.tolist()
    assert len(steps) > 1000
    assert steps == list(range(len(steps)))
    assert (reader.state, reader.tags) == ("done", {"late": "yes"})
    assert any("values are lost: No space left on device." in warning for warning in reader.warnings)


def test_training_on_a_disk_that_fills_up_goes_on(small_disk: Path, remount: Remount) -> None:
    remount(small_disk, "size=2m")
    environment = {**os.environ, "GLIA_HOME": str(small_disk / ".glia"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", TRAINS], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.startswith(("state ", "folder ")))
    assert said["state"] == "done", done.stderr
    assert "No space left on device" in done.stderr
    reader = RunReader(Path(said["folder"]))
    assert len(reader.metrics("validation/loss")) >= 2
    assert reader.state == "done"


def test_no_inodes_are_left(small_disk: Path, way: Way, remount: Remount, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    again = threading.Event()
    monkeypatch.setattr(writers, "best_way", lambda folder: way)
    remount(small_disk, "size=8m,nr_inodes=40")
    with recording(small_disk) as recorder:
        recorder.log({"loss": 1.0}, step=1)
        recorder.close()
        files: list[Path] = []
        with contextlib.suppress(OSError):
            while True:
                (small_disk / f"file{len(files)}").touch()
                files.append(small_disk / f"file{len(files)}")
        monkeypatch.setattr(writers.log, "warning", lambda text: (told.append(text), again.set())[0])
        monkeypatch.setitem(SegmentWriter.__init__.__kwdefaults__, "told", writers.log.warning)
        for step in range(2, 100):
            recorder.log({"loss": float(step)}, step=step)
        assert len(told) == 1
        assert "No space left on device" in told[0]
        again.clear()
        for file in files:
            file.unlink()
        assert again.wait(PATIENCE_SECONDS)
        recorder.state("done")
    reader = RunReader(recorder.folder)
    assert reader.metrics("loss").step.tolist() == list(range(1, 100))
    assert reader.state == "done"
    assert told[1].endswith("can be written again: what waited is kept.")


def test_a_folder_made_read_only(small_disk: Path, remount: Remount, caplog: pytest.LogCaptureFixture) -> None:
    with recording(small_disk) as recorder:
        recorder.log({"loss": 1.0}, step=1)
        recorder.close()
        remount(small_disk, "ro")
        recorder.log({"loss": 2.0}, step=2)
        recorder.media("picture", b"x", suffix=".bin", kind="file")
        assert [each for each in caplog.messages if "Read-only file system" in each and "cannot be written" in each]
        assert RunReader(recorder.folder).metrics("loss").step.tolist() == [1]
        remount(small_disk, "rw")
    assert RunReader(recorder.folder).metrics("loss").step.tolist() == [1, 2]


def test_a_folder_that_is_removed(home: Path, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(writers, "best_way", lambda folder: way)
    monkeypatch.setattr(writers, "SECONDS_BETWEEN_SYNCS", 0.01)
    monkeypatch.setitem(SegmentWriter.__init__.__kwdefaults__, "told", told.append)
    with recording(home) as recorder:
        recorder.log({"loss": 1.0}, step=1)
        segment = recorder._segment()
        recorder._describing.join()  # type: ignore[union-attr]
        kept = shutil.copytree(recorder.folder, home / "kept", ignore=shutil.ignore_patterns("*.log", "*.lock"))
        shutil.rmtree(recorder.folder)
        segment._thread.join(PATIENCE_SECONDS)
        assert "was deleted while it was written" in told[0]
        recorder.log({"loss": 2.0}, step=2)
        assert "cannot be written: No such file or directory" in told[1]
        kept.rename(recorder.folder)
    assert RunReader(recorder.folder).metrics("loss").step.tolist() == [2]
    assert len(told) == 3


def test_a_disk_that_breaks(breaking_disk: BreakingDisk, way: Way) -> None:
    with child(FILLS, breaking_disk.folder, way) as process:
        assert process.stdin is not None
        printed = lines(process)
        told, slots = map(int, next(printed).split())
        assert told == 0
        assert slots >= 100_000  # a slow machine adds checksums
        breaking_disk.cut_power()
        process.stdin.write("no room, no disk\n")
        process.stdin.flush()
        assert int(next(printed).split()[0]) >= 1
        assert process.wait(PATIENCE_SECONDS) == 0  # and not killed by SIGBUS
    breaking_disk.start_again()
    steps = steps_in(breaking_disk.folder / "1.log")
    assert steps == list(range(len(steps)))


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.ESTALE, errno.EROFS])
def test_errors_that_no_disk_here_shows(
    home: Path, way: Way, code: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Any:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(writers, "best_way", lambda folder: way)
    recorder = RunRecorder.create(home, project="violence")
    with monkeypatch.context() as patch:
        for module, name in ((os, "posix_fallocate"), (os, "fdatasync"), (sinks, "write_at"), (writers, "write_at")):
            patch.setattr(module, name, broken)
        for step in range(10_000):
            recorder.log({"loss": float(step)}, step=step)
        recorder.sync()
    recorder.state("done")
    recorder.close()
    reader = RunReader(recorder.folder)
    assert reader.metrics("loss").step.tolist() == list(range(10_000))
    assert reader.state == "done"
    assert sum("cannot be written: " + os.strerror(code) in each for each in caplog.messages) == 1


def test_runs_are_listed_where_nothing_can_be_written(small_disk: Path, remount: Remount) -> None:
    index = Index(small_disk)
    index.refresh()
    with recording(small_disk) as recorder:
        recorder.state("done")
    fill(small_disk)
    for each in (index, Index(small_disk)):
        each.refresh()
        assert [row.id for row in each.runs()] == [recorder.id]
    remount(small_disk, "ro")
    fresh = Index(small_disk)
    fresh.refresh()
    assert [row.id for row in fresh.runs()] == [recorder.id]


def test_what_is_lost_is_told_at_the_end_even_if_nobody_refers_to_the_recorder(home: Path) -> None:
    code = """
import shutil, sys
from pathlib import Path
from glia.tracking.recording.recorder import RunRecorder
folder = Path(sys.argv[1])
shutil.rmtree(folder / "log")
(folder / "log").touch()  # a file: no segment can be made
sys.stderr = sys.stdout
RunRecorder.reopen(folder).log({"test/accuracy": 0.5, "test/loss": 1.0})
"""
    with recording(home) as recorder:
        recorder.state("done")
    with child(code, recorder.folder) as process:
        told = list(lines(process))
    assert len(told) == 2
    assert "cannot be written" in told[0]
    assert told[1].endswith(": 2 values are lost.")
