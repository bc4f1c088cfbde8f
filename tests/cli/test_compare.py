"""`glia compare` as a person runs it."""

import json

import pytest
from typer.testing import CliRunner

import glia
from glia.cli.main import app

MODELS = "baseline,sklearn.discriminant_analysis:LinearDiscriminantAnalysis"
runner = CliRunner()


@pytest.fixture
def flowers(tmp_path):
    path = tmp_path / "flowers.csv"
    glia.dataset("iris").frame().rename(columns={"species": "kind"}).to_csv(path, index=False)
    return path


def test_a_table_and_an_answer_are_printed(flowers) -> None:
    done = runner.invoke(
        app, ["compare", str(flowers), "--target", "kind", "--models", MODELS, "--repeats", "1", "--no-curve"]
    )
    assert done.exit_code == 0, done.output
    assert "accuracy" in done.stdout
    assert "Use sklearn.discriminant_analysis:LinearDiscriminantAnalysis: accuracy 0.98" in done.stdout
    assert f"Next: glia train {flowers} --target kind --model sklearn." in done.stderr
    assert "fit 5 of 5" in done.stderr
    assert glia.runs()[0].project == "flowers"


def test_json_and_settings_that_all_share(flowers) -> None:
    given = ["--target", "kind", "--models", MODELS, "--folds", "2", "--repeats", "1", "--no-curve", "--json"]
    given += ["--without", "petal width", "--metric", "macro_f1", "--set", "data.split.by=petal length"]
    done = runner.invoke(app, ["compare", str(flowers), *given])
    report = json.loads(done.stdout)
    assert report["metric"] == "macro-f1"
    assert report["rule"] == "2 folds, dealt by group 'petal length'"
    assert report["learners"][0]["p"] is None
    assert glia.run(report["run"]).params["without"] == ["petal width"]
