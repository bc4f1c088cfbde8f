import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

from glia.errors import DataError, NotFoundError
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.curves import Curve, Rewound
from glia.tracking.log.liveness import Hold, this_process
from glia.tracking.log.records import StateRecord, StreamRecord
from glia.tracking.log.segment_reader import SegmentReader
from glia.tracking.log.segments import SLOTS
from glia.tracking.recording.recorder import RunRecorder
from tests.tracking.runs import recording


def test_only_what_is_new_is_given_to_who_asks(home: Path) -> None:
    with recording(home) as recorder:
        reader = RunReader(recorder.folder)
        assert reader.names() == []
        assert reader.refresh() is False
        for step in range(5):
            recorder.log({"x": step / 2}, step=step)
        assert reader.refresh() is True
        assert reader.refresh() is False
        position = reader.count("x")
        recorder.log({"x": 9.0}, step=9)
        recorder.log({"x": 8.0}, step=8)
        reader.refresh()
        assert reader.metrics("x", since=position).step.tolist() == [8, 9]
        assert reader.metrics("x", since=position + 2).step.tolist() == []
        assert reader.metrics("x").step.tolist() == [0, 1, 2, 3, 4, 8, 9]
        assert reader.count("x") == 7
        assert reader.count("never") == 0


def test_an_unknown_metric_gets_a_hint(home: Path) -> None:
    with recording(home, name="calm-otter-17") as recorder:
        recorder.log({"train/loss": 1.0})
        with pytest.raises(
            NotFoundError, match=r"'calm-otter-17' has no metric 'train/los'. Did you mean 'train/loss'\?"
        ):
            RunReader(recorder.folder).metrics("train/los")


def test_segments_are_merged_by_step_and_then_by_time(home: Path) -> None:
    with recording(home) as recorder:
        other = RunRecorder.reopen(recorder.folder)
        for step in (1, 2, 3):
            recorder.log({"x": 1.0}, step=step, time=10.0 + step)
            other.log({"x": 2.0}, step=step, time=5.0 + step)
        other.close()
        series = RunReader(recorder.folder).metrics("x")
    assert series.step.tolist() == [1, 1, 2, 2, 3, 3]
    assert series.value.tolist() == [2, 1] * 3
    assert series.time.tolist() == [6, 11, 7, 12, 8, 13]


def test_the_last_value_is_that_of_the_greatest_step(home: Path) -> None:
    with recording(home) as recorder:
        for step, value in ((1, 1.0), (7, 7.0), (3, 3.0), (7, 7.5)):
            recorder.log({"x": value}, step=step)
        reader = RunReader(recorder.folder)
        assert reader.last() == {"x": 7.5}
        assert reader.last_step("x") == 7
        assert reader.last_step("never") == 0


def test_a_run_recorded_on_another_machine_is_unreachable(home: Path) -> None:
    with recording(home) as recorder:
        pass
    path = next((recorder.folder / "log").glob("*.log"))
    data = path.read_bytes()
    here = this_process()
    elsewhere = data.replace(here.boot.encode(), b"0" * len(here.boot)).replace(
        f'"host": "{here.host}"'.encode(), f'"host": "{"z" * len(here.host)}"'.encode()
    )
    path.write_bytes(elsewhere)
    reader = RunReader(recorder.folder)
    assert reader.state == "unreachable"
    assert reader.reason.startswith(f"whether process {os.getpid()} on zz")
    assert not reader.at_rest()


def test_a_run_whose_machine_was_started_anew_is_crashed(home: Path) -> None:
    with recording(home) as recorder:
        pass
    path = next((recorder.folder / "log").glob("*.log"))
    boot = this_process().boot.encode()
    if not boot:
        pytest.skip("this system does not tell one start from another")
    path.write_bytes(path.read_bytes().replace(boot, b"0" * len(boot)))
    assert RunReader(recorder.folder).state == "crashed"


