"""What is promised when things go wrong, by making them go wrong."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from glia.tracking.index import Index
from glia.tracking.liveness import Hold, is_alive, this_process
from glia.tracking.reader import RunReader
from glia.tracking.recorder import RunRecorder
from glia.tracking.records import NoteRecord
from glia.tracking.segment_reader import SegmentReader
from glia.tracking.sinks import Way
from tests.tracking.children import PATIENCE_SECONDS, child, kill, lines
from tests.tracking.recording import recording

KILLS = 6
needs_mapping = pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="no posix_fallocate here")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

WRITES = """
import sys
from pathlib import Path
from glia.tracking.records import NoteRecord, to_text
from glia.tracking.writer import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), way=sys.argv[2])
step = 0
while True:
    writer.append(1, step, 0, step / 2)
    if step % 50 == 0:
        writer.text(to_text(NoteRecord(text="n" * (step % 977))))
    print(step, flush=True)
    step += 1
"""

RECORDS = """
import sys
from pathlib import Path
from glia.tracking.recorder import RunRecorder
recorder = RunRecorder.create(Path(sys.argv[1]), project="violence")
print(recorder.folder, flush=True)
step = 0
while True:
    step += 1
    recorder.log({"train/loss": step / 2, f"many/{step % 7}": step}, step=step)
    print(step, flush=True)
"""


@needs_mapping
@pytest.mark.parametrize("way", ["map", "write"])
def test_kill_9_loses_nothing_that_was_logged(tmp_path: Path, way: Way) -> None:
    for attempt in range(KILLS):
        path = tmp_path / f"{attempt}.log"
        with child(WRITES, path, way) as process:
            printed = lines(process)
            for _ in range(1 + 700 * attempt):
                last = next(printed)
            last = (kill(process) or [last])[-1]
        reader = SegmentReader(path)
        news = list(reader.refresh())
        steps = [step for each in news for step in each.values["step"].tolist()]
        values = [value for each in news for value in each.values["value"].tolist()]
        assert steps == list(range(len(steps)))
        assert values == [step / 2 for step in steps]
        assert int(last) < len(steps) <= int(last) + 2
        notes = [record for each in news for _, record in each.records if isinstance(record, NoteRecord)]
        assert [note.text for note in notes] == ["n" * (step % 977) for step in range(0, int(last) + 50, 50)][
            : len(notes)
        ]
        assert (len(steps) - len(notes) * 50) <= 50
        assert reader.damaged == 0


def test_a_killed_run_is_crashed_at_once_and_complete(home: Path) -> None:
    with child(RECORDS, home) as process:
        printed = lines(process)
        reader = RunReader(Path(next(printed)))
        for _ in range(100):
            last = next(printed)
        reader.refresh()
        assert reader.state == "running"
        last = (kill(process) or [last])[-1]
        assert reader.state == "crashed"
        assert reader.reason == f"process {process.pid} on {this_process().host} ended without a word"
    reader.refresh()
    series = reader.metrics("train/loss")
    assert len(series) >= int(last)
    assert series.value.tolist() == [step / 2 for step in series.step.tolist()]
    assert sum(reader.count(f"many/{index}") for index in range(7)) >= int(last)


def test_a_reader_beside_a_fast_writer_sees_only_whole_slots(tmp_path: Path) -> None:
    code = WRITES.replace("print(step, flush=True)", "print('ready', flush=True) if step == 0 else None")
    with child(code, tmp_path / "1.log", "map" if hasattr(os, "posix_fallocate") else "write") as process:
        assert next(lines(process)) == "ready"
        reader, seen = SegmentReader(tmp_path / "1.log"), 0
        while seen < 200_000:
            for news in reader.refresh():
                steps = news.values["step"]
                assert steps.tolist() == list(range(seen, seen + len(steps)))
                assert (news.values["value"] == steps / 2).all()
                seen += len(steps)
        assert reader.damaged == 0


@needs_fork
def test_an_orphaned_worker_does_not_keep_a_dead_run_alive(home: Path) -> None:
    code = """
