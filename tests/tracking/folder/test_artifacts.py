"""Files and folders kept with a run."""

import json
import os
from pathlib import Path

import pytest

from glia.errors import ConfigError, DataError, NotFoundError
from glia.tracking.folder.artifacts import Artifact, artifacts_of, blobs_of, find_artifact, is_path_within, keep
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.records import ArtifactRecord
from glia.tracking.recording.recorder import RunRecorder


@pytest.fixture
def recorder(home: Path) -> RunRecorder:
    return RunRecorder.create(home, project="p")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with files, links, and a `.glia` of its own."""
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(b"w" * 1000)
    (folder / "deep" / "copy.bin").write_bytes(b"w" * 1000)
    (folder / "Ü.txt").write_text("text")
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (folder / "link.txt").symlink_to(secret)
    (folder / "elsewhere").symlink_to(tmp_path)
    (folder / ".glia").mkdir()
    (folder / ".glia" / "glia.db").write_text("own")
    os.mkfifo(folder / "pipe")
    return folder


def read(artifact: Artifact, path: str = "") -> bytes:
    with artifact.open(path) as file:
        return file.read()


def kept(recorder: RunRecorder, path: Path, name: str) -> Artifact:
    record, _ = keep(recorder.folder, path, name)
    recorder.artifact(record)
    return find_artifact(RunReader(recorder.folder), name)


def test_a_folder_comes_back_without_what_was_not_asked_for(recorder: RunRecorder, model: Path, tmp_path: Path) -> None:
    record, left_out = keep(recorder.folder, model, "models/best")
    recorder.artifact(record)
    assert sorted(left_out) == [".glia", "elsewhere", "link.txt", "pipe"]
    [artifact] = artifacts_of(RunReader(recorder.folder))
    assert (artifact.name, artifact.kind, artifact.files, artifact.bytes) == ("models/best", "folder", 3, 2004)
    assert [file.path for file in artifact.contents()] == ["weights.bin", "Ü.txt", "deep/copy.bin"]
    target = artifact.copy(tmp_path / "out")
    assert target == tmp_path / "out" / "models" / "best"
    written = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert written == {"weights.bin": b"w" * 1000, "deep/copy.bin": b"w" * 1000, "Ü.txt": b"text"}
    assert read(artifact, "Ü.txt") == b"text"
    with pytest.raises(NotFoundError, match=r"has no file 'weight.bin'\. Did you mean 'weights.bin'"):
        artifact.open("weight.bin")


def test_equal_files_share_their_bytes(recorder: RunRecorder, model: Path) -> None:
    kept(recorder, model, "one")
    kept(recorder, model / "weights.bin", "two")
    assert len(list(blobs_of(recorder.folder).hashes())) == 3  # the weights, the text, the list


def test_the_newest_of_a_name_is_the_one(recorder: RunRecorder, tmp_path: Path) -> None:
    file = tmp_path / "state.txt"
    for text in ("first", "second"):
        file.write_text(text)
        artifact = kept(recorder, file, "state.txt")
    assert len(artifacts_of(RunReader(recorder.folder))) == 1
    assert read(artifact) == b"second"
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "state.txt").write_text("there before")
    assert artifact.copy(tmp_path / "out").read_text() == "second"
    assert os.listdir(tmp_path / "out") == ["state.txt"]


def test_a_link_given_by_name_is_followed(recorder: RunRecorder, tmp_path: Path) -> None:
    (tmp_path / "step-3.pt").write_bytes(b"3")
    (tmp_path / "newest.pt").symlink_to(tmp_path / "step-3.pt")
    assert read(kept(recorder, tmp_path / "newest.pt", "newest.pt")) == b"3"


@pytest.mark.parametrize(
    "name", ["", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "C:\\x", "line\nbreak", "x" * 501]
)
def test_names_that_lead_elsewhere_are_refused(recorder: RunRecorder, model: Path, name: str) -> None:
    assert not is_path_within(name)
    with pytest.raises(ConfigError, match="is not the name of an artifact"):
        keep(recorder.folder, model, name)


def test_what_is_not_there_cannot_be_kept(recorder: RunRecorder, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no file or folder '.*nothing\.pt' to keep as artifact 'm'"):
        keep(recorder.folder, tmp_path / "nothing.pt", "m")


def test_a_record_of_somebody_else_writes_nowhere_else(recorder: RunRecorder, tmp_path: Path) -> None:
    blobs = blobs_of(recorder.folder)
    blob = blobs.put(b"evil")
    recorder.artifact(ArtifactRecord(name="../../evil", blob=blob, bytes=4))
    listed = blobs.put((json.dumps(["../evil", blob, 4]) + "\n").encode())
    recorder.artifact(ArtifactRecord(name="folder", blob=listed, kind="folder"))
    recorder.artifact(ArtifactRecord(name="gone", blob="ab" * 32))
    recorder.artifact(ArtifactRecord(name="odd", blob="../../run.json"))
    artifacts = {each.name: each for each in artifacts_of(RunReader(recorder.folder))}
    assert sorted(artifacts) == ["folder", "gone", "odd"]
    with pytest.raises(DataError, match="damaged"):
        artifacts["folder"].copy(tmp_path / "out")
    for name in ("gone", "odd"):
        with pytest.raises(NotFoundError):
            artifacts[name].copy(tmp_path / "out")
    assert not list(tmp_path.rglob("*evil*"))
