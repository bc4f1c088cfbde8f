"""`glia tune` as a user meets it."""

import json

from typer.testing import CliRunner, Result

import glia
from glia.cli.main import app

RATES = ("--model", "mlp", "--epochs", "1", "--vary", "train.learning_rate=1e-3..1e-1:log")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_a_study_without_trials_waits_for_somebody_to_propose_some() -> None:
    begun = run("tune", "iris", *RATES, "--trials", "0")
    study = glia.study(glia.runs()[0].id)
    assert begun.exit_code == 0
    assert (study.state, study.run.reason) == ("stopped", "waits for trials by hand")
    assert f"Next: glia serve   glia tune --resume {study.id[:6]} --method manual" in begun.stderr
    study.propose({"train.learning_rate": 0.01})
    trained = run("tune", "--resume", study.id[:6], "--method", "manual")
    assert trained.exit_code == 0
    assert [trial.state for trial in glia.study(study.id).trials] == ["done"]
    assert "glia predict" not in trained.stderr, "no model is kept before the study is over"


def test_a_study_without_trials_has_no_best() -> None:
    assert json.loads(run("tune", "iris", *RATES, "--trials", "0", "--json").stdout)["best"] is None
