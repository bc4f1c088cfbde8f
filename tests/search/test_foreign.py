"""Search libraries of others: they propose, Glia trains and records."""

import json
from pathlib import Path

import pytest

import glia
from tests import foreign

pytestmark = pytest.mark.foreign

PROGRAM = Path(__file__).parent / "programs" / "search_hyperopt.py"


def test_hyperopt_drives_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIA_HOME", str(tmp_path / ".glia"))
    python = foreign.python_with("hyperopt", "hyperopt==0.2.7", "setuptools<81")  # which it still needs
    done = foreign.run(python, PROGRAM, folder=tmp_path, PYTHONWARNINGS="ignore")
    assert done.returncode == 0, done.stderr
    heard = json.loads(done.stdout.splitlines()[-1])
    study = glia.study(heard["study"])
    assert [trial.state for trial in study.trials] == ["done"] * len(heard["rates"])
    assert [trial.settings["train.learning_rate"] for trial in study.trials] == heard["rates"]
    assert [trial.value for trial in study.trials] == [-loss for loss in heard["losses"]]
    assert study.best.value == -min(heard["losses"])
    assert study.run_of(study.best).summary["validation/accuracy"] == study.best.value
