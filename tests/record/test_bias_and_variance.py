"""Bias and variance of runs that really trained, and of what other programs record."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.tracking.recording.recorder import RunRecorder

CPU = {"train.device": "cpu"}


@pytest.fixture(scope="module")
def noisy() -> pd.DataFrame:
    """A noisy sine, of 100 points."""
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, 100)
    return pd.DataFrame({"x": x, "y": np.sin(2 * np.pi * x) + 0.3 * random.standard_normal(100)})


def test_a_line_through_a_sine_is_mostly_bias(noisy: pd.DataFrame) -> None:
    half = {"data.split": {"train": 0.5, "validation": 0.5, "test": 0.0}}
    run = glia.train(noisy, target="y", model="linear-regression", settings=CPU | half)
    found = run.bias_and_variance
    assert found is not None
    assert found.kind == "bias"
    assert (found.validation, found.training) == (run.summary["validation/rmse"], run.summary["train/rmse"])
    judged = noisy["y"].to_numpy()[run.learner.division.validation]
    assert f"of {len(judged)} samples" in found.text
    assert found.trivial == pytest.approx(judged.std()), "the error of always answering their mean"


def test_a_large_network_on_few_noisy_samples_is_mostly_variance() -> None:
    halves = {"data.split": {"train": 0.5, "validation": 0.5, "test": 0.0}, "train.keep": "last"}
    settings = CPU | halves | {"model.hidden": [256, 256], "train.learning-rate": 0.005}
    found = glia.train("diabetes", model="mlp", epochs=60, settings=settings).bias_and_variance
    assert found is not None
    assert found.kind == "variance", found
    assert "early stopping" in found.advice


def test_a_line_between_ten_digits_that_hardly_learned_is_mostly_bias() -> None:
    halves = {"data.split": {"train": 0.5, "validation": 0.5, "test": 0.0}, "train.learning-rate": 3e-4}
    run = glia.train("digits", model="linear", epochs=2, settings=CPU | halves)
    found = run.bias_and_variance
    assert found is not None
    assert found.kind == "bias"
    labels = np.asarray(run.learner.dataset.targets())[run.learner.division.validation]
    commonest = np.unique(labels, return_counts=True)[1].max()
    assert found.trivial == pytest.approx(1 - commonest / len(labels))
    assert found.interval is not None
    assert found.interval[0] < 1 - run.summary["validation/accuracy"] < found.interval[1]


def test_a_forest_that_knows_a_few_digits_by_heart_is_mostly_variance() -> None:
    fifth = {"data.split": {"train": 0.2, "validation": 0.8, "test": 0.0}}
    found = glia.train("digits", model="random-forest", settings=fifth).bias_and_variance
    assert found is not None
    assert found.kind == "variance", found
    assert found.gap_interval is not None
    assert found.gap_interval[0] > 0.02
    assert found.advice.startswith("Against variance: more samples, a larger model.leaf"), "that of a forest"


def test_nothing_is_said_of_samples_for_validation_where_there_are_none(noisy: pd.DataFrame) -> None:
    split = {"data.split.train": 0.9, "data.split.validation": 0.0, "train.refit": True}
    found = glia.train(noisy, target="y", model="mlp", epochs=1, settings=CPU | split).bias_and_variance
    assert found is not None
    assert "samples for validation, too" not in found.text


def test_augmented_samples_say_nothing_of_the_gap() -> None:
    run = glia.train("digits", model="linear", epochs=1, settings=CPU | {"train.augment": "shift"})
    found = run.bias_and_variance
    assert found is not None
    assert (found.kind, found.training, found.gap) == ("unknown", None, None)
    assert "The training error is of samples changed at random, so bias and variance cannot be told apart" in found.text


def test_without_a_validation_part_it_says_so() -> None:
    nothing = {"data.split": {"train": 1.0, "validation": 0.0, "test": 0.0}}
    found = glia.train("iris", model="mlp", epochs=2, settings=CPU | nothing).bias_and_variance
    assert found is not None
    assert found.text.startswith("No validation part")


@pytest.mark.parametrize("keep", ["average", "best"])
def test_of_several_networks_the_training_error_is_theirs(keep: str) -> None:
    settings = CPU | {"train.members": 3, "train.members-keep": keep, "model.hidden": [8]}
    run = glia.train("iris", model="mlp", epochs=4, settings=settings)
    losses = [run.metrics(f"member-{number}/validation/loss") for number in (1, 2, 3)]
    best = [int(loss["value"].argmin()) for loss in losses]
    training = [
        1 - run.metrics(f"member-{number}/train/accuracy")["value"][at]
        for number, at in zip((1, 2, 3), best, strict=True)
    ]
    lowest = int(np.argmin([loss["value"].min() for loss in losses]))
    found = run.bias_and_variance
    assert found is not None
    assert found.training == pytest.approx(np.mean(training) if keep == "average" else training[lowest])
    assert ("one by one" in found.text) is (keep == "average")


def test_what_learned_from_the_samples_for_validation_says_so() -> None:
    found = glia.train("wine", model="mlp", epochs=2, settings=CPU | {"train.refit": True}).bias_and_variance
    assert found is not None
    assert "before it learned from the samples for validation" in found.text


def test_a_trial_has_it_and_its_study_has_not() -> None:
    space = {"train.learning_rate": glia.between(1e-3, 1e-1, log=True)}
    study = glia.tune("iris", model="mlp", vary=space, trials=2, folds=3, settings=CPU | {"train.epochs": 2})
    found = glia.run(f"{study.id}/0").bias_and_variance
    assert found is not None
    assert found.training is not None
    assert found.text.endswith("Means over 3 folds.")
    assert glia.run(study.id).bias_and_variance is None


def test_a_loop_of_ones_own_has_it_when_it_logged_both() -> None:
    with glia.start() as run:
        run.log({"train/loss": 0.1, "validation/loss": 0.5, "validation/accuracy": 0.8}, step=1)
        assert run.bias_and_variance is None, "it goes on"
    found = run.bias_and_variance
    assert found is not None
    assert (found.metric, found.kind, found.gap) == ("loss", "variance", pytest.approx(0.4))
    with glia.start() as run:
        run.log(temperature=3)
    assert run.bias_and_variance is None


def test_an_accuracy_in_percent_is_left_to_the_loss() -> None:
    with glia.start() as run:
        run.log({"train": {"accuracy": 99.0, "loss": 0.1}, "validation": {"accuracy": 92.0, "loss": 0.2}})
    assert run.bias_and_variance is not None
    assert run.bias_and_variance.metric == "loss"


def test_a_matrix_of_some_classes_is_not_taken_for_all_samples() -> None:
    run = glia.train("iris", model="mlp", epochs=1, settings=CPU)
    recorder = RunRecorder.reopen(run.folder)
    recorder.summary({**run.summary, "validation/accuracy": 0.123})  # of other samples than the picture's
    recorder.close()
    found = glia.run(run.id).bias_and_variance
    assert found is not None
    assert (found.interval, found.trivial) == (None, None)


def test_a_picture_that_is_gone_or_damaged_leaves_the_rest() -> None:
    run = glia.train("iris", model="mlp", epochs=1, settings=CPU)
    for file in (run.folder / "media").iterdir():
        file.write_text("{")
    found = run.bias_and_variance
    assert found is not None
    assert found.interval is None
    assert found.text.endswith("Part of that may be chance.")


def test_the_commands_say_it() -> None:
    runner = CliRunner()
    small = ["--set", "model.hidden=[8]", "--set", "train.device=cpu", "--model", "mlp"]
    trained = runner.invoke(app, ["train", "iris", "--epochs", "2", *small])
    run = glia.runs()[0]
    assert run.bias_and_variance is not None
    assert run.bias_and_variance.text in trained.stdout
    shown = runner.invoke(app, ["runs", "show", run.id]).stdout
    assert f"Bias and variance\n{run.bias_and_variance}" in shown
    said = json.loads(runner.invoke(app, ["runs", "show", run.id, "--json"]).stdout)["bias_and_variance"]
    assert (said["kind"], said["validation"]) == (run.bias_and_variance.kind, run.bias_and_variance.validation)
    assert run.bias_and_variance.text in run._repr_html_()
