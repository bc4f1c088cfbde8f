"""Transformers' Trainer itself trains and is recorded."""

import socket
from pathlib import Path
from typing import Any

import pytest

from tests import foreign
from tests.integrations.recorded import PROGRAMS, in_order, runs, steps, told, values, writers

pytestmark = pytest.mark.foreign

PACKAGES = ("transformers==5.23.0", "accelerate==1.15.0")


def fit(folder: Path, what: str, *, processes: int = 1) -> Any:
    launcher: list[object] = []
    if processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        launcher = ["-m", "torch.distributed.run", "--nproc-per-node", processes, "--master-port", port]
    return foreign.run(
        foreign.python_with("huggingface", *PACKAGES),
        *launcher,
        PROGRAMS / "fit_huggingface.py",
        what,
        folder=folder,
        GLIA_HOME=str(folder / ".glia"),
        HF_HUB_OFFLINE="1",
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of runs, and the Trainer's own history."""
    folder = tmp_path_factory.mktemp("huggingface")
    return folder / ".glia", told(fit(folder, "all"))


def test_metrics_are_the_trainers_own_history(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    run = in_order(home)[0]
    assert (run.state, run.reason, run.project) == ("done", "", "huggingface")
    pairs = {"loss": "train/loss", "learning_rate": "train/learning_rate", "grad_norm": "train/grad_norm"}
    pairs |= {"eval_loss": "validation/loss", "eval_accuracy": "validation/accuracy", "train_loss": "train/mean_loss"}
    for theirs, ours in pairs.items():
        rows = [row for row in said["history"] if theirs in row]
        assert rows
        assert values(run, ours) == pytest.approx([row[theirs] for row in rows])
        assert steps(run, ours) == [row["step"] for row in rows]
    assert values(run, "train/epoch") == [0.5, 1, 1.5, 2]
    assert values(run, "test/accuracy") == [said["found"]["test_accuracy"]]


def test_arguments_and_the_models_configuration_are_params(trained: tuple[Path, dict[str, Any]]) -> None:
    params = in_order(trained[0])[0].params
    assert (params["learning_rate"], params["per_device_train_batch_size"], params["num_train_epochs"]) == (0.01, 8, 2)
    assert (params["model.class"], params["model.hidden_size"]) == ("BertForSequenceClassification", 16)
    assert not [name for name in params if "token" in name and name.startswith("hub")]


def test_workers_of_the_loader_write_nothing(trained: tuple[Path, dict[str, Any]]) -> None:
    assert writers(in_order(trained[0])[0]) == 2  # train, and predict after it


def test_the_model_is_kept_if_that_was_asked_for(trained: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    first, *others = in_order(trained[0])
    (artifact,) = first.artifacts()
    assert (artifact.name, artifact.files) == ("model", 2)
    assert not [run for run in others if run.artifacts()]


def test_a_run_that_was_started_is_joined(trained: tuple[Path, dict[str, Any]]) -> None:
    run = runs(trained[0])["joined"]
    assert run.state == "done"
    assert steps(run, "train/loss") == [2, 4, 6, 8]


def test_a_stop_from_outside_ends_training_after_the_step(trained: tuple[Path, dict[str, Any]]) -> None:
    run = runs(trained[0])["stopped"]
    assert (run.state, run.reason) == ("stopped", "asked by a test")
    assert steps(run, "train/loss") == [1, 2, 3]


def test_an_error_while_training_is_the_reason_of_failing(tmp_path: Path) -> None:
    assert fit(tmp_path, "crash").returncode == 1
    (run,) = in_order(tmp_path / ".glia")
    assert (run.state, run.reason) == ("failed", "ArithmeticError: the third batch burst")
    assert steps(run, "train/loss") == [2]


def test_of_two_processes_one_records_and_both_stop_at_the_same_step(tmp_path: Path) -> None:
    done = fit(tmp_path, "ranks", processes=2)
    assert done.returncode == 0, done.stderr[-4000:]
    (run,) = in_order(tmp_path / ".glia")
    assert (run.state, run.reason) == ("stopped", "asked by a test")
    assert steps(run, "train/loss") == [2, 4, 6, 8, 10]
