"""Files and folders of a run over HTTP: saved, never shown, and only through a run that names them."""

from pathlib import Path

import httpx
import pytest

from glia.tracking.folder.artifacts import keep
from glia.tracking.log.records import ArtifactRecord
from glia.tracking.recording.recorder import RunRecorder
from tests.server.recorded import training


def kept(recorder: RunRecorder, path: Path, name: str) -> ArtifactRecord:
    record, _ = keep(recorder.folder, path, name)
    recorder.artifact(record)
    return record


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "page.html").write_text("<script>alert(1)</script>")
    (folder / "deep" / "Ü 1.bin").write_bytes(b"w" * 3_000_000)
    return folder


def test_a_folder_is_listed_and_its_files_are_saved(home: Path, client: httpx.Client, model: Path) -> None:
    with training(home) as recorder:
        kept(recorder, model, "best/model")
        at = f"/runs/{recorder.id}/artifacts"
        [found] = client.get(at).json()["artifacts"]
        files = client.get(f"{at}/files", params={"name": "best/model"}).json()
        second = client.get(f"{at}/files", params={"name": "best/model", "offset": 1}).json()
        page = client.get(f"{at}/content", params={"name": "best/model", "path": "page.html"})
        weights = client.get(f"{at}/content", params={"name": "best/model", "path": "deep/Ü 1.bin"})
    assert (found["name"], found["kind"], found["files"], found["bytes"]) == ("best/model", "folder", 2, 3_000_025)
    expected = [{"path": "page.html", "bytes": 25}, {"path": "deep/Ü 1.bin", "bytes": 3_000_000}]
    assert files == {"files": expected, "total": 2}
    assert second["files"] == expected[1:]
    assert page.text == "<script>alert(1)</script>"
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-disposition"] == "attachment; filename*=UTF-8''page.html"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert weights.content == b"w" * 3_000_000
    assert weights.headers["content-length"] == "3000000"
    assert weights.headers["content-disposition"].endswith("''%C3%9C%201.bin")


def test_a_blob_is_reached_only_through_a_run_that_names_it(home: Path, client: httpx.Client, model: Path) -> None:
    with training(home) as recorder, training(home) as other:
        record = kept(recorder, model / "page.html", "page.html")
        other.artifact(ArtifactRecord(name="gone", blob="ab" * 32))
        other.artifact(ArtifactRecord(name="odd", blob="../../glia.db"))
        for name in ("page.html", record.blob, "../page.html", "gone", "odd"):
            answer = client.get(f"/runs/{other.id}/artifacts/content", params={"name": name})
            assert answer.status_code == 404, name
        assert client.get(f"/runs/{recorder.id}/artifacts/content", params={"name": "page.html"}).status_code == 200


def test_what_is_not_there_is_said(home: Path, client: httpx.Client, model: Path) -> None:
    with training(home) as recorder:
        kept(recorder, model, "model")
        at = f"/runs/{recorder.id}/artifacts"
        wrong = client.get(f"{at}/files", params={"name": "modle"})
        whole = client.get(f"{at}/content", params={"name": "model"})
        path = client.get(f"{at}/content", params={"name": "model", "path": "../page.html"})
    assert "keeps no artifact 'modle'. Did you mean 'model'" in wrong.json()["detail"]
    assert "is a folder: say which of its files" in whole.json()["detail"]
    assert path.status_code == 404
    assert "has no file '../page.html'" in path.json()["detail"]
