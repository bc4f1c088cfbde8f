"""Runs deleted, brought back, and removed for good."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

import glia
from glia.errors import ConfigError, NotFoundError, StoreError
from glia.store.blobs import Blobs
from glia.store.locking import file_lock
from glia.store.registry import Registry
from glia.tracking.folder.reader import RunReader
from glia.tracking.index.index import Index
from glia.tracking.log.records import ArtifactRecord, DeletedRecord
from glia.tracking.log.remarks import remark
from glia.tracking.log.segment_reader import records_of
from glia.tracking.upkeep import retention
from glia.tracking.upkeep.retention import Collected, Doomed, choose, collect, delete, restore, why_kept
from glia.tracking.upkeep.unnamed import unnamed_blobs
from tests.tracking.runs import recording


def ended(home: Path, name: str = "calm-otter-17") -> Path:
    with recording(home, name=name) as recorder:
        recorder.log({"loss": 0.5})
        recorder.state("done")
    return recorder.folder


def doomed(folder: Path) -> Doomed:
    reader = RunReader(folder)
    return Doomed(reader.id, reader.name, reader.state, reader.updated.timestamp())


def age(path: Path, days: float) -> None:
    os.utime(path, (time.time() - days * 86400,) * 2)


def found(home: Path, **options: float | bool) -> dict[str, tuple[int, int]]:
    return {each.what: (each.count, each.bytes) for each in collect(home, **options) if each.count}  # type: ignore[arg-type]


def test_a_deleted_run_is_in_no_list_and_can_be_brought_back(home: Path) -> None:
    folder, other = ended(home), ended(home, "brave-lynx-4")
    [(run, refusal)] = delete(home, [doomed(folder)], reason="by ann")
    assert (run.name, refusal) == ("calm-otter-17", "")
    index = Index(home)
    index.refresh()
    assert [row.id for row in index.runs()] == [other.name]
    with pytest.raises(NotFoundError, match=r"was deleted\. Bring it back: glia runs restore calm-otter-17"):
        glia.run("calm-otter-17")
    said = [record for record in records_of(home / "deleted" / folder.name) if isinstance(record, DeletedRecord)]
    assert [record.reason for record in said] == ["by ann"]

    assert restore(home, "calm-otter-17") == folder
    assert glia.run(folder.name).state == "done"
    assert list(glia.run(folder.name).metrics("loss")["value"]) == [0.5]
    with pytest.raises(NotFoundError, match="There is no run 'calm-otter-17'"):
        restore(home, "calm-otter-17")


def test_a_run_that_is_recorded_or_registered_is_kept_and_it_is_said_why(home: Path) -> None:
    with recording(home, name="live-lark-1") as recorder:
        before = doomed(recorder.folder)
        [(_, refusal)] = delete(home, [before], reason="by ann")
        assert refusal == f"'live-lark-1' is running. Stop it first: glia runs stop {recorder.id[:6]}"
        [(_, refusal)] = delete(home, [Doomed(before.id, before.name, "done", 0)], reason="by ann")
        assert refusal == "'live-lark-1' is being written to by another process."
        recorder.state("done")
    Registry(home).set("faces@champion", recorder.id, by="ann")
    [(_, refusal)] = delete(home, [doomed(recorder.folder)], reason="by ann")
    assert "'live-lark-1' is registered as faces@1, faces@champion" in refusal
    assert recorder.folder.is_dir()


def test_deleted_runs_are_removed_after_the_period_of_grace(home: Path) -> None:
    folder = ended(home)
    list(delete(home, [doomed(folder)], reason="by ann"))
    gone = home / "deleted" / folder.name
    assert found(home) == {}
    age(gone, days=8)
    size = sum(path.stat().st_size for path in gone.rglob("*") if path.is_file())
    assert found(home, dry_run=True) == {"deleted runs": (1, size)}
    assert gone.is_dir()
    assert found(home) == {"deleted runs": (1, size)}
    assert not gone.exists()


def test_half_made_folders_are_removed_when_nobody_makes_them_any_more(home: Path) -> None:
    ended(home)
    for name, days in ((".new-aaaa", 1.0), (".new-bbbb", 0.0)):
        (home / "runs" / name / "log").mkdir(parents=True)
        age(home / "runs" / name, days)
    assert found(home) == {"half-made runs": (1, 0)}
    assert [path.name for path in (home / "runs").glob(".new-*")] == [".new-bbbb"]


def test_checkpoints_go_only_where_nothing_is_to_be_gone_on_with(home: Path) -> None:
    kept = []
    for name, state, reason, has_model in (
        ("done", "done", "epochs", True),
        ("stopped", "stopped", "interrupted", True),
        ("budget", "done", "budget", True),
        ("no-model", "done", "epochs", False),
    ):
        with recording(home, name=name) as recorder:
            recorder.state(state, reason)  # type: ignore[arg-type]
        (recorder.folder / "checkpoints").mkdir()
        (recorder.folder / "checkpoints" / "last.safetensors").write_bytes(b"x" * 100)
        if has_model:
            (recorder.folder / "model").mkdir()
            (recorder.folder / "model" / "learner.json").write_text("{}")
        age(recorder.folder / "log", days=40)
        kept.append(recorder.folder)
    assert found(home) == {}
    assert found(home, checkpoints=50 * 86400) == {}
    assert found(home, checkpoints=30 * 86400) == {"checkpoints of runs that are done": (1, 100)}
    assert [(folder / "checkpoints").is_dir() for folder in kept] == [False, True, True, True]
    assert (kept[0] / "model" / "learner.json").is_file()
    with pytest.raises(ConfigError, match="at least 0"):
        found(home, checkpoints=-1)


def test_blobs_that_no_run_names_are_removed_and_all_others_kept(home: Path) -> None:
    blobs = Blobs(home / "blobs")
    file, inner, overwritten, stray, fresh, lost = (
        blobs.put(text) for text in (b"file", b"inner", b"old", b"stray", b"fresh", b"of a deleted run")
    )
    listed = blobs.put(f'["a.txt","{inner}",5]\n'.encode())
    folder, gone = ended(home), ended(home, "brave-lynx-4")
    remark(folder, ArtifactRecord(name="weights", blob=overwritten))
    remark(folder, ArtifactRecord(name="weights", blob=file))
    remark(folder, ArtifactRecord(name="plots", blob=listed, kind="folder"))
    remark(gone, ArtifactRecord(name="weights", blob=lost))
    for name in blobs.hashes():
        if name != fresh:
            age(home / "blobs" / name[:2] / name, days=1)
    list(delete(home, [doomed(gone)], reason="by ann"))

    assert {path.name for path in unnamed_blobs(home)} == {stray, overwritten}
    age(home / "deleted" / gone.name, days=8)
    assert found(home, dry_run=True)["files that no run names"] == (3, 5 + 3 + 16)
    assert found(home)["files that no run names"] == (3, 5 + 3 + 16)
    assert set(blobs.hashes()) == {file, inner, listed, fresh}


def test_where_a_log_cannot_be_read_no_blob_is_removed(home: Path) -> None:
    folder = ended(home)
    blobs = Blobs(home / "blobs")
    name = blobs.put(b"stray")
    age(home / "blobs" / name[:2] / name, days=1)
    (folder / "log" / "9-newer.log").write_bytes(b"no segment" * 1000)
    with pytest.raises(StoreError, match=f"'{folder}' cannot be read"):
        list(collect(home))
    assert blobs.has(name)


def test_memory_does_not_grow_with_the_number_of_blobs(home: Path) -> None:
    import tracemalloc

    folder = ended(home)
    blobs = Blobs(home / "blobs")
    lines = "".join(f'["{number}","{number:064x}",1]\n' for number in range(100_000))
    listed = blobs.put(lines.encode())
    remark(folder, ArtifactRecord(name="plots", blob=listed, kind="folder"))
    age(home / "blobs" / listed[:2] / listed, days=1)
    tracemalloc.start()
    try:
        assert list(unnamed_blobs(home)) == []
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


def test_nothing_is_collected_where_there_is_nothing(home: Path) -> None:
    assert all(each == Collected(each.what, 0, 0) for each in collect(home))


def test_nothing_is_moved_while_somebody_looks_for_what_no_run_names(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is brought back meanwhile would be found neither among the runs nor among the deleted."""
    alone: list[str] = []

    def watched(name: str) -> None:
        before = getattr(retention, name)

        def work(*given: Any, **options: Any) -> Any:
            with pytest.raises(TimeoutError), file_lock(home / retention.LOCK, 0):
                pass
            alone.append(name)
            return before(*given, **options)

        monkeypatch.setattr(retention, name, work)

    for name in ("_move", "unnamed_blobs"):
        watched(name)
    list(delete(home, [doomed(ended(home))], reason="by ann"))
    restore(home, "calm-otter-17")
    list(collect(home))
    assert alone == ["_move", "_move", "unnamed_blobs"]


