import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glia.cli.main import app
from glia.record import doctor
from tests.tracking.runs import recording


@pytest.fixture
def run(home: Path) -> Path:
    with recording(home) as recorder:
        recorder.media("picture", b"abc", suffix=".png", kind="image")
        recorder.state("done")
    home.chmod(0o700)
    return recorder.folder


def test_all_is_well(run: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "--json"])
    found = {each["subject"]: each["verdict"] for each in json.loads(done.stdout)}
    assert done.exit_code == 0, done.stdout
    expected = {"Python", "torch", "packages", "port", "folder", "disk", "syncing", "logging", "database", "runs"}
    assert expected <= set(found)
    assert "problem" not in found.values()


def test_a_problem_is_a_line_what_to_do_and_exit_code_1(run: Path) -> None:
    next((run / "media").iterdir()).unlink()
    done = CliRunner().invoke(app, ["doctor", run.name[:6]])
    assert done.exit_code == 1
    assert f"PROBLEM  run {run.name[:6]} 1 media are named but not there" in done.stdout
    assert "Restore from a backup." in done.stdout


def test_one_run_alone(run: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", run.name])
    assert done.exit_code == 0
    assert done.stdout.startswith("ok       runs       1 run verified")


def test_repairing_asks_first(run: Path, home: Path) -> None:
    (home / "glia.db").write_bytes(b"rubbish" * 1000)
    assert CliRunner().invoke(app, ["doctor", "--repair"], input="n\n").exit_code == 1
    assert (home / "glia.db").read_bytes().startswith(b"rubbish")
    assert CliRunner().invoke(app, ["doctor", "--repair", "--yes"]).exit_code == 0
    assert (home / "glia.db").read_bytes().startswith(b"SQLite")


def test_before_the_first_run(home: Path) -> None:
    assert [each.text for each in doctor.examine()][-1] == "none yet: the first run makes .glia here"


def test_a_port_that_is_taken_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(doctor, "PORT", taken.getsockname()[1])
        assert "is taken" in doctor._check_port().text


def test_missing_packages_and_torch_are_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.metadata, "requires", lambda name: ["no-such-package>=2", "numpy>=1", "x; extra == 'y'"])
    found = doctor._check_packages()
    assert (found.verdict, found.text) == ("problem", "missing: no-such-package>=2")
    assert found.advice == "pip install 'no-such-package>=2'"
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    assert doctor._check_torch().verdict == "problem"


def test_a_clock_that_was_set_back_is_told(run: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.time, "time", lambda: 0.0)
    (found,) = doctor._check_clock(home)
    assert found.verdict == "warning"
    assert found.text.endswith("seconds from now")
