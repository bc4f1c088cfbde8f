import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from glia.tracking.index.index import Index
from glia.tracking.log.liveness import Hold
from glia.tracking.upkeep import health
from glia.tracking.upkeep.findings import Finding
from tests.tracking.runs import recording


@pytest.fixture
def home(home: Path) -> Path:
    """A folder with one run, listed."""
    with recording(home) as recorder:
        recorder.log({"loss": 1.0})
        recorder.state("done")
    home.chmod(0o700)
    Index(home).refresh()
    return home


def verdicts(findings: Iterable[Finding]) -> dict[str, str]:
    return {finding.subject: finding.verdict for finding in findings}


def test_a_folder_of_ones_own_is_well(home: Path) -> None:
    found = {finding.subject: finding for finding in health.check_place(home)}
    assert found["folder"].verdict == "ok"
    assert "values go out by" in found["disk"].text


def test_a_folder_that_others_may_write_is_told(home: Path) -> None:
    home.chmod(0o777)
    found = next(iter(health.check_place(home)))
    assert (found.verdict, found.advice) == ("warning", f"Type: chmod 700 '{home}'")


def test_a_folder_of_somebody_else_is_a_problem(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = home.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert verdicts(health.check_place(home))["folder"] == "problem"


def test_little_room_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LITTLE_ROOM_BYTES", 1 << 62)
    assert verdicts(health.check_place(home))["room"] == "warning"


def test_syncs_and_values_are_measured_on_this_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(home.iterdir())
    assert verdicts(health.check_speed(home)) == {"syncing": "ok", "logging": "ok"}
    assert sorted(home.iterdir()) == before
    monkeypatch.setattr(health, "SLOW_SYNC_SECONDS", 0.0)
    assert verdicts(health.check_speed(home))["syncing"] == "warning"


def test_a_place_that_cannot_be_written_is_a_problem(home: Path) -> None:
    (found,) = health.check_speed(home / "runs" / "none")
    assert found.verdict == "problem"
    assert "No such file or directory" in found.text


def test_a_database_that_is_whole_says_how_many_runs(home: Path) -> None:
    (found,) = health.check_database(home)
    assert found.verdict == "ok"
    assert "1 run" in found.text
    with recording(home) as recorder:
        recorder.state("done")
    (found,) = health.check_database(home)
    assert found.text.endswith("1 to be brought up to date by the next listing")


def test_a_broken_database_is_repaired_from_the_runs(home: Path) -> None:
    (home / "glia.db").write_bytes(b"rubbish" * 1000)
    (found,) = health.check_database(home)
    assert (found.verdict, found.advice.endswith("glia doctor --repair")) == ("problem", True)
    done = health.repair(home)
    assert "The index knows 1 run." in done
    assert verdicts(health.check_database(home)) == {"database": "ok"}
    assert list(home.glob("glia.db.broken-*"))  # nothing is thrown away


def test_no_database_is_nothing_to_worry_about(home: Path) -> None:
    (home / "glia.db").unlink()
    assert verdicts(health.check_database(home)) == {"database": "ok"}


def test_leftovers_of_killed_processes_are_removed_and_nothing_else(home: Path) -> None:
    run = next((home / "runs").iterdir())
    old = [home / "runs" / ".new-old", run / ".source.json.17-4", run / "log" / "7-aa.lock"]
    old[0].mkdir()
    for path in old[1:]:
        path.touch()
    kept = sorted(path for path in run.rglob("*") if path not in old)
    for path in old:
        os.utime(path, (0, 0))
    (home / "runs" / ".new-young").mkdir()
    assert sorted(health.leftovers(home)) == sorted(old)
    (found,) = health.check_leftovers(home)
    assert found.text.startswith("3 files and folders of killed processes: ")
    health.repair(home)
    assert not any(path.exists() for path in old)
    assert (home / "runs" / ".new-young").exists()
    assert sorted(run.rglob("*")) == kept


def test_columns_that_were_dropped_half_way_are_leftovers_at_once(home: Path) -> None:
    run = next((home / "runs").iterdir())
    half = run / "metrics.columns.new"
    half.write_bytes(b"half")
    held = Hold(half)
    assert health.leftovers(home) == []  # somebody works at it
    held.release()
    assert health.leftovers(home) == [half]
    health.repair(home)
    assert not half.exists()


def test_what_was_left_of_a_file_that_was_being_kept_is_a_leftover(home: Path) -> None:
    (home / "blobs").mkdir()
    for name in ("old", "young"):
        (home / "blobs" / f".new-{name}").touch()
    os.utime(home / "blobs" / ".new-old", (0, 0))
    assert health.leftovers(home) == [home / "blobs" / ".new-old"]
