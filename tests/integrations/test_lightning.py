"""Lightning itself, under both of its names, trains and is recorded."""

from pathlib import Path
from typing import Any

import pytest

from tests import foreign
from tests.integrations.recorded import PROGRAMS, in_order, runs, steps, told, values, writers

pytestmark = pytest.mark.foreign

PACKAGES = ("lightning==2.6.6", "pytorch-lightning==2.6.6")
NAMES = {"train_loss": "train/loss", "val_loss": "validation/loss", "test_loss": "test/loss"}


def fit(library: str, folder: Path, what: str) -> Any:
    return foreign.run(
        foreign.python_with("lightning", *PACKAGES),
        PROGRAMS / "fit_lightning.py",
        library,
        what,
        folder=folder,
        GLIA_HOME=str(folder / ".glia"),
    )


@pytest.fixture(scope="module", params=["lightning.pytorch", "pytorch_lightning"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of runs, and what Lightning's own CSVLogger wrote."""
    folder = tmp_path_factory.mktemp("lightning")
    return folder / ".glia", told(fit(request.param, folder, "all"))


def test_metrics_are_those_of_lightnings_own_logger(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    run = in_order(home)[0]
    assert (run.state, run.reason, run.project) == ("done", "", "lightning")
    for theirs, ours in NAMES.items():
        rows = [row for row in said["rows"] if theirs in row]
        assert rows
        assert values(run, ours) == pytest.approx([row[theirs] for row in rows])
        assert steps(run, ours) == [row["step"] for row in rows]
    assert steps(run, "train/epoch") == [1, 3, 5, 7, 9, 11, 12]


def test_hyperparameters_optimizer_and_loader_are_params(trained: tuple[Path, dict[str, Any]]) -> None:
    params = in_order(trained[0])[0].params
    assert (params["width"], params["epochs"], params["parameters"]) == (4, 2, 10)
    assert (params["optimizer.name"], params["optimizer.lr"], params["optimizer.momentum"]) == ("SGD", 0.1, 0.9)
    assert (params["loader.batch_size"], params["loader.workers"]) == (8, 2)


def test_workers_of_the_loader_write_nothing(trained: tuple[Path, dict[str, Any]]) -> None:
    assert writers(in_order(trained[0])[0]) == 2  # fit, and the test after it


def test_the_best_checkpoint_is_kept(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    run = in_order(home)[0]
    (artifact,) = run.artifacts()
    assert artifact.name == "checkpoint"
    assert artifact.bytes == Path(said["best"]).stat().st_size
    assert run.id in said["best"]


def test_a_run_that_was_started_is_joined(trained: tuple[Path, dict[str, Any]]) -> None:
    run = runs(trained[0])["joined"]
    assert run.state == "done"
    assert len(values(run, "train/loss")) == 6
    assert values(run, "after") == [1]


def test_a_stop_from_outside_ends_training_after_the_batch(trained: tuple[Path, dict[str, Any]]) -> None:
    run = runs(trained[0])["stopped"]
    assert (run.state, run.reason) == ("stopped", "asked by a test")
    assert steps(run, "train/loss") == [1, 3]


def test_the_callback_without_the_logger_is_refused(trained: tuple[Path, dict[str, Any]]) -> None:
    assert "Trainer(logger=GliaLogger(), callbacks=[GliaCallback()])" in trained[1]["refused"]


def test_an_error_while_training_is_the_reason_of_failing(tmp_path: Path) -> None:
    assert fit("lightning.pytorch", tmp_path, "crash").returncode == 1
    (run,) = in_order(tmp_path / ".glia")
    assert (run.state, run.reason) == ("failed", "ArithmeticError: the third batch burst")


def test_ctrl_c_stops_a_run_although_lightning_leaves_by_another_exception(tmp_path: Path) -> None:
    assert fit("pytorch_lightning", tmp_path, "interrupt").returncode == 1
    (run,) = in_order(tmp_path / ".glia")
    assert (run.state, run.reason) == ("stopped", "interrupted")


def test_of_two_processes_one_records_and_both_stop(tmp_path: Path) -> None:
    done = fit("lightning.pytorch", tmp_path, "ranks")
    assert done.returncode == 0, done.stderr[-4000:]
    (run,) = in_order(tmp_path / ".glia")
    assert run.id in done.stdout
    assert (run.state, run.reason, run.params["devices"]) == ("stopped", "asked by a test", 2)
