"""Which run a library's training goes into, and under which names."""

import sys
import threading

import numpy as np
import pytest

import glia
from glia.integrations.destination import LARGEST_ARRAY, Destination, numbers, phased


def test_a_run_that_was_started_is_joined_and_left_open() -> None:
    with glia.start(params={"rate": 0.1}) as run:
        destination = Destination()
        assert destination.begin({"optimizer": {"lr": 1}}) is run
        destination.end()
        assert run.state == "running"
    assert run.params == {"rate": 0.1, "optimizer.lr": 1}


def test_a_run_that_is_given_is_joined_also_beside_the_current_one() -> None:
    with glia.start() as given, glia.start() as other:
        assert Destination(given).begin() is given
        assert Destination().begin() is other


def test_without_a_run_each_training_is_one() -> None:
    destination = Destination()
    first = destination.begin({"epochs": 1})
    destination.end()
    second = destination.begin()
    destination.end(ValueError("no"))
    assert (first.state, first.params) == ("done", {"epochs": 1})
    assert (second.state, second.reason) == ("failed", "ValueError: no")
    assert first.id != second.id


def test_a_project_or_a_name_begins_a_run_within_the_current_one() -> None:
    with glia.start(project="outer") as outer:
        destination = Destination(name="inner", project="other")
        inner = destination.begin()
        glia.log(loss=1.0)
        destination.end()
    assert (inner.name, inner.project, inner.state) == ("inner", "other", "done")
    assert "loss" in set(inner.metrics()["name"])
    assert outer.state == "done"


def test_a_training_that_nobody_ended_is_ended_when_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    left, later = Destination().begin(), Destination()
    again = later.begin()
    assert (left.state, left.reason) == ("failed", "the training ended without a word")
    monkeypatch.setattr(sys, "last_value", ArithmeticError("burst"), raising=False)  # as a notebook sets it
    Destination().begin().end()
    assert (again.state, again.reason) == ("failed", "ArithmeticError: burst")


def test_trainings_of_different_threads_are_different_runs() -> None:
    found: list[glia.Run] = []

    def train() -> None:
        destination = Destination()
        found.append(destination.begin())
        both.wait(timeout=30)
        destination.end()

    both = threading.Barrier(2)
    threads = [threading.Thread(target=train) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run.id for run in found}) == 2
    assert [run.state for run in found] == ["done", "done"]


def test_the_epoch_is_told_once_a_step() -> None:
    with glia.start() as run:
        destination = Destination(run)
        destination.log({"train/loss": 1.0, "train/epoch": 1.0}, 4)
        destination.log({"validation/loss": 2.0, "train/epoch": 1.0}, 4)
        destination.log({"train/loss": 0.5, "train/epoch": 2.0}, 8)
    assert list(run.metrics("train/epoch")["step"]) == [4, 8]
    assert list(run.metrics("validation/loss")["step"]) == [4]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("train_loss", "train/loss"),
        ("training/loss", "train/loss"),
        ("val_acc_epoch", "validation/acc_epoch"),
        ("valid_loss", "validation/loss"),
        ("eval_f1", "validation/f1"),
        ("validation/loss/dataloader_idx_0", "validation/loss/dataloader_idx_0"),
        ("test_auc", "test/auc"),
        ("value_loss", "value_loss"),
        ("lr-Adam", "lr-Adam"),
    ],
)
def test_names_say_the_phase(theirs: str, ours: str) -> None:
    assert phased(theirs) == ours


def test_only_numbers_are_taken_and_none_ends_training() -> None:
    class Odd:
        def __array__(self, *args: object, **kwargs: object) -> np.ndarray:
            raise RuntimeError("on another device")

    long = np.ones(LARGEST_ARRAY + 1)
    given = {"a": np.float32(0.5), "b": 2**60, "c": [1, 2], "d": "text", "e": None, "f": Odd(), "g": long}
    found = numbers(given, lambda name: f"train/{name}")
    assert found == {"train/a": 0.5, "train/b": 2.0**60, "train/c/0": 1.0, "train/c/1": 2.0}
    assert numbers(None, str) == {}
