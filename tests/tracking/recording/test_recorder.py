import errno
import json
import os
import threading
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glia.errors import ConfigError, NotFoundError, StoreError
from glia.tracking.folder.home import run_folders
from glia.tracking.folder.reader import RunReader
from glia.tracking.recording import recorder as recorders
from glia.tracking.recording import scribe
from glia.tracking.recording.recorder import RunRecorder
from tests.tracking.runs import recording


def test_a_new_run_has_its_facts_and_runs(home: Path) -> None:
    with recording(
        home, project="p", params={"rate": 0.1}, recipe_toml="[train]\n", parent="ab", kind="test"
    ) as recorder:
        reader = RunReader(recorder.folder)
        assert recorder.folder == home / "runs" / recorder.id
        assert (reader.id, reader.name, reader.project, reader.kind) == (recorder.id, recorder.name, "p", "test")
        assert (reader.parent, reader.params, reader.recipe_toml) == ("ab", {"rate": 0.1}, "[train]\n")
        assert (reader.state, reader.ended, reader.reason) == ("running", None, "")
        assert len(reader.id) == 16
        assert set(reader.id) <= set("0123456789abcdef")


def test_a_given_name_is_taken(home: Path) -> None:
    with recording(home, name="first try") as recorder:
        assert RunReader(recorder.folder).name == "first try"


def test_source_and_environment_are_written_by_the_end(home: Path) -> None:
    with recording(home, environment={"threads": 4}) as recorder:
        pass
    reader = RunReader(recorder.folder)
    assert reader.environment["threads"] == 4
    assert "numpy" in reader.environment["packages"]
    assert reader.source["command"]


def test_a_run_appears_whole_or_not_at_all(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(StoreError, match=r"The run's folder '.*' cannot be made: No space left on device"):
        RunRecorder.create(home, project="p")
    assert list(run_folders(home)) == []
    assert list((home / "runs").iterdir()) == []


def test_what_a_killed_start_left_is_removed_by_the_next(home: Path) -> None:
    old, new = home / "runs" / ".new-old", home / "runs" / ".new-new"
    for folder in (old, new):
        (folder / "log").mkdir(parents=True)
    os.utime(old, (0, 0))
    with recording(home) as recorder:
        assert {path.name for path in (home / "runs").iterdir()} == {".new-new", recorder.id}


def test_values_are_kept_with_step_and_time(home: Path) -> None:
    with recording(home) as recorder:
        recorder.log({"train/loss": 0.5, "train/accuracy": 0.25}, step=3, time=1000.5)
        reader = RunReader(recorder.folder)
        assert reader.names() == ["train/loss", "train/accuracy"]
        series = reader.metrics("train/loss")
        assert (series.step.tolist(), series.time.tolist(), series.value.tolist()) == ([3], [1000.5], [0.5])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, 1.0),
        (3, 3.0),
        (2**53, float(2**53)),
        (-(2**53), -float(2**53)),
        (np.float32(0.5), 0.5),
        (np.float64(0.25), 0.25),
        (np.int64(7), 7.0),
        (np.bool_(False), 0.0),
        (np.array(1.5), 1.5),
        (np.array([2.5]), 2.5),
        (Fraction(1, 4), 0.25),
        (Decimal("0.5"), 0.5),
        (float("inf"), float("inf")),
    ],
)
def test_whatever_is_a_number_can_be_logged(home: Path, value: Any, expected: float) -> None:
    with recording(home) as recorder:
        recorder.log({"x": value}, step=1)
        recorder.log({"x": value})
        assert RunReader(recorder.folder).metrics("x").value.tolist() == [expected] * 2


