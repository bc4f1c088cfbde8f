"""`glia compare` as a person runs it, and what other commands say of a comparison."""

import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import glia
from glia.cli import compare
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
    assert "\nLinearDiscriminantAnalysis   1 " in done.stdout  # in the table the class is enough
    assert "(0.946 to 1.000)" in done.stdout  # and intervals end where accuracy does


def test_json_and_settings_that_all_share(flowers) -> None:
    given = ["--target", "kind", "--models", MODELS, "--folds", "2", "--repeats", "1", "--no-curve", "--json"]
    given += ["--without", "petal width", "--metric", "macro_f1", "--set", "data.split.by=petal length"]
    done = runner.invoke(app, ["compare", str(flowers), *given])
    report = json.loads(done.stdout)
    assert report["metric"] == "macro-f1"
    assert report["rule"] == "2 folds, dealt by group 'petal length'"
    assert report["learners"][0]["p"] is None
    assert glia.run(report["run"]).params["data.without"] == ["petal width"]


def test_the_next_command_trains_on_what_was_compared(tmp_path) -> None:
    path = tmp_path / "two words.csv"
    glia.dataset("iris").frame().rename(columns={"species": "the kind"}).to_csv(path, index=False)
    shared = ["--without", "petal width", "--without", "sepal length", "--set", "train.weight-decay=0.5"]
    shared += ["--set", "data.split.by=petal length", "--set", "train.optimizer={name='sgd'}"]
    asked = ["--models", "naive-bayes,decision-tree", "--folds", "2", "--repeats", "1", "--no-curve"]
    done = runner.invoke(app, ["compare", str(path), "--target", "the kind", *asked, *shared])
    command = done.stderr.rpartition("Next: ")[2].partition("   ")[0]
    compared, words = glia.runs()[0], shlex.split(command)
    assert words[:7] == ["glia", "train", str(path), "--target", "the kind", "--model", compared.tags["choice"]]
    assert str(runner.invoke(app, ["explain", compared.id]).exception).endswith(command)
    assert runner.invoke(app, words[1:]).exit_code == 0
    trained = glia.runs()[0].params
    shown = {key: value for key, value in compared.params.items() if key.startswith(("data.", "train.", "task."))}
    assert shown.pop("train.weight-decay") == trained["train.weight_decay"] == 0.5
    assert shown.pop("train.optimizer") == {"name": trained["train.optimizer.name"]}
    assert shown == {key: trained[key] for key in shown}
    assert trained["data.without"] == ["petal width", "sepal length"]


def test_a_narrow_terminal_gets_two_tables_and_whole_words(flowers, monkeypatch) -> None:
    monkeypatch.setattr(compare, "_width", lambda: 80)
    given = ["--target", "kind", "--models", "baseline,naive-bayes", "--folds", "5", "--repeats", "1", "--no-curve"]
    done = runner.invoke(app, ["compare", str(flowers), *given])
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    first, second = (at for at, line in enumerate(lines) if line.startswith("learner"))
    assert lines[first].split() == ["learner", "group", "accuracy", "to", "the", "best"]
    assert lines[second].split() == ["learner", "p", "fits", "time", "to", "fit", "to", "predict", "size"]
    assert [line.split()[0] for line in lines[second + 2 : second + 4]] == ["naive-bayes", "baseline"]


def test_regions_over_two_columns(flowers) -> None:
    given = ["--target", "kind", "--models", "naive-bayes,decision-tree", "--folds", "3", "--repeats", "1"]
    asked = ["compare", str(flowers), *given, "--no-curve", "--regions"]
    done = runner.invoke(app, [*asked, "petal width, sepal length"])
    assert "Decision regions over petal width and sepal length: each learner learns from these two" in done.stderr
    kept = Path(glia.runs()[0].folder, "media").glob("*.json")
    assert sum(json.loads(path.read_text()).get("kind") == "regions" for path in kept) == 2
    assert "Decision regions over petal" in runner.invoke(app, [*asked, "auto"]).stderr
    assert "Did you mean 'petal width'" in str(runner.invoke(app, [*asked, "petal"]).exception)


def test_other_commands_know_a_comparison(flowers) -> None:
    given = ["--target", "kind", "--models", "baseline,naive-bayes", "--folds", "2", "--repeats", "1", "--no-curve"]
    runner.invoke(app, ["compare", str(flowers), *given])
    run = glia.runs()[0]
    listed = runner.invoke(app, ["runs", "list"]).stdout
    assert "compare: naive-bayes" in listed
    assert f"accuracy {run.summary['naive-bayes/accuracy']:.4g}" in listed
    for command in (["explain", run.id], ["evaluate", run.id]):
        said = str(runner.invoke(app, command).exception)
        assert "is a comparison, which keeps no model. Train the one to use: glia train" in said
        assert said.endswith(" --target kind --model naive-bayes")
    said = str(runner.invoke(app, ["train", "--resume", run.id]).exception)
    assert "is a comparison, which is not gone on with. Start it again: glia compare" in said
