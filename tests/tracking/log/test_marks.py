"""Places in a run's log."""

from pathlib import Path

import pytest

from glia.tracking.folder.reader import RunReader
from glia.tracking.log.marks import slots_of
from glia.tracking.recording.recorder import RunRecorder


@pytest.mark.parametrize("values", [0, 1, 2, 1000, 5000])
def test_the_length_of_a_segment_is_found_while_it_is_written_and_after(home: Path, values: int) -> None:
    recorder = RunRecorder.create(home, project="p")
    for step in range(values):
        recorder.log({"loss": 0.0}, step=step)
    [segment] = (recorder.folder / "log").glob("*.log")
    assert slots_of(segment) == recorder.mark().slots[segment.name]
    recorder.close()
    RunReader(recorder.folder)
    assert slots_of(segment) >= values


def test_what_is_hardly_begun_has_no_slots(tmp_path: Path) -> None:
    for content in (b"", b"GLIALOG1", bytes(8192)):
        (tmp_path / "1-ab.log").write_bytes(content)
        assert slots_of(tmp_path / "1-ab.log") == 0


def test_what_was_logged_since_a_mark_is_void_whatever_its_step(home: Path) -> None:
    recorder = RunRecorder.create(home, project="p")
    recorder.log({"train/loss": 1.0}, step=100)
    recorder.log({"validation/loss": 1.0})
    mark = recorder.mark()
    assert mark.steps == {"train": 100, "validation": 1}
    recorder.log({"train/loss": 2.0, "test/loss": 2.0}, step=5)
    recorder.log({"validation/loss": 2.0})
    recorder.close()
    again = RunRecorder.reopen(recorder.folder)
    again.rewind_to(mark)
    again.log({"validation/loss": 3.0, "test/loss": 3.0})
    again.close()
    reader = RunReader(recorder.folder)
    found = {
        name: list(zip(s.step.tolist(), s.value.tolist(), strict=True))
        for name in reader.names()
        for s in [reader.metrics(name)]
    }
    assert found == {
        "train/loss": [(100, 1.0)],
        "validation/loss": [(1, 1.0), (2, 3.0)],
        "test/loss": [(1, 3.0)],
    }