def test_not_a_number_is_kept(home: Path) -> None:
    with recording(home) as recorder:
        recorder.log({"x": float("nan")})
        assert np.isnan(RunReader(recorder.folder).metrics("x").value).tolist() == [True]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0.5", r"'x' is '0.5' \(str\). Log a single number"),
        (None, r"'x' is 'None' \(NoneType\)"),
        ([1.0], r"'x' is '\[1.0\]' \(list\)"),
        (np.zeros(3), r"'x' is '\[0. 0. 0.\]' \(ndarray of shape \(3,\)\)"),
        (1j, r"'x' is '1j' \(complex\)"),
        (np.complex64(1), r"'x' is '\(1\+0j\)' \(complex64"),
        (2**53 + 1, r"'x' is 9007199254740993, beyond 2\*\*53.*larger units"),
        (np.uint64(2**60), r"'x' is 1152921504606846976, beyond 2\*\*53"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(home: Path, value: Any, message: str) -> None:
    with recording(home) as recorder:
        for step in (1, None):
            with pytest.raises(ConfigError, match=message):
                recorder.log({"x": value}, step=step)
        recorder.log({"x": 1.0}, step=1)
        assert RunReader(recorder.folder).last() == {"x": 1.0}


@pytest.mark.parametrize("name", ["", 3, "x" * 501])
def test_a_name_that_is_none_is_refused(home: Path, name: Any) -> None:
    with (
        recording(home) as recorder,
        pytest.raises(ConfigError, match=r"such as 'train/loss', not |has at most 500 characters: 'xxx"),
    ):
        recorder.log({name: 1.0})


@pytest.mark.parametrize(
    ("step", "time", "message"),
    [
        (1.5, None, r"step=1.5 is not a whole number"),
        ("3", None, r"step='3' is not a whole number"),
        (2**63, None, rf"step={2**63} is beyond 64 bits"),
        (1, "now", r"time='now' is not a time: give seconds since 1970"),
        (1, float("nan"), r"time=nan is not a time"),
        (None, 1e12, r"time=1000000000000.0 is not a time"),
    ],
)
def test_a_step_or_time_that_is_none_is_refused(home: Path, step: Any, time: Any, message: str) -> None:
    with recording(home) as recorder, pytest.raises(ConfigError, match=message):
        recorder.log({"x": 1.0}, step=step, time=time)


def test_without_a_step_each_phase_counts_for_itself(home: Path) -> None:
    with recording(home) as recorder:
        recorder.log({"train/loss": 1.0, "train/accuracy": 1.0, "loss": 1.0})
        recorder.log({"train/loss": 1.0, "validation/loss": 1.0})
        recorder.log({"train/loss": 1.0}, step=np.int64(10))
        recorder.log({"train/accuracy": 1.0})
        reader = RunReader(recorder.folder)
        assert reader.metrics("train/loss").step.tolist() == [1, 2, 10]
        assert reader.metrics("train/accuracy").step.tolist() == [1, 11]
        assert reader.metrics("validation/loss").step.tolist() == [1]
        assert reader.metrics("loss").step.tolist() == [1]


def test_threads_without_steps_never_share_one(home: Path) -> None:
    with recording(home) as recorder:

        def work() -> None:
            for _ in range(200):
                recorder.log({"x": 1.0})

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert RunReader(recorder.folder).metrics("x").step.tolist() == list(range(1, 801))


def test_directions_are_kept_before_and_after_the_first_value(home: Path) -> None:
    with recording(home) as recorder:
        recorder.define("validation/accuracy", "higher")
        recorder.log({"validation/accuracy": 1.0, "validation/loss": 1.0, "other": 1.0})
        recorder.define("validation/loss", "lower")
        reader = RunReader(recorder.folder)
        directions = {name: reader.direction(name) for name in reader.names()}
        assert directions == {"validation/accuracy": "higher", "validation/loss": "lower", "other": ""}


def test_another_direction_is_refused(home: Path) -> None:
    with recording(home) as recorder, pytest.raises(ConfigError, match=r"not 'hihger'. Did you mean 'higher'\?"):
        recorder.define("x", "hihger")  # type: ignore[arg-type]


def test_facts_are_kept_and_the_newest_wins(home: Path) -> None:
    with recording(home, params={"a": 1, "b": 2}) as recorder:
        recorder.params({"b": 3, "c": float("inf")})
        recorder.tag(team="vision", stage="draft")
        recorder.tag(stage=None, best="yes")
        recorder.note("first")
        recorder.note("second")
        recorder.summary({"loss": 0.5, "epoch": 3})
        recorder.summary({"loss": float("nan")})
        recorder.data(version="d71c", name="digits", samples=1797)
        recorder.warn("careful")
        reader = RunReader(recorder.folder)
    assert reader.params == {"a": 1, "b": 3, "c": "Infinity"}
    assert reader.tags == {"team": "vision", "best": "yes"}
    assert reader.notes == "second"
    assert reader.summary["epoch"] == 3
    assert np.isnan(reader.summary["loss"])
    assert reader.data is not None
    assert (reader.data_version, reader.data.name, reader.data.samples) == ("d71c", "digits", 1797)
    assert reader.warnings == ["careful"]


def test_the_end_is_kept_with_its_reason(home: Path) -> None:
    with recording(home) as recorder:
        recorder.state("failed", "out of memory")
        reader = RunReader(recorder.folder)
        assert (reader.state, reader.reason) == ("failed", "out of memory")
        assert reader.ended is not None
        assert reader.created <= reader.ended <= reader.updated


def test_a_state_that_only_others_can_find_cannot_be_said(home: Path) -> None:
    with (
        recording(home) as recorder,
        pytest.raises(ConfigError, match=r"cannot be said to be 'crashed'\. There are: queued"),
    ):
        recorder.state("crashed")  # type: ignore[arg-type]


def test_values_after_the_end_are_kept(home: Path) -> None:
    with recording(home) as recorder:
        recorder.log({"x": 1.0}, step=1)
        recorder.state("done")
        recorder.log({"x": 2.0}, step=2)
        recorder.close()
        recorder.log({"x": 3.0}, step=3)
        recorder.tag(late="yes")
        recorder.close()
    reader = RunReader(recorder.folder)
    assert reader.metrics("x").value.tolist() == [1, 2, 3]
    assert (reader.state, reader.tags) == ("done", {"late": "yes"})
    assert len(list((recorder.folder / "log").glob("*.log"))) == 2


def test_closing_in_the_midst_of_logging_loses_nothing(home: Path) -> None:
    with recording(home) as recorder:
        done = threading.Event()

        def work() -> None:
            for step in range(3000):
                recorder.log({"x": 1.0}, step=step)
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        while not done.is_set():
            recorder.close()
        thread.join()
    assert RunReader(recorder.folder).metrics("x").step.tolist() == list(range(3000))


def test_reopening_goes_on_where_the_run_was(home: Path) -> None:
    with recording(home) as recorder:
        recorder.define("train/loss", "lower")
        recorder.log({"train/loss": 1.0}, step=7)
        recorder.state("stopped")
    again = RunRecorder.reopen(recorder.folder)
    assert (again.id, again.name) == (recorder.id, recorder.name)
    assert len(list((recorder.folder / "log").glob("*.log"))) == 1
    again.state("running")
    again.log({"train/loss": 0.5})
    reader = RunReader(recorder.folder)
    assert reader.state == "running"
    assert reader.metrics("train/loss").step.tolist() == [7, 8]
    assert reader.direction("train/loss") == "lower"
    again.close()
    assert reader.state == "crashed"


def test_a_clock_that_was_set_back_does_not_bring_old_facts_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recording(home) as recorder:
        recorder.note("old")
        recorder.state("failed", "tried")
    monkeypatch.setattr(recorders.clock, "time_ns", lambda: 10**18)
    again = RunRecorder.reopen(recorder.folder)
    again.note("new")
    again.state("done")
    again.close()
    reader = RunReader(recorder.folder)
    assert (reader.notes, reader.state) == ("new", "done")


def test_only_a_run_can_be_reopened(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=f"There is no run in '{tmp_path}': it has no run.json"):
        RunRecorder.reopen(tmp_path)


def test_media_lie_under_their_hash_once(home: Path) -> None:
    with recording(home) as recorder:
        first = recorder.media("matrix", b"abc", suffix=".png", kind="image", step=3, caption="c")
        second = recorder.media("other", b"abc", suffix=".png", kind="image")
        reader = RunReader(recorder.folder)
        assert first == second
        assert (recorder.folder / "media" / first).read_bytes() == b"abc"
        assert os.listdir(recorder.folder / "media") == [first]
        assert [(each.name, each.kind, each.file, each.step, each.caption) for each in reader.media] == [
            ("matrix", "image", first, 3, "c"),
            ("other", "image", first, None, ""),
        ]


def test_threads_may_keep_the_same_picture(home: Path) -> None:
    with recording(home) as recorder:
        threads = [
            threading.Thread(target=recorder.media, args=["x", b"abc"], kwargs={"suffix": ".png", "kind": "image"})
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(RunReader(recorder.folder).media) == 8
        assert len(os.listdir(recorder.folder / "media")) == 1


def test_a_sync_brings_the_whole_run_to_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []

    def note(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)

    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not name open files")
    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(os, "fdatasync", note)
    with recording(home, recipe_toml="") as recorder:
        file = recorder.media("x", b"abc", suffix=".png", kind="image")
        recorder.sync()
        log = f"{recorder.writer}.log"
    whole = {name.rpartition(".")[0].removeprefix(".") for name in synced if name.startswith(".")}  # before renaming
    assert {"runs", recorder.id, "log", "run.json", "recipe.toml", "media", log} <= set(synced)
    assert {"source.json", "environment.json", file} <= whole


@pytest.mark.parametrize("suffix", ["png", ".", "", "../x", ".p/g", ".é"])
def test_the_ending_of_a_file_is_checked(home: Path, suffix: str) -> None:
    with (
        recording(home) as recorder,
        pytest.raises(ConfigError, match=f"suffix='{suffix}' is not the ending of a file"),
    ):
        recorder.media("x", b"", suffix=suffix, kind="image")


def test_media_that_cannot_be_kept_are_told_and_end_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with recording(home) as recorder:
        monkeypatch.setattr(scribe, "write_whole", full)
        recorder.media("matrix", b"abc", suffix=".png", kind="image")
        assert RunReader(recorder.folder).media == []
    assert f"'matrix' of run '{recorder.name}' cannot be kept: No space left on device" in caplog.text


def test_a_rewind_hides_what_is_taken_again(home: Path) -> None:
    with recording(home) as recorder:
        for step in range(1, 11):
            recorder.log({"train/loss": float(step)}, step=step)
            recorder.media("sample", b"x" * step, suffix=".png", kind="image", step=step)
        reader = RunReader(recorder.folder)
        generation = reader.generation
        recorder.rewind(np.int64(6))
        recorder.log({"train/loss": -1.0})
        recorder.media("sample", b"y", suffix=".png", kind="image", step=7)
        for each in (reader, RunReader(recorder.folder)):
            each.refresh()
            assert each.metrics("train/loss").value.tolist() == [1, 2, 3, 4, 5, 6, -1]
            assert [medium.step for medium in each.media] == [1, 2, 3, 4, 5, 6, 7]
        assert reader.generation == generation + 1


def test_a_rewind_of_a_resumed_run_hides_whatever_the_clock_says(home: Path) -> None:
    with recording(home) as recorder:
        for step in range(1, 11):
            recorder.log({"x": 1.0}, step=step, time=4e9)  # times of its own, long from now
    again = RunRecorder.reopen(recorder.folder)
    again.rewind(5)
    for step in range(6, 9):
        again.log({"x": 2.0}, step=step, time=1.0)
    again.close()
    series = RunReader(recorder.folder).metrics("x")
    assert series.step.tolist() == list(range(1, 9))
    assert series.value.tolist() == [1.0] * 5 + [2.0] * 3


def test_logging_never_waits_for_the_description(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr(recorders, "describe_source", lambda: {"slow": go.wait(60)})
    with recording(home) as recorder:
        recorder.log({"x": 1.0})
        assert RunReader(recorder.folder).source == {}
        go.set()
    assert RunReader(recorder.folder).source == {"slow": True}


def test_run_json_is_for_people_too(home: Path) -> None:
    with recording(home, project="p") as recorder:
        facts = json.loads((recorder.folder / "run.json").read_text())
    assert facts["project"] == "p"
    assert facts["created"].endswith("+00:00")
    assert facts["process"]["pid"] == os.getpid()


def test_a_step_that_is_refused_does_not_count(home: Path) -> None:
    with recording(home) as recorder:
        with pytest.raises(ConfigError, match="beyond 64 bits"):
            recorder.log({"x": 1.0}, step=2**63)
        recorder.log({"x": 2.0})
        assert RunReader(recorder.folder).metrics("x").step.tolist() == [1]
        recorder.log({"x": 3.0}, step=2**63 - 1)
        with pytest.raises(ConfigError, match=r"The step after 9223372036854775807 is beyond 64 bits\. Give one"):
            recorder.log({"x": 4.0})