def test_what_a_killed_program_left_of_a_file_is_removed(home: Path) -> None:
    Blobs(home / "blobs").put(b"kept")
    for name, days in ((".new-old", 1), (".new-young", 0)):
        (home / "blobs" / name).write_bytes(b"half")
        age(home / "blobs" / name, days)
    assert found(home)["half-made files"] == (1, 4)
    assert [path.name for path in (home / "blobs").glob(".new-*")] == [".new-young"]


def test_a_damaged_record_may_name_a_file_so_that_none_is_removed(home: Path) -> None:
    folder = ended(home)
    name = Blobs(home / "blobs").put(b"named")
    age(home / "blobs" / name[:2] / name, days=1)
    remark(folder, ArtifactRecord(name="weights", blob=name))
    path = next((folder / "log").glob("*-remark.log"))
    data = bytearray(path.read_bytes())
    data[data.index(b"weights")] ^= 1
    path.write_bytes(data)
    with pytest.raises(StoreError, match="of 1 of its records nobody knows what they said"):
        list(collect(home))
    assert Blobs(home / "blobs").has(name)


def test_a_run_that_records_right_now_is_chosen_to_be_told_why_it_is_kept(home: Path) -> None:
    with recording(home, name="calm-otter-17") as recorder:
        recorder.log({"loss": 0.5}, time=time.time() + 3600)  # as after a clock that was set back
        [run] = choose(home, ["calm-otter-17"])
        assert why_kept(run, {}).startswith("'calm-otter-17' is running. Stop it first: glia runs stop ")
        assert choose(home, ["calm-otter-17"], idle=1.0) == []