import os, sys, time
from pathlib import Path
from glia.tracking.recorder import RunRecorder
recorder = RunRecorder.create(Path(sys.argv[1]), project="violence")
if os.fork() == 0:
    recorder.log({"worker/value": 1.0})
    print(recorder.folder, os.getpid(), flush=True)
    time.sleep(600)
os.wait()
"""
    with child(code, home) as process:
        folder, worker = next(lines(process)).split()
        reader = RunReader(Path(folder))
        assert reader.state == "running"
        process.kill()
        process.wait(PATIENCE_SECONDS)
        reader.refresh()
        assert Path(f"/proc/{worker}").exists()
        assert reader.state == "crashed"
        assert reader.last() == {"worker/value": 1.0}
        assert not reader.at_rest()


@needs_fork
def test_forked_children_threads_and_parent_are_all_kept(home: Path) -> None:
    code = """
import os, sys, threading
from pathlib import Path
from glia.tracking.recorder import RunRecorder
recorder = RunRecorder.create(Path(sys.argv[1]), project="violence")
stop = False
def background():
    step = 0
    while not stop:
        step += 1
        recorder.log({"thread/value": float(step)}, step=step)
    print("thread", step, flush=True)
thread = threading.Thread(target=background)
thread.start()
children = []
for number in range(4):
    recorder.log({"parent/value": float(number)}, step=number)
    pid = os.fork()
    if pid == 0:
        for step in range(100):
            recorder.log({f"child/{number}": float(step), "child/all": float(step)}, step=step)
        os._exit(0)
    children.append(pid)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
stop = True
thread.join()
recorder.state("done")
recorder.close()
print("folder", recorder.folder, flush=True)
"""
    with child(code, home) as process:
        said = dict(line.split(" ", 1) for line in lines(process))
    reader = RunReader(Path(said["folder"]))
    assert reader.state == "done"
    assert len(list((reader.folder / "log").glob("*.log"))) == 5
    assert reader.metrics("parent/value").step.tolist() == [0, 1, 2, 3]
    assert reader.metrics("thread/value").step.tolist() == list(range(1, int(said["thread"]) + 1))
    for number in range(4):
        assert reader.metrics(f"child/{number}").step.tolist() == list(range(100))
    assert reader.metrics("child/all").step.tolist() == [step for step in range(100) for _ in range(4)]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB; only root can mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("way", ["map", "write"])
def test_a_disk_that_is_really_full_neither_kills_nor_loses(small_disk: Path, way: Way) -> None:
    code = """
import sys
from pathlib import Path
from glia.tracking.writer import SegmentWriter
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
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(300 << 10))
    with child(code, small_disk, way) as process:
        printed = lines(process)
        told, slots = map(int, next(printed).split())
        assert told == 1
        assert 0 < slots < (1 << 20) // 32
        subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
        assert process.stdin is not None
        process.stdin.write("there is room again\n")
        process.stdin.flush()
        assert next(printed) == "2 0"
        assert process.wait(PATIENCE_SECONDS) == 0
    reader = SegmentReader(small_disk / "1.log")
    steps = [step for news in reader.refresh() for step in news.values["step"].tolist()]
    assert steps == list(range(100_010))
    assert reader.verify() == []


def test_recording_on_a_disk_that_fills_up_goes_on(small_disk: Path) -> None:
    code = """
import sys
from pathlib import Path
from glia.tracking.recorder import RunRecorder
recorder = RunRecorder.create(Path(sys.argv[1]), project="violence")
for step in range(40_000):
    recorder.log({"loss": step}, step=step)
recorder.media("picture", b"x" * 100_000, suffix=".bin", kind="file")
recorder.state("done")
recorder.close()
print("alive", flush=True)
"""
    with child(code, small_disk) as process:
        assert list(lines(process)) == ["alive"]
        assert process.wait(PATIENCE_SECONDS) == 0
    folder = next((small_disk / "runs").iterdir())
    steps = RunReader(folder).metrics("loss").step.tolist()
    assert len(steps) > 1000
    assert steps == list(range(len(steps)))
    assert RunReader(folder).state == "done"


