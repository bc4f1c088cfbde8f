"""`glia runs artifacts`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.errors import NotFoundError


def invoke(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["runs", "artifacts", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def run(tmp_path: Path) -> glia.Run:
    (tmp_path / "model.pt").write_bytes(b"weights")
    with glia.start() as run:
        run.save_artifact(tmp_path / "model.pt", "models/best.pt")
    return run


def test_files_are_listed_and_written_out(run: glia.Run, tmp_path: Path) -> None:
    assert "models/best.pt" in invoke(run.name)
    [listed] = json.loads(invoke(run.id, "--json"))
    assert (listed["name"], listed["kind"], listed["files"], listed["bytes"]) == ("models/best.pt", "file", 1, 7)
    said = invoke(run.id[:6], "--get", "models/best.pt", "--out", str(tmp_path / "out"))
    assert Path(said.strip()).read_bytes() == b"weights"


def test_what_is_not_there_is_said(run: glia.Run) -> None:
    with pytest.raises(NotFoundError, match=r"keeps no artifact 'model/best.pt'\. Did you mean 'models/best.pt'"):
        invoke(run.id, "--get", "model/best.pt")
    with glia.start() as empty:
        pass
    done = CliRunner().invoke(app, ["runs", "artifacts", empty.id])
    assert "keeps no files" in done.stderr
