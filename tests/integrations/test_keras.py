"""Keras itself, on each of its backends, trains and is recorded."""

from pathlib import Path
from typing import Any

import pytest

from tests import foreign
from tests.integrations.recorded import PROGRAMS, in_order, runs, steps, told, values

pytestmark = pytest.mark.foreign

PACKAGES = ("keras==3.15.1", "jax==0.10.2", "tensorflow-cpu==2.21.0")


def fit(backend: str, home: Path, what: str) -> Any:
    return foreign.run(
        foreign.python_with("keras", *PACKAGES),
        PROGRAMS / "fit_keras.py",
        what,
        KERAS_BACKEND=backend,
        GLIA_HOME=str(home),
        TF_CPP_MIN_LOG_LEVEL="3",
    )


@pytest.fixture(scope="module", params=["torch", "jax", "tensorflow"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of runs of one backend, and what Keras says itself."""
    home = tmp_path_factory.mktemp(request.param) / ".glia"
    return home, told(fit(request.param, home, "all")) | {"backend": request.param}


def test_epochs_are_keras_own_history_at_the_batches_done(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    run = in_order(home)[0]
    assert (run.state, run.reason, run.project) == ("done", "", "keras")
    for name, found in said["history"].items():
        ours = f"validation/{name.removeprefix('val_')}" if name.startswith("val_") else f"train/{name}"
        assert values(run, ours) == pytest.approx(found)
        assert steps(run, ours) == [4, 8, 12]
    assert values(run, "train/epoch") == [1, 2, 3]
    assert values(run, "train/learning_rate") == pytest.approx([0.01] * 3)


def test_within_an_epoch_the_running_means_are_recorded(trained: tuple[Path, dict[str, Any]]) -> None:
    run = in_order(trained[0])[0]
    assert steps(run, "batch/loss") == [2, 4, 6, 8, 10, 12]
    assert values(run, "batch/loss")[1::2] == pytest.approx(values(run, "train/loss"))


def test_what_evaluate_finds_is_added_after_the_end(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    run = in_order(home)[0]
    assert values(run, "test/loss") == pytest.approx([said["found"]["loss"]])
    assert steps(run, "test/accuracy") == [12]


def test_params_are_optimizer_epochs_and_what_was_given(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    params = in_order(home)[0].params
    assert params["backend"] == said["backend"]
    assert (params["epochs"], params["steps_per_epoch"], params["batch_size"]) == (3, 4, 16)
    assert (params["optimizer.name"], params["optimizer.learning_rate"]) == ("adam", 0.01)
    assert (params["loss"], params["model.parameters"]) == ("sparse_categorical_crossentropy", 58)
    assert None not in params.values()


def test_the_summary_of_the_model_is_kept(trained: tuple[Path, dict[str, Any]]) -> None:
    for run in in_order(trained[0]):
        assert "Total params: " in next((run.folder / "media").glob("*.txt")).read_text()


def test_the_next_fit_is_a_run_of_its_own_that_counts_on(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    run = in_order(home)[1]
    assert run.state == "done"
    assert values(run, "train/loss") == pytest.approx(said["again"]["loss"])
    assert steps(run, "train/loss") == [16]


def test_a_run_that_was_started_is_joined(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    run = runs(home)["joined"]
    assert run.state == "done"
    assert values(run, "validation/loss") == pytest.approx(said["joined"]["val_loss"])
    assert run.params["epochs"] == 1


def test_a_stop_from_outside_ends_the_epoch_after_the_batch(trained: tuple[Path, dict[str, Any]]) -> None:
    run = runs(trained[0])["stopped"]
    assert (run.state, run.reason) == ("stopped", "asked by a test")
    assert steps(run, "batch/loss") == [1, 2]
    assert steps(run, "train/loss") == [2]


def test_several_batches_in_one_execution_are_counted(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    run = runs(home)["executions"]
    assert steps(run, "train/loss") == [4, 8]
    assert steps(run, "batch/loss") == ([1, 2, 3, 4, 5, 6, 7, 8] if said["backend"] == "torch" else [3, 4, 7, 8])


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_an_error_while_training_is_the_reason_of_failing(backend: str, home: Path) -> None:
    assert fit(backend, home, "crash").returncode == 1
    (run,) = in_order(home)
    assert (run.state, run.reason) == ("failed", "ArithmeticError: the third batch burst")
    assert steps(run, "batch/loss") == [1, 2]


def test_evaluating_alone_is_a_run_too(home: Path) -> None:
    found = told(fit("torch", home, "evaluate"))["found"]
    (run,) = in_order(home)
    assert run.state == "done"
    assert values(run, "test/accuracy") == pytest.approx([found["accuracy"]])