def test_runs_are_listed_where_nothing_can_be_written(small_disk: Path) -> None:
    index = Index(small_disk)
    index.refresh()
    with recording(small_disk) as recorder:
        recorder.state("done")
    with contextlib.suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))
    for each in (index, Index(small_disk)):
        each.refresh()
        assert [row.id for row in each.runs()] == [recorder.id]
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    fresh = Index(small_disk)
    fresh.refresh()
    assert [row.id for row in fresh.runs()] == [recorder.id]


def test_a_recorder_nobody_refers_to_says_at_the_end_what_is_lost(home: Path) -> None:
    code = """
import shutil, sys
from pathlib import Path
from glia.tracking.recorder import RunRecorder
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


def test_twenty_processes_starting_at_once_in_a_fresh_folder(tmp_path: Path) -> None:
    code = """
import os, sys
os.chdir(sys.argv[1])
os.environ.pop("GLIA_HOME", None)
sys.path.insert(0, sys.argv[2])
sys.stdin.readline()
from glia.tracking.home import open_home
from glia.tracking.index import Index
from glia.tracking.recorder import RunRecorder
home = open_home()
recorder = RunRecorder.create(home, project="crowd")
recorder.log({"value": 1.0})
index = Index(home)
index.refresh()
recorder.state("done")
recorder.close()
index.refresh()
print(index.count() > 0)
"""
    root = str(Path(__file__).parent.parent.parent)
    command = [sys.executable, "-c", code, str(tmp_path), root]
    crowd = [
        subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(20)
    ]
    for process in crowd:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in crowd:
        out, errors = process.communicate(timeout=10 * PATIENCE_SECONDS)
        assert out == "True\n", errors
    from glia.tracking.index import Index

    index = Index(tmp_path / ".glia")
    index.refresh()
    assert index.count(project="crowd", state="done") == 20


def test_resuming_after_a_crash_shows_each_step_once(home: Path) -> None:
    with child(RECORDS, home) as process:
        printed = lines(process)
        folder = Path(next(printed))
        while int(next(printed)) < 200:
            pass
        kill(process)
    recorder = RunRecorder.reopen(folder)
    recorder.state("running")
    recorder.rewind(150)
    for step in range(151, 160):
        recorder.log({"train/loss": -1.0}, step=step)
    recorder.state("done")
    recorder.close()
    series = RunReader(folder).metrics("train/loss")
    assert series.step.tolist() == list(range(1, 160))
    assert series.value.tolist() == [step / 2 for step in range(1, 151)] + [-1.0] * 9


def test_readers_in_the_writers_own_process_leave_the_lock_alone(tmp_path: Path) -> None:
    path = tmp_path / "1.lock"
    hold = Hold(path)
    for _ in range(3):
        assert is_alive(this_process(), path) is True
    code = (
        "import sys, json; from pathlib import Path\n"
        "from glia.tracking.liveness import Process, is_alive\n"
        "print(is_alive(Process(**json.loads(sys.argv[2])), Path(sys.argv[1])))"
    )
    process = json.dumps(this_process().__dict__)
    with child(code, path, process) as asking:
        assert list(lines(asking)) == ["True"]
    hold.release()
    with child(code, path, process) as asking:
        assert list(lines(asking)) == ["False"]


def test_leaving_takes_at_most_a_second_when_the_disk_hangs(home: Path) -> None:
    code = """
import os, sys, threading
from pathlib import Path
from glia.tracking.recorder import RunRecorder
recorder = RunRecorder.create(Path(sys.argv[1]), project="violence")
recorder.log({"loss": 1.0})
os.fdatasync = lambda descriptor: threading.Event().wait()
recorder.state("done")
recorder.close()
print(recorder.folder, flush=True)
"""
    with child(code, home) as process:
        folder = Path(next(lines(process)))
        assert process.wait(PATIENCE_SECONDS) == 0  # and not killed for want of an end
    reader = RunReader(folder)
    assert (reader.state, reader.last()) == ("done", {"loss": 1.0})
