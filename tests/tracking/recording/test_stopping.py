"""A run asked to stop by another process, and what comes of it."""

import signal
from dataclasses import asdict
from pathlib import Path

import pytest

import glia
from glia.errors import ConfigError
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.liveness import this_process
from glia.tracking.log.records import StopRecord
from glia.tracking.log.remarks import remark
from glia.tracking.recording import stopping
from glia.tracking.recording.stopping import Listener, ask_to_stop, end_by_force, wait_for_end
from tests.tracking.children import child, kill, lines
from tests.tracking.runs import recording

ENDLESS = """
import sys
import glia

with glia.start(project="endless", name="wild-wren-1") as run:
    print(run.folder, flush=True)
    step = 0
    while not run.should_stop:
        step += 1
        run.log(loss=1 / step)
"""
DEAF = """
import signal, sys, time
import glia

if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
run = glia.start(project="endless")
print(run.folder, flush=True)
while True:
    time.sleep(60)
"""
TRAINING = """
import glia

def begun(event):
    print(glia.runs()[0].folder, flush=True)

glia.train("iris", epochs=1_000_000, settings={"model.hidden": [4]}, on={"FitStarted": begun})
"""


def test_a_loop_of_ones_own_hears_the_wish_of_another_process() -> None:
    with child(ENDLESS) as process:
        reader = RunReader(Path(next(lines(process))))
        assert reader.wish is None
        assert ask_to_stop(reader, "asked by ann: too slow")
        reader.refresh()
        assert reader.wish is not None
        assert not reader.wish.heard
        assert wait_for_end(reader, 30)
        assert (reader.state, reader.reason) == ("stopped", "asked by ann: too slow")
        assert process.wait(30) == 0
    assert reader.wish is None
    assert not ask_to_stop(reader, "again")


def test_training_ends_with_a_checkpoint_and_goes_on_when_resumed() -> None:
    with child(TRAINING) as process:
        folder = Path(next(lines(process)))
        reader = RunReader(folder)
        assert ask_to_stop(reader, "asked by ann")
        assert wait_for_end(reader, 60)
        assert (reader.state, reader.reason) == ("stopped", "asked by ann")
        process.wait(30)
    steps: list[int] = []
    again = glia.train(resume=reader.id, budget=0.3, on={"FitStarted": lambda event: steps.append(event.step)})  # 0.3 s
    assert (again.state, again.reason) == ("done", "budget")
    assert steps[0] > 0


def test_what_was_asked_before_it_began_is_not_heard(home: Path) -> None:
    now = 100.0

    def clock() -> float:
        return now

    with recording(home) as recorder:
        remark(recorder.folder, StopRecord(reason="the first"))
        listener = Listener(recorder.folder, clock)
        now += 2
        assert listener.look() is None
        remark(recorder.folder, StopRecord(reason="the second"))
        assert listener.look() is None  # it looks once a second
        now += 2
        wish = listener.look()
        assert wish is not None
        assert wish.reason == "the second"


def test_a_run_that_heard_and_was_resumed_is_not_asked_any_more(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "SECONDS_BETWEEN_LOOKS", 0)
    with recording(home) as recorder:
        assert recorder.stop_asked == ""
        remark(recorder.folder, StopRecord(reason="asked by ann"))
        assert recorder.stop_asked == "asked by ann"
        reader = RunReader(recorder.folder)
        assert reader.wish is not None
        assert reader.wish.heard
        recorder.state("stopped", "asked by ann")
        recorder.state("running")
        assert recorder.stop_asked == ""
        reader.refresh()
        assert reader.wish is None


def test_a_block_that_left_because_it_was_asked_is_stopped_and_one_that_did_not_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stopping, "SECONDS_BETWEEN_LOOKS", 0)
    with glia.start() as run:
        remark(run.folder, StopRecord(reason="asked by ann"))
    assert run.state == "done"
    with glia.start() as run:
        assert not run.should_stop
        remark(run.folder, StopRecord())
        assert run.should_stop
    assert (run.state, run.reason) == ("stopped", "asked from outside")
    assert not run.should_stop


def test_a_loop_that_never_asks_is_ended_by_force_and_said_to_be_stopped() -> None:
    with child(DEAF, "polite") as process:
        reader = RunReader(Path(next(lines(process))))
        ask_to_stop(reader, "asked by ann")
        assert not wait_for_end(reader, 0)
        end_by_force(reader, "asked by ann", patience=30)
        assert process.wait(30) == -signal.SIGTERM
    assert (reader.state, reader.reason) == ("stopped", "SIGTERM, asked by ann")


def test_a_process_that_ignores_sigterm_is_killed() -> None:
    with child(DEAF, "stubborn") as process:
        reader = RunReader(Path(next(lines(process))))
        end_by_force(reader, "asked by ann", patience=0.1)
        assert process.wait(30) == -signal.SIGKILL
        wait_for_end(reader, 30)
    assert reader.state in ("stopped", "crashed")


def test_a_crashed_run_has_nothing_to_ask() -> None:
    with child(ENDLESS) as process:
        reader = RunReader(Path(next(lines(process))))
        kill(process)
        assert not ask_to_stop(reader, "asked by ann")
    assert reader.state == "crashed"


def test_only_the_process_that_records_is_ended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recording(home) as recorder:
        reader = RunReader(recorder.folder)
        with pytest.raises(ConfigError, match="recorded by this very process"):
            end_by_force(reader, "asked by ann")
        here = asdict(this_process())
        for changed, said in (
            ({"host": "elsewhere"}, "on 'elsewhere', and this is"),
            ({"pid": 2**22 + 1}, "is gone"),
            ({"pid": 1, "start": 1.0}, "its number may be another's now"),
        ):
            other = type(this_process())(**{**here, **changed})
            monkeypatch.setattr(RunReader, "witness", property(lambda self, other=other: (other, Path("none"))))
            with pytest.raises(ConfigError, match=said):
                end_by_force(reader, "asked by ann")
