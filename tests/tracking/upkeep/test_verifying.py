import os
from pathlib import Path

from glia.tracking.folder.reader import RunReader
from glia.tracking.log.compaction import compact
from glia.tracking.log.records import NoteRecord, to_text
from glia.tracking.log.segments import HEADER_BYTES, SLOT_BYTES
from glia.tracking.log.writer import BLOCK_SLOTS
from glia.tracking.upkeep.findings import Finding
from glia.tracking.upkeep.health import repair
from glia.tracking.upkeep.verifying import check_runs
from tests.tracking.children import child, kill, lines
from tests.tracking.runs import recording

DIES = """
import sys
from pathlib import Path
from glia.tracking.recording.recorder import RunRecorder
recorder = RunRecorder.create(Path(sys.argv[1]), project="tests", kind=sys.argv[2])
recorder.log({"loss": 1.0})
print(recorder.folder, flush=True)
sys.stdin.read()
"""


def recorded(home: Path, values: int = 3) -> Path:
    with recording(home) as recorder:
        for step in range(values):
            recorder.log({"loss": float(step)}, step=step)
        recorder.media("picture", b"abc", suffix=".png", kind="image")
        recorder.state("done")
    return recorder.folder


def wrong(home: Path, only: Path | None = None) -> list[Finding]:
    return [finding for finding in check_runs(home, only) if finding.verdict != "ok"]


def segment(folder: Path) -> Path:
    return next((folder / "log").glob("*.log"))


def test_runs_that_are_whole_are_counted(home: Path) -> None:
    recorded(home), recorded(home)
    assert wrong(home) == []
    (last,) = check_runs(home)
    assert last.text.startswith("2 runs verified, ")


def test_a_flipped_bit_is_a_problem(home: Path) -> None:
    folder = recorded(home, values=3 * BLOCK_SLOTS)
    data = bytearray(segment(folder).read_bytes())
    data[HEADER_BYTES + (BLOCK_SLOTS + 5) * SLOT_BYTES + 20] ^= 4
    segment(folder).write_bytes(data)
    (found,) = wrong(home)
    assert (found.subject, found.verdict) == (f"run {folder.name[:6]}", "problem")
    assert f"is not what was written: slots {BLOCK_SLOTS:,} to {2 * BLOCK_SLOTS - 1:,}" in found.text


def test_entries_behind_a_gap_are_a_problem(home: Path) -> None:
    folder = recorded(home, values=1000)
    data = bytearray(segment(folder).read_bytes())
    data[HEADER_BYTES + 4096 : HEADER_BYTES + 8192] = bytes(4096)  # never reached the disk
    segment(folder).write_bytes(data)
    found = wrong(home, only=folder)[0]
    assert found.verdict == "problem"
    assert "after slot 128 are behind a gap" in found.text


def test_the_torn_end_of_a_crash_is_told_and_nothing_more(home: Path) -> None:
    folder = recorded(home)
    with segment(folder).open("ab") as file:
        file.write(b"x" * 20)
    (found,) = wrong(home)
    assert found.verdict == "warning"
    assert "has 20 bytes after its last whole entry" in found.text


def test_a_run_being_written_has_no_torn_end(home: Path) -> None:
    with recording(home) as recorder:
        recorder.log({"loss": 1.0})
        recorder._segment()._take(b"\1" * 28, 10**9)  # an entry as if half of a longer text
        assert [each for each in wrong(home) if "after its last" in each.text] == []
        recorder.state("done")


def test_media_and_artifacts_that_are_gone_are_problems(home: Path) -> None:
    folder = recorded(home)
    medium = next((folder / "media").iterdir())
    medium.unlink()
    (found,) = wrong(home)
    assert found.text == f"1 media are named but not there: {medium.name}"


def test_crashed_runs_are_told_with_what_goes_on_with_them(home: Path) -> None:
    for kind, command in (("train", "glia train --resume {}"), ("loop", "glia.start(resume='{}')")):
        with child(DIES, home, kind) as process:
            folder = Path(next(lines(process)))
            assert wrong(home, only=folder) == []
            kill(process)
        (found,) = wrong(home, only=folder)
        assert found.verdict == "warning"
        assert found.text.startswith(f"crashed: process {process.pid} on ")
        assert found.advice == "Go on with it: " + command.format(folder.name[:6])


def test_what_is_no_run_and_what_is_no_segment_are_problems(home: Path) -> None:
    folder = recorded(home)
    (home / "runs" / "empty").mkdir()
    (folder / "log" / "other.log").write_bytes(b"hello" * 1000)
    texts = sorted(finding.text for finding in wrong(home))
    assert len(texts) == 2
    assert "is not a log of Glia" in texts[0]
    assert "it has no run.json" in texts[1]


def test_records_longer_than_a_piece_are_read(home: Path) -> None:
    with recording(home) as recorder:
        recorder._segment().text(to_text(NoteRecord(text="n" * 200_000, time=1)))
        recorder.state("done")
    assert wrong(home) == []
    assert os.path.getsize(segment(recorder.folder)) > 200_000


def test_damaged_columns_are_told_and_repaired_without_a_loss(home: Path) -> None:
    folder = recorded(home)
    assert compact(folder, least=0)
    assert wrong(home) == []
    columns = folder / "metrics.columns"
    whole = columns.read_bytes()
    for broken in (whole[:100] + b"?" + whole[101:], whole[:-1], b""):
        columns.write_bytes(broken)
        (found,) = wrong(home)
        assert (found.subject, found.verdict) == (f"run {folder.name[:6]}", "warning")
        assert found.text.startswith("metrics.columns is damaged")
    assert f"Removed '{columns}': it is made anew from the log." in repair(home)
    assert wrong(home) == []
    assert RunReader(folder).metrics("loss").value.tolist() == [0.0, 1.0, 2.0]
