"""Ranks, forked data-loader workers, threads, and a crowd that starts at once: all kept, merged in order."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from glia.store.locking import file_lock
from glia.tracking.folder.reader import RunReader
from glia.tracking.index.index import Index
from glia.tracking.log.sinks import Way
from tests.durability.nursery import nursery
from tests.tracking.children import PATIENCE_SECONDS, child, lines

CROWD = 80
STEPS = 200

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

FORKS = """
import os, sys, threading
from glia.tracking.log import writer
writer.best_way = lambda folder: sys.argv[1]
import glia
run = glia.start(project="violence")
stop = False
def background():
    step = 0
    while not stop:
        step += 1
        run.log({"thread/value": step}, step=step)
    print("thread", step, flush=True)
thread = threading.Thread(target=background)
thread.start()
children = []
for number in range(4):
    run.log({"parent/value": number}, step=number)
    pid = os.fork()
    if pid == 0:
        for step in range(100):
            run.log({f"child/{number}": step, "child/all": step}, step=step)
        os._exit(0)
    children.append(pid)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
stop = True
thread.join()
run.end()
print("folder", run.folder, flush=True)
"""

LOADS = """
import torch
from torch.utils.data import DataLoader, Dataset
import glia
class Samples(Dataset):
    def __len__(self):
        return 64
    def __getitem__(self, index):
        glia.log({"loader/index": index}, step=index)
        return torch.tensor(index)
with glia.start(project="violence") as run:
    for epoch in range(2):
        loader = DataLoader(Samples(), batch_size=8, num_workers=2, multiprocessing_context="fork")
        for step, batch in enumerate(loader):
            run.log({"train/sum": batch.sum().item()}, step=8 * epoch + step)
print(run.folder, flush=True)
"""


def test_forked_children_threads_and_parent_are_all_kept(way: Way) -> None:
    with child(FORKS, way) as process:
        said = dict(line.split(" ", 1) for line in lines(process))
    reader = RunReader(Path(said["folder"]))
    assert reader.state == "done"
    assert len(list((reader.folder / "log").glob("*.log"))) == 5
    assert reader.metrics("parent/value").step.tolist() == [0, 1, 2, 3]
    assert reader.metrics("thread/value").step.tolist() == list(range(1, int(said["thread"]) + 1))
    for number in range(4):
        assert reader.metrics(f"child/{number}").step.tolist() == list(range(100))
    assert reader.metrics("child/all").step.tolist() == [step for step in range(100) for _ in range(4)]


def test_workers_of_a_data_loader_may_log() -> None:
    with child(LOADS) as process:
        reader = RunReader(Path(next(lines(process))))
        assert process.wait(PATIENCE_SECONDS) == 0
    assert reader.metrics("loader/index").step.tolist() == [step for step in range(64) for _ in range(2)]
    assert reader.metrics("loader/index").value.tolist() == [step for step in range(64) for _ in range(2)]
    assert reader.metrics("train/sum").step.tolist() == list(range(16))
    assert reader.metrics("train/sum").value.tolist() == [sum(range(8 * k, 8 * k + 8)) for k in range(8)] * 2
    assert reader.state == "done"


def test_ranks_log_to_one_run(home: Path, way: Way) -> None:
    code = f"""
def live(home, way, run, rank, gate):
    os.environ["GLIA_HOME"] = home
    use(way)
    rank_run = glia.run(run) if run else glia.start(project="violence")
    say(rank_run.id)
    for step in range({STEPS}):
        rank_run.log({{f"rank{{rank}}/loss": step, "train/loss": 10 * step + rank}}, step=step)
    if not run:
        pass_through(gate)  # what the others log is still to come
        rank_run.end()
"""
    gate = home.parent / "gate"
    with nursery(code) as ranks, ExitStack() as closed:
        closed.enter_context(file_lock(gate))
        ranks.bear(home, way, "", 0, gate)
        said = ranks.lines()
        next(said)
        run = next(said)
        for rank in (1, 2, 3):
            ranks.bear(home, way, run, rank, gate)
        for _ in (1, 2, 3):
            ranks.wait()
            assert ranks.status == 0
        closed.close()
        ranks.wait()
        assert ranks.status == 0
    reader = RunReader(home / "runs" / run)
    assert reader.state == "done"
    for rank in range(4):
        assert reader.metrics(f"rank{rank}/loss").value.tolist() == list(range(STEPS))
    merged = reader.metrics("train/loss")
    assert merged.step.tolist() == [step for step in range(STEPS) for _ in range(4)]
    values = merged.value.tolist()
    assert [sorted(values[4 * step : 4 * step + 4]) for step in range(STEPS)] == [
        [10 * step + rank for rank in range(4)] for step in range(STEPS)
    ]


def test_eighty_processes_start_at_once_in_a_fresh_folder(tmp_path: Path) -> None:
    code = """
from glia.tracking.recording import recorder
recorder.describe_source = recorder.describe_environment = lambda *given: {}  # half a second each

def live(folder, number, gate):
    os.environ.pop("GLIA_HOME", None)
    os.chdir(folder)
    pass_through(gate)
    run = glia.start(project="crowd", name=f"member {number}")
    run.log(value=number)
    assert run.id in [each.id for each in glia.runs()]
    run.end()
"""
    gate = tmp_path / "gate"
    with nursery(code) as crowd:
        with file_lock(gate):
            for number in range(CROWD):
                crowd.bear(tmp_path, number, gate)
            said = crowd.lines()
            for _ in range(CROWD):
                assert next(said).startswith("born ")
        for _ in range(CROWD):
            assert crowd.wait() == []
            assert crowd.status == 0
    index = Index(tmp_path / ".glia")
    index.refresh()
    rows = index.runs()
    assert {row.name for row in rows} == {f"member {number}" for number in range(CROWD)}
    assert {row.state for row in rows} == {"done"}
    assert all(row.last == {"value": float(row.name.split()[1])} for row in rows)
