"""A process that dies on the same machine: `crashed` at once, for every reader, also when an orphan lives on."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from glia.server.serving import serve
from glia.tracking.folder.reader import RunReader
from glia.tracking.index.index import Index
from glia.tracking.log.liveness import Hold, is_alive, this_process
from glia.tracking.log.sinks import Way
from tests.tracking.children import PATIENCE_SECONDS, child, kill, lines
from tests.tracking.runs import recording

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

ALONE = """
import sys, threading
from glia.tracking.log import writer
writer.best_way = lambda folder: sys.argv[1]
import glia
run = glia.start(project="violence")
run.log(loss=1.0)
print(run.folder, 0, flush=True)
threading.Event().wait()
"""

FORKED = ALONE.replace("import sys, threading", "import os, sys, threading").replace(
    "print(run.folder, 0, flush=True)",
    """
for descriptor in range(3, 256):
    try:
        os.set_inheritable(descriptor, True)
    except OSError:
        pass
if os.fork() == 0:
    run.log({"worker/value": 1.0})
    print(run.folder, os.getpid(), flush=True)
""",
)

STARTED = ALONE.replace("import sys, threading", "import os, subprocess, sys, threading").replace(
    "print(run.folder, 0, flush=True)",
    """
for descriptor in range(3, 256):
    try:
        os.set_inheritable(descriptor, True)
    except OSError:
        pass
worker = subprocess.Popen(["sleep", "600"], close_fds=False)
print(run.folder, worker.pid, flush=True)
""",
)

ASKS = """
import json, sys
from pathlib import Path
from glia.tracking.log.liveness import Process, is_alive
print(is_alive(Process(**json.loads(sys.argv[2])), Path(sys.argv[1])))
"""


@pytest.fixture
def pages(home: Path) -> Iterator[httpx.Client]:
    """A real server."""
    home.mkdir(parents=True, exist_ok=True)
    with serve(home, port=0) as running, httpx.Client(base_url=running.url.partition("#")[0]) as client:
        yield client


@pytest.mark.parametrize("code", [ALONE, FORKED, STARTED], ids=["alone", "orphan forked", "orphan started"])
def test_every_reader_sees_at_once_that_it_crashed(home: Path, way: Way, pages: httpx.Client, code: str) -> None:
    index = Index(home)
    with child(code, way) as process:
        folder, orphan = next(lines(process)).split()
        reader = RunReader(Path(folder))

        def states() -> set[str]:
            reader.refresh()
            index.refresh()
            shown = pages.get(f"/api/v1/runs/{reader.id}").raise_for_status().json()["state"]
            listed = pages.get("/api/v1/runs").raise_for_status().json()["runs"][0]["state"]
            return {reader.state, RunReader(reader.folder).state, index.runs()[0].state, shown, listed}

        assert states() == {"running"}
        process.kill()
        process.wait(PATIENCE_SECONDS)
        assert states() == {"crashed"}
        assert reader.reason == f"process {process.pid} on {this_process().host} ended without a word"
        if orphan != "0":
            assert Path(f"/proc/{orphan}").exists()
    assert reader.last()["loss"] == 1.0


def test_what_a_forked_worker_logs_after_that_is_kept(home: Path) -> None:
    with child(FORKED, "write") as process:
        reader = RunReader(Path(next(lines(process)).split()[0]))
        process.kill()
        process.wait(PATIENCE_SECONDS)
        reader.refresh()
        assert reader.last() == {"loss": 1.0, "worker/value": 1.0}
        assert not reader.at_rest()


def test_readers_in_the_writers_own_process_leave_the_lock_alone(tmp_path: Path) -> None:
    path, process = tmp_path / "1.lock", json.dumps(this_process().__dict__)
    hold = Hold(path)
    for _ in range(3):
        assert is_alive(this_process(), path) is True
    with child(ASKS, path, process) as asking:
        assert list(lines(asking)) == ["True"]
    hold.release()
    with child(ASKS, path, process) as asking:
        assert list(lines(asking)) == ["False"]


def test_a_copy_made_by_the_program_itself_costs_the_lock_for_a_second_only(home: Path) -> None:
    process = json.dumps(this_process().__dict__)
    with recording(home) as recorder:
        lock = recorder._segment().path.with_suffix(".lock")
        lock.read_bytes()  # closing any descriptor of the file gives the lock back
        recorder._segment()._hold.renew()  # type: ignore[union-attr]
        with child(ASKS, lock, process) as asking:
            assert list(lines(asking)) == ["True"]


def test_the_lock_is_renewed_at_every_sync(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    renewed: list[float] = []
    monkeypatch.setattr("glia.tracking.log.writer.SECONDS_BETWEEN_SYNCS", 0.01)
    monkeypatch.setattr(Hold, "renew", lambda self: renewed.append(time.monotonic()))
    with recording(home) as recorder:
        segment = recorder._segment()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(renewed) < 3 and time.monotonic() < deadline:
            segment._wake.put(None)
    assert len(renewed) >= 3


def test_leaving_takes_at_most_a_second_when_the_disk_hangs(home: Path, way: Way) -> None:
    code = """
import os, sys, threading
from glia.tracking.log import writer
writer.best_way = lambda folder: sys.argv[1]
import glia
run = glia.start(project="violence")
run.log(loss=1.0)
os.fdatasync = lambda descriptor: threading.Event().wait()
run.end()
print(run.folder, flush=True)
"""
    with child(code, way) as process:
        folder = Path(next(lines(process)))
        assert process.wait(PATIENCE_SECONDS) == 0  # and not killed for want of an end
    reader = RunReader(folder)
    assert (reader.state, reader.last()) == ("done", {"loss": 1.0})


def test_killed_while_it_ends(home: Path) -> None:
    with child(ALONE.replace("threading.Event().wait()", "run.end(); threading.Event().wait()"), "map") as process:
        folder = Path(next(lines(process)).split()[0])
        kill(process)
    assert RunReader(folder).state in ("done", "crashed")
