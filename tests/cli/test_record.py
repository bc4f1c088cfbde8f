"""`glia record` as a person runs it; what it does is tested in tests/tracking/recording/test_command.py."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.errors import ConfigError, NotFoundError

runner = CliRunner()


def test_a_program_is_recorded_and_its_exit_code_kept() -> None:
    program = "import sys; print('step 1 loss=0.5'); sys.exit(3)"
    options = ["--project", "mine", "--name", "first", "--tag", "team=vision", "--lines"]
    done = subprocess.run(
        [sys.executable, "-m", "glia", "record", *options, "--", sys.executable, "-c", program, "--lr", "0.1"],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (3, "step 1 loss=0.5\n")
    run = glia.run("first")
    assert done.stderr == f"Run first ({run.id[:6]}) is failed (exit code 3). Next: glia runs show {run.id[:6]}\n"
    assert (run.project, run.params, run.tags) == ("mine", {"lr": 0.1}, {"team": "vision"})
    assert run.metrics("loss")["value"].tolist() == [0.5]


def test_what_cannot_be_recorded_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert runner.invoke(app, ["record"]).exit_code == 2
    refused = runner.invoke(app, ["record", "--tag", "vision", "--", "true"])
    assert isinstance(refused.exception, ConfigError)
    assert "Write it as KEY=VALUE" in str(refused.exception)
    assert isinstance(runner.invoke(app, ["record", "--", "no-such-program"]).exception, NotFoundError)
    Path("train.py").touch()
    forgotten = runner.invoke(app, ["record", "--", "./train.py"]).exception
    assert "Name what runs it: glia record -- python ./train.py" in str(forgotten)


def test_a_program_that_uses_glia_is_inside_and_shown_so() -> None:
    program = "import glia; glia.start(name='inner').end()"
    command = [sys.executable, "-m", "glia", "record", "--name", "outer", "--", sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True).returncode == 0
    outer, inner = glia.run("outer"), glia.run("inner")
    assert inner.parent == outer.id
    assert f"contains      {inner.id[:6]} inner\n" in runner.invoke(app, ["runs", "show", "outer"]).output
    assert json.loads(runner.invoke(app, ["runs", "show", "outer", "--json"]).output)["inside"] == [inner.id]
    assert json.loads(runner.invoke(app, ["runs", "show", "inner", "--json"]).output)["parent"] == outer.id
    assert f"inside        {outer.id}\n" in runner.invoke(app, ["runs", "show", "inner"]).output
    assert "↳ inner" in runner.invoke(app, ["runs", "list"]).output


def test_what_would_move_the_cursor_is_written_out() -> None:
    glia.start(project="a\nb\x1b[31m", name="odd").end()
    for command in (["list"], ["show", "odd"]):
        assert "a\\nb\\x1b[31m" in runner.invoke(app, ["runs", *command]).output