def test_a_run_killed_before_its_first_record_is_crashed(home: Path) -> None:
    with recording(home) as recorder:
        pass
    for file in (recorder.folder / "log").iterdir():
        file.unlink()
    assert RunReader(recorder.folder).state == "starting"  # this process lives
    facts = json.loads((recorder.folder / "run.json").read_text())
    facts["process"]["start"] -= 1000
    (recorder.folder / "run.json").write_text(json.dumps(facts))
    assert RunReader(recorder.folder).state == "crashed"


def test_a_queued_run_needs_no_process(home: Path) -> None:
    with recording(home) as recorder:
        recorder.state("queued")
    assert RunReader(recorder.folder).state == "queued"


def test_an_edit_after_the_end_changes_no_state(home: Path) -> None:
    with recording(home) as recorder:
        recorder.state("done")
    editor = RunRecorder.reopen(recorder.folder)
    editor.note("looks good")
    reader = RunReader(recorder.folder)
    assert (reader.state, reader.notes) == ("done", "looks good")
    assert not reader.at_rest()
    editor.close()
    assert reader.at_rest()


def test_a_segment_of_a_newer_glia_is_told_and_the_rest_is_shown(home: Path) -> None:
    with recording(home) as recorder:
        recorder.log({"x": 1.0})
    path = next((recorder.folder / "log").glob("*.log"))
    newer = path.with_name("9-newer.log")
    newer.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 9'))
    reader = RunReader(recorder.folder)
    assert reader.last() == {"x": 1.0}
    assert len(reader.warnings) == 1
    assert "9-newer.log' is written in log format 9" in reader.warnings[0]
    assert reader.refresh() is False
    with pytest.raises(DataError, match="this Glia reads format 1"):
        list(SegmentReader(newer).refresh())


def test_a_state_of_a_newer_glia_is_not_shown(home: Path) -> None:
    with recording(home) as recorder:
        recorder._say(StateRecord(state="hibernating"))  # type: ignore[arg-type]
        recorder._say(StreamRecord(id=9, name="x", direction="sideways"))  # type: ignore[arg-type]
        reader = RunReader(recorder.folder)
        assert (reader.state, reader.direction("x")) == ("running", "")


def test_a_run_is_not_at_rest_while_a_segment_waits_for_its_header(home: Path) -> None:
    with recording(home) as recorder:
        pass
    reader = RunReader(recorder.folder)
    assert reader.at_rest()
    hold = Hold(recorder.folder / "log" / "2-late.lock")
    (recorder.folder / "log" / "2-late.log").touch()
    reader.refresh()
    assert not reader.at_rest()
    hold.release()
    assert reader.at_rest()


def test_a_segment_that_is_just_begun_is_read_later(home: Path) -> None:
    with recording(home) as recorder:
        recorder.log({"x": 1.0})
    path = next((recorder.folder / "log").glob("*.log"))
    data = path.read_bytes()
    path.write_bytes(b"")
    reader = RunReader(recorder.folder)
    assert reader.names() == []
    path.write_bytes(data)
    reader.refresh()
    assert reader.last() == {"x": 1.0}


def test_a_deleted_run_stays_as_it_was_read(home: Path) -> None:
    with recording(home) as recorder:
        recorder.log({"x": 1.0})
    reader = RunReader(recorder.folder)
    for file in (recorder.folder / "log").iterdir():
        file.unlink()
    (recorder.folder / "log").rmdir()
    assert reader.refresh() is False
    assert reader.last() == {"x": 1.0}


def test_a_run_of_a_newer_glia_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"format": 2}')
    with pytest.raises(DataError, match=r"is a run in format 2, and this Glia reads format 1\. Upgrade Glia: pip"):
        RunReader(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"id": 1, "name": "x", "project": "p", "kind": "k"}'])
def test_a_damaged_run_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(DataError, match=r"run.json'"):
        RunReader(tmp_path)


