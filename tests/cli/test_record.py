"""`glia record` as a person runs it; what it does is tested in tests/tracking/test_command.py."""

import subprocess
import sys

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


def test_what_cannot_be_recorded_is_refused() -> None:
    assert runner.invoke(app, ["record"]).exit_code == 2
    refused = runner.invoke(app, ["record", "--tag", "vision", "--", "true"])
    assert isinstance(refused.exception, ConfigError)
    assert "Write it as KEY=VALUE" in str(refused.exception)
    assert isinstance(runner.invoke(app, ["record", "--", "no-such-program"]).exception, NotFoundError)
