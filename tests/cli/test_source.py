"""`glia runs show --source`, the code part of `glia runs diff`, and `glia runs find-weights`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.errors import DataError

runner = CliRunner()
PROGRAM = "import glia\nrate = 0.1\nwith glia.start(params={}) as run:\n    run.log(rate=rate)\nprint(run.id)\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "code" / "fit.py"
    path.parent.mkdir()
    path.write_text(PROGRAM)
    return path


def start(program: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, program.name, *arguments], cwd=program.parent, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_source_of_a_run_is_printed_and_written_to_be_run_again(program: Path, tmp_path: Path) -> None:
    run = start(program, "--token", "s3cr3t")
    program.write_text("changed since")
    shown = runner.invoke(app, ["runs", "show", run, "--source"]).stdout
    assert "fit.py --token …" in shown
    assert "--- fit.py\nimport glia\nrate = 0.1\n" in shown
    assert json.loads(runner.invoke(app, ["runs", "show", run, "--source", "--json"]).stdout)["entry"] == "fit.py"
    written = runner.invoke(app, ["runs", "show", run, "--source", "--out", str(tmp_path / "again")])
    assert "It was started by:" in written.stderr
    again = start(tmp_path / "again" / "fit.py")
    assert glia.run(again).metrics("rate")["value"].tolist() == [0.1]
    refused = runner.invoke(app, ["runs", "show", run, "--source", "--out", str(tmp_path / "again")])
    assert isinstance(refused.exception, DataError)


def test_two_runs_differ_in_their_code(program: Path) -> None:
    one = start(program)
    program.write_text(PROGRAM.replace("0.1", "0.2"))
    other = start(program)
    shown = runner.invoke(app, ["runs", "diff", one, other]).stdout
    assert "-rate = 0.1\n+rate = 0.2\n" in shown
    assert "+rate = 0.2" in json.loads(runner.invoke(app, ["runs", "diff", one, other, "--json"]).stdout)["code"]
    assert "differ in nothing" in runner.invoke(app, ["runs", "diff", other, other]).stdout


def test_weights_lead_to_their_run(tmp_path: Path) -> None:
    for name in ("mine", "other"):
        torch.save({"x": torch.full((2,), float(len(name)))}, tmp_path / f"{name}.pth")
    with glia.start(project="own") as run:
        run.save_artifact(tmp_path / "mine.pth")
    paths = [str(tmp_path / "mine.pth"), str(tmp_path / "other.pth")]
    found = runner.invoke(app, ["runs", "find-weights", *paths])
    assert run.name in found.stdout
    assert found.stderr == f"No run recorded here kept the weights in '{paths[1]}'.\n"
    assert found.exit_code == 1
    rows = json.loads(runner.invoke(app, ["runs", "find-weights", paths[0], "--json"]).stdout)
    assert [(row["id"], row["file"]) for row in rows] == [(run.id, "mine.pth")]


def test_a_run_without_source_says_so(home: Path) -> None:
    with glia.start() as run:
        pass
    os.remove(run.folder / "source.json")
    assert "No source was recorded" in runner.invoke(app, ["runs", "show", run.id, "--source"]).stderr