def test_damaged_descriptions_are_empty(home: Path) -> None:
    with recording(home) as recorder:
        pass
    (recorder.folder / "environment.json").write_text("{")
    (recorder.folder / "source.json").write_text("[]")
    reader = RunReader(recorder.folder)
    assert (reader.environment, reader.source, reader.recipe_toml) == ({}, {}, "")


def test_a_segment_can_be_read_alone(home: Path) -> None:
    with recording(home) as recorder:
        recorder.log({"x": 1.0})
        reader = SegmentReader(recorder.folder / "log" / f"{recorder.writer}.log")
        assert [len(news.values) for news in reader.refresh()] == [1]
        assert list(reader.refresh()) == []
        recorder.log({"x": 1.0})
        assert [len(news.values) for news in reader.refresh()] == [1]
        assert reader.header is not None
        assert dataclasses.asdict(reader.header.process)["pid"] == os.getpid()


def slots(steps: list[int]) -> np.ndarray:
    made = np.zeros(len(steps), SLOTS)
    made["step"] = steps
    made["value"] = steps
    return made


def test_a_curve_read_in_many_pieces_is_the_same_curve() -> None:
    curve, rng = Curve(), np.random.default_rng(0)
    steps = rng.integers(0, 1000, 500).tolist()
    for index, step in enumerate(steps):
        curve.add("a" if index % 50 < 40 else "b", np.array([index]), slots([step]), [])
    assert len(curve._pieces) < 100
    assert curve.series().step.tolist() == sorted(steps)
    assert curve.series(since=480).step.tolist() == sorted(steps[480:])
    assert len(curve) == 500


def test_what_was_declared_void_is_hidden_whenever_it_is_read() -> None:
    rewound = Rewound(3, {"a": 4})
    early, late = Curve(), Curve()
    early.add("a", np.arange(6), slots([1, 4, 2, 5, 6, 7]), [])
    assert early.hide(rewound)
    assert not early.hide(rewound)
    late.add("a", np.arange(6), slots([1, 4, 2, 5, 6, 7]), [rewound])
    late.add("b", np.arange(2), slots([8, 9]), [rewound])
    assert early.series().step.tolist() == [1, 2, 6, 7]
    assert late.series().step.tolist() == [1, 2, 6, 7, 8, 9]


def test_thousands_of_metrics_in_one_call(home: Path) -> None:
    with recording(home) as recorder:
        values = {f"train/layer-{index}": float(index) for index in range(3000)}
        recorder.log(values, step=1)
        recorder.log(values, step=2)
        assert RunReader(recorder.folder).last() == values


@pytest.mark.parametrize("points", [10, 500, 4000])
def test_a_long_live_curve_is_drawn_piece_by_piece(points: int) -> None:
    curve, count = Curve(), 300_000
    made = slots(list(range(count)))
    made["value"] = np.sin(np.arange(count) / 50)
    made["value"][[77, 150_001]] = [-5, 9]
    for start, stop in ((0, 100_000), (100_000, 140_000), (140_000, 299_990), (299_990, count)):
        curve.add("b" if start else "a", np.arange(start, stop), made[start:stop], [])
    for first, last in ((None, None), (50, 290_000), (140_000, 140_001)):
        drawn = curve.drawn(points, first, last)
        assert len(drawn) <= points
        assert (np.diff(drawn.step) > 0).all()
        assert (drawn.value == made["value"][drawn.step]).all()
        assert drawn.step[[0, -1]].tolist() == [first or 0, count - 1 if last is None else last]
        if last != 140_001:
            assert {77, 150_001} <= set(drawn.step.tolist())
            assert 0.4 < (drawn.step < 150_000).mean() < 0.6


def test_writers_that_wrote_at_once_are_drawn_in_order() -> None:
    curve = Curve()
    for at, writer in enumerate("abc"):
        curve.add(writer, np.arange(50_000), slots(list(range(at, 150_000, 3)))[::-1], [])
    drawn = curve.drawn(300)
    assert len(drawn) > 150
    assert (np.diff(drawn.step) > 0).all()
    assert drawn.value[[0, -1]].tolist() == [0, 149_999]
