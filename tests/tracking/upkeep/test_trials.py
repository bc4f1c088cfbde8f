"""What keeps runs whole and small, with studies: their trials go with them."""

import os
from pathlib import Path
from typing import Any

import pytest

from glia.errors import ConfigError, NotFoundError
from glia.store.blobs import Blobs
from glia.store.registry import Registry
from glia.tracking.folder.home import find_run
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import read_run
from glia.tracking.folder.weights import find
from glia.tracking.index.index import Index
from glia.tracking.log.records import ArtifactRecord
from glia.tracking.recording.study import StudyRecorder, reopen
from glia.tracking.upkeep.health import check_database, leftovers, repair
from glia.tracking.upkeep.retention import Doomed, choose, collect, delete, restore
from glia.tracking.upkeep.unnamed import unnamed_blobs
from glia.tracking.upkeep.verifying import check_runs
from tests.tracking.runs import recording, searched, studying


def names(home: Path, where: str = "") -> set[str]:
    index = Index(home)
    index.refresh()
    return {row.name for row in index.runs(where)}


def test_a_study_is_deleted_and_restored_with_its_trials(home: Path) -> None:
    folder = searched(home, 3, name="s")
    assert names(home, "kind != ''") == {"s", "s/0", "s/1", "s/2"}
    [(_, refusal)] = delete(home, choose(home, ["s"], children=True), reason="by ann")
    assert refusal == ""
    assert names(home, "kind != ''") == set()
    with pytest.raises(NotFoundError, match=r"was deleted\. Bring it back: glia runs restore s"):
        find_run(home, "s/0")
    assert restore(home, "s") == folder
    assert names(home, "kind != ''") == {"s", "s/0", "s/1", "s/2"}
    assert read_run(folder / "trials" / "2").last() == {"loss": 1 / 3}


def test_a_trial_alone_cannot_be_deleted(home: Path) -> None:
    folder = searched(home, 2, name="s")
    told = rf"'{folder.name[:6]}/1' is a trial.*deleted with it\. Type: glia runs delete {folder.name[:6]}$"
    with recording(home, name="other") as run:
        run.state("done")
    for chosen in (
        {"references": ["s/1"]},
        {"references": ["other", "s/1"]},
        {"where": "params.rate > 0.05 and id != ''"},
    ):
        with pytest.raises(ConfigError, match=told):
            choose(home, **chosen)  # type: ignore[arg-type]
    [(_, refusal)] = delete(home, [Doomed(f"{folder.name}/1", "s/1", "done", 0)], reason="by ann")
    assert "is a trial" in refusal
    assert {run.name for run in choose(home, where="kind != ''")} == {"s", "other"}
    assert names(home) == {"s", "other"}


def test_a_study_of_which_a_trial_is_registered_is_kept(home: Path) -> None:
    folder = searched(home, 2, name="s")
    Registry(home).set("faces@champion", f"{folder.name}/1", by="ann")
    [(_, refusal)] = delete(home, choose(home, ["s"]), reason="by ann")
    assert "'s' is registered as faces@1, faces@champion" in refusal


def test_files_that_trials_name_are_kept(home: Path) -> None:
    blobs = Blobs(home / "blobs")
    with studying(home) as study:
        kept = []
        for number in range(2):
            blob = blobs.put(f"of {number}".encode())
            kept.append(blob)
            study.begin(number, {}).artifact(ArtifactRecord(name="model.pt", blob=blob))
        study.state("done")
    loose = blobs.put(b"nobody's")
    assert {path.name for path in unnamed_blobs(home, untouched=-1)} == {loose}


def test_weights_lead_to_their_trial(home: Path) -> None:
    with studying(home) as study:
        for number in range(2):
            study.begin(number, {}).weights("model/weights.safetensors", {"": f"hash {number}"}, step=3)
    [found] = find(home, {"": "hash 1"})
    assert (found.run, found.file, found.step) == (f"{study.id}/1", "model/weights.safetensors", 3)


def test_the_doctor_looks_at_studies(home: Path) -> None:
    folder = searched(home, 2)
    trial = reopen(folder / "trials" / "1")
    file = trial.media("picture", b"abc", suffix=".png", kind="image")
    trial.close()
    study = StudyRecorder.reopen(folder)
    study.begin(2, {})  # whose process dies: it says nothing more
    study.close()

    def wrong(only: Path | None = None) -> list[str]:
        return [finding.text for finding in check_runs(home, only) if finding.verdict != "ok"]

    assert wrong() == wrong(folder / "trials" / "1") == []
    names(home)
    assert [finding.text for finding in check_database(home)] == ["whole, revision 0003, 1 run"]
    (folder / "trials" / "1" / "media" / file).unlink()
    assert wrong() == [f"1 media are named but not there: {file}"]
    left = folder / "trials" / "1" / "media" / ".x.png.1-1"
    left.touch()
    os.utime(left, (0, 0))
    assert leftovers(home) == [left]
    assert repair(home)[-1] == "The index knows 1 run."
    assert not left.exists()


def test_a_study_that_crashed_can_be_gone_on_with(home: Path) -> None:
    with studying(home) as study:
        study.begin(0, {})
    advice = [finding.advice for finding in check_runs(home) if finding.verdict == "warning"]
    assert advice == [f"Go on with it: glia tune --resume {study.id[:6]}"]


def test_checkpoints_of_the_trials_of_a_study_that_is_done_can_go(home: Path) -> None:
    def learned(folder: Path) -> list[Path]:
        places = []
        for place in ("trials/0/model", "trials/0/checkpoints", "trials/1/checkpoints"):
            (folder / place).mkdir(parents=True)
            (folder / place / "learner.json").touch()
            places.append(folder / place)
        return places

    done = learned(searched(home, 2))
    with studying(home) as study:
        study.begin(0, {}).end()  # a trial that is done makes no study that is
        kept = learned(study.folder)

    def removed() -> dict[str, Any]:
        return {each.what: each.count for each in collect(home, checkpoints=0.0)}

    assert removed()["checkpoints of runs that are done"] == 2
    assert [path.exists() for path in [*done, *kept]] == [True, False, False, True, True, True]
    assert RunReader(done[0].parent.parent.parent).state == "done"
