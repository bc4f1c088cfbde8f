"""The commands as a person runs them, in processes of their own where that matters."""

import json
import signal
import subprocess
import sys

import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

import glia
from glia.cli.main import app

SMALL = ["--set", "model.hidden=[8]", "--set", "train.device=cpu"]
runner = CliRunner()


def glia_command(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "glia", *arguments], capture_output=True, text=True)


@pytest.fixture
def flowers(tmp_path):
    path = tmp_path / "flowers.csv"
    data = glia.dataset("iris")
    data.frame().rename(columns={data.target: "species"}).to_csv(path, index=False)
    return path


def test_train_show_predict_evaluate(flowers, tmp_path) -> None:
    done = glia_command("train", str(flowers), "--target", "species", "--epochs", "3", "--seed", "7", *SMALL)
    assert done.returncode == 0, done.stderr
    assert "validation/accuracy" in done.stdout
    assert "Next: glia evaluate" in done.stderr
    run = glia.runs()[0]
    assert (run.params["train.seed"], run.params["model.hidden"], run.project) == (7, [8], "flowers")

    listed = json.loads(runner.invoke(app, ["runs", "list", "--json"]).stdout)
    assert [row["id"] for row in listed] == [run.id]
    assert run.name in runner.invoke(app, ["runs", "list"]).stdout
    shown = runner.invoke(app, ["runs", "show", run.name]).stdout
    assert run.id in shown
    assert "train.learning_rate" in shown

    new = tmp_path / "new.csv"
    pd.read_csv(flowers).drop(columns="species").head(2).to_csv(new, index=False)
    predicted = json.loads(runner.invoke(app, ["predict", run.id[:6], str(new), "--json"]).stdout)
    assert [row["file"] for row in predicted] == [f"{new}:1", f"{new}:2"]
    assert predicted[0]["prediction"] in ("setosa", "versicolor", "virginica")
    assert sum(predicted[0]["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)

    evaluated = runner.invoke(app, ["evaluate", run.id[:6]])
    assert "accuracy" in evaluated.stdout
    assert "Look 1 at the test part" in evaluated.stderr


def test_pictures_are_predicted_file_by_file(tmp_path) -> None:
    for label, shade in (("dark", 20), ("light", 230)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for index in range(20):
            Image.new("L", (12, 12), shade + index % 10).save(tmp_path / "photos" / label / f"{index}.png")
    assert (
        glia_command("train", str(tmp_path / "photos"), "--epochs", "5", "--set", "model.channels=[4]").returncode == 0
    )
    paths = [str(tmp_path / "photos" / "dark" / "0.png"), str(tmp_path / "photos" / "light" / "3.png")]
    shown = runner.invoke(app, ["predict", glia.runs()[0].id, *paths])
    assert "dark" in shown.stdout
    assert "light" in shown.stdout


def test_diff_shows_what_differs_and_nothing_else(flowers) -> None:
    one = glia.train(flowers, target="species", epochs=1, settings={"model.hidden": [4]})
    other = glia.train(flowers, target="species", epochs=2, settings={"model.hidden": [4]})
    differing = json.loads(runner.invoke(app, ["runs", "diff", one.id, other.id, "--json"]).stdout)["differing"]
    assert differing["train.epochs"] == [1, 2]
    assert not {"train.seed", "model.hidden", "data.version"} & set(differing)
    shown = runner.invoke(app, ["runs", "diff", one.name, other.name])
    assert "train.epochs" in shown.stdout
    assert "different data" not in shown.stderr


def test_diff_of_runs_that_saw_different_data_says_that_they_cannot_be_ranked(flowers) -> None:
    one = glia.train(flowers, target="species", model="baseline")
    other = glia.train("wine", model="baseline")
    assert "They saw different data" in runner.invoke(app, ["runs", "diff", one.id, other.id]).stderr


def test_ctrl_c_leaves_a_stopped_run_and_130() -> None:
    command = [sys.executable, "-m", "glia", "train", "iris", "--epochs", "1000000", *SMALL]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    while "epoch " not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "is stopped (interrupted)" in err
    assert f"glia train --resume {glia.runs()[0].id[:6]}" in err


def test_an_error_is_its_text_and_exit_code_1() -> None:
    failed = glia_command("train", "no-such-data")
    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: ")
    assert "no-such-data" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "Traceback" in glia_command("--traceback", "train", "no-such-data").stderr


def test_wrong_usage_exits_with_2() -> None:
    assert glia_command("train", "iris", "--no-such-option").returncode == 2


def test_a_recipe_file_with_settings_over_it(flowers, tmp_path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        f'data.name = "{flowers}"\ntask.target = "species"\ntrain.epochs = 2\nmodel = {{ name = "mlp", hidden = [6] }}'
    )
    done = glia_command("train", "--recipe", str(recipe), "--set", "model.activation=tanh", "--seed", "3")
    assert done.returncode == 0, done.stderr
    params = glia.runs()[0].params
    assert (params["model.activation"], params["model.hidden"], params["train.seed"]) == ("tanh", [6], 3)


def test_resuming_a_finished_run_says_so_and_exits_0() -> None:
    run = glia.train("iris", epochs=1)
    done = glia_command("train", "--resume", run.id[:6])
    assert done.returncode == 0
    assert f"Run {run.name} ({run.id[:6]}) has already ended: done. There is nothing to go on with." in done.stderr


def test_an_empty_folder_says_what_to_type_next() -> None:
    assert "glia train digits" in runner.invoke(app, ["runs", "list"]).stderr


def test_models_are_listed_with_their_sizes_and_options() -> None:
    listed = runner.invoke(app, ["models", "list"]).stdout
    assert "guide-pooled" in listed
    assert "model.channels" in runner.invoke(app, ["models", "show", "cnn"]).stdout
    assert "Did you mean 'cnn'" in str(runner.invoke(app, ["models", "show", "cn"]).exception)


@pytest.mark.slow
def test_the_demo_learns_to_read_digits() -> None:
    done = glia_command("demo")
    assert done.returncode == 0, done.stderr
    assert "On digits it never saw it is right 9" in done.stdout
