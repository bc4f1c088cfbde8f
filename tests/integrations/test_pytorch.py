"""Plain PyTorch needs no integration: a loop of one's own is recorded by what every run has."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests import foreign
from tests.integrations.recorded import PROGRAMS, runs, steps, told, values, writers


def loop(home: Path, *arguments: str) -> Any:
    return foreign.run(Path(sys.executable), PROGRAMS / "loop_pytorch.py", *arguments, GLIA_HOME=str(home))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of runs, and the losses that the loop saw."""
    home = tmp_path_factory.mktemp("pytorch") / ".glia"
    return home, told(loop(home, "all"))


def test_every_step_is_recorded(trained: tuple[Path, dict[str, Any]]) -> None:
    home, said = trained
    run = runs(home)["whole"]
    assert run.state == "done"
    assert values(run, "train/loss") == said["losses"]
    assert steps(run, "train/loss") == list(range(1, 13))


def test_params_are_read_from_the_objects(trained: tuple[Path, dict[str, Any]]) -> None:
    params = runs(trained[0])["whole"].params
    assert (params["optimizer.name"], params["optimizer.lr"]) == ("Adam", 0.01)
    assert (params["loader.batch_size"], params["loader.workers"], params["loader.shuffle"]) == (8, 2, True)
    assert params["model.parameters"] == 58


def test_the_inside_of_the_network_is_watched(trained: tuple[Path, dict[str, Any]]) -> None:
    assert [name for name in set(runs(trained[0])["whole"].metrics()["name"]) if name.startswith("watch/")]


def test_workers_of_the_loader_write_nothing(trained: tuple[Path, dict[str, Any]]) -> None:
    assert writers(runs(trained[0])["whole"]) == 1


def test_a_stop_from_outside_is_heard_by_the_loop(trained: tuple[Path, dict[str, Any]]) -> None:
    run = runs(trained[0])["stopped"]
    assert (run.state, run.reason) == ("stopped", "asked by a test")
    assert steps(run, "train/loss") == list(range(1, 9))


def test_a_loop_that_failed_goes_on_from_its_checkpoint(trained: tuple[Path, dict[str, Any]]) -> None:
    run = runs(trained[0])["crashed"]
    assert (run.state, run.reason) == ("failed", "ArithmeticError: the network burst")
    assert steps(run, "train/loss") == [1, 2, 3, 4, 5, 6]

    said = told(loop(trained[0], "resume", run.id))
    run = runs(trained[0])["crashed"]
    assert run.state == "done"
    assert said["restored"].endswith("files")
    assert steps(run, "train/loss") == list(range(1, 13))
    assert values(run, "train/loss")[4:] == said["losses"]
