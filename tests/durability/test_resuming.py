"""Resumed after a crash, the curve shows each step once."""

import os
from itertools import count
from pathlib import Path

import pytest

import glia
from glia.learner import several
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.sinks import Way
from glia.tracking.recording.recorder import RunRecorder
from glia.training.several import Keeping
from tests.durability.kept import RECORDS
from tests.durability.nursery import nursery
from tests.tracking.children import PATIENCE_SECONDS, child

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

DIES = """
import os, signal
import glia
def die(event):
    if event.epoch == 3:
        os.kill(os.getpid(), signal.SIGKILL)
settings = {"train.log_every": 1, "train.checkpoint_seconds": 0}
glia.train("iris", epochs=5, seed=3, settings=settings, on={"EpochDone": die})
"""


def gone_on_with(code: str) -> glia.Run:
    """The run that code began which kills its own process, resumed."""
    with child(code) as process:
        assert process.wait(PATIENCE_SECONDS) == -9
    killed = glia.runs(limit=1)[0]
    assert killed.state == "crashed"
    resumed = glia.train(resume=killed.id)
    assert (resumed.id, resumed.state) == (killed.id, "done")
    return resumed


def test_training_that_was_killed_goes_on(home: Path) -> None:
    whole = glia.train("iris", epochs=5, seed=3, settings={"train.log_every": 1, "train.checkpoint_seconds": 0})
    resumed = gone_on_with(DIES)
    assert resumed.summary == pytest.approx(whole.summary)
    for name in ("train/loss", "validation/loss", "train/epoch"):
        one, other = whole.metrics(name), resumed.metrics(name)
        assert other["step"].tolist() == one["step"].tolist()
        assert len(set(other["step"])) == len(other)
        assert other["value"].tolist() == pytest.approx(one["value"].tolist())


SEVERAL = {
    "train.members": 3,
    "train.checkpoint_seconds": 0,
    "train.early_stopping": 4,
    "train.learning_rate": 0.1,
    "model.hidden": [8],
}
SEVERAL_DIE = f"""
import os, pathlib, signal
import glia
from glia.training import several
write = several.checkpoint.write
def writes(folder, state):
    write(folder, state)
    if state.epoch == 5 and folder.name == "member-2":  # its third is an epoch behind then
        os.kill(os.getpid(), signal.SIGKILL)
several.checkpoint.write = writes
glia.train("iris", model="mlp", epochs=40, settings={SEVERAL})
"""


def test_several_networks_that_were_killed_go_on_each_from_where_it_was_left(home: Path) -> None:
    whole = glia.train("iris", model="mlp", epochs=40, settings={**SEVERAL, "train.checkpoint_seconds": 60})
    resumed = gone_on_with(SEVERAL_DIE)
    assert resumed.summary == pytest.approx(whole.summary)
    names = [f"member-{number}/validation/loss" for number in (1, 2, 3)]
    lengths = {len(whole.metrics(name)) for name in names}
    assert len(lengths) > 1, "they end at different epochs"
    for name in (*names, "validation/accuracy"):
        one, other = whole.metrics(name), resumed.metrics(name)
        assert other["step"].tolist() == one["step"].tolist()
        assert other["value"].tolist() == pytest.approx(one["value"].tolist())


def test_several_networks_stopped_by_their_budget_go_on_when_asked_to(home: Path) -> None:
    whole = glia.train("iris", model="mlp", epochs=12, settings={"train.members": 2})
    cut = glia.train("iris", model="mlp", epochs=12, settings={"train.members": 2}, budget="0.000001s")
    assert (cut.state, cut.reason) == ("done", "budget")
    assert cut.metrics("member-1/train/epoch")["value"].tolist() == [1]
    resumed = glia.train(resume=cut.id)
    assert (resumed.id, resumed.reason) == (cut.id, "epochs")
    assert resumed.metrics("member-2/train/epoch")["value"].tolist() == list(range(1, 13))
    assert resumed.summary == pytest.approx(whole.summary)


def test_what_several_networks_come_to_in_the_end_stands_last_in_the_log(home: Path, monkeypatch) -> None:
    one_by_one = {"train.members": 2, "train.optimizer": {"name": "adam", "amsgrad": True}, "train.early_stopping": 0}
    asked = {"model": "mlp", "epochs": 5, "settings": {**one_by_one, "train.learning_rate": 0.1}}
    whole = glia.train("iris", **asked)
    with monkeypatch.context() as patch:
        asking = count()
        patch.setattr(several, "Keeping", lambda **given: Keeping(**{**given, "ends": lambda: next(asking) > 6}))
        cut = glia.train("iris", **asked)
    assert cut.reason == "budget"
    assert [len(cut.metrics(f"member-{number}/train/epoch")) for number in (1, 2)] == [5, 3]
    resumed = glia.train(resume=cut.id)
    assert resumed.summary == pytest.approx(whole.summary)
    last = resumed.metrics("validation/loss").iloc[-1]
    assert (last["step"], last["value"]) == (20, pytest.approx(whole.summary["validation/loss"]))


LOOP = """
def live(home, way, weights):
    os.environ["GLIA_HOME"] = home
    use(way)
    run = glia.start(project="violence")
    say(run.id)
    for step in range(1, 10**9):
        run.log({"train/loss": step / 2}, step=step)
        if step % 50 == 0:
            with open(weights, "w") as file:
                file.write(str(step))
            run.checkpoint(weights)
        say(step)
"""


def test_a_loop_of_ones_own_goes_on_from_its_checkpoint(home: Path, way: Way, tmp_path: Path) -> None:
    with nursery(LOOP) as children:
        children.bear(home, way, tmp_path / "weights")
        said = children.lines()
        pid = int(next(said).split()[1])
        killed = next(said)
        for line in said:
            if int(line) >= 210:
                break
        children.kill(pid)
    with glia.start(resume=killed) as run:
        assert run.id == killed
        assert run.restored is not None
        begin = int((run.restored / "weights").read_text())
        assert begin >= 200
        for step in range(begin + 1, begin + 10):
            run.log({"train/loss": -1.0}, step=step)
    series = run.metrics("train/loss")
    assert series["step"].tolist() == list(range(1, begin + 10))
    assert series["value"].tolist() == [step / 2 for step in range(1, begin + 1)] + [-1.0] * 9


def test_what_is_logged_again_replaces_what_was(home: Path, way: Way) -> None:
    with nursery(RECORDS) as children:
        children.bear(home, way, 10**9)
        said = children.lines()
        pid = int(next(said).split()[1])
        folder = Path(next(said))
        for line in said:
            if int(line) >= 200:
                break
        children.kill(pid)
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
