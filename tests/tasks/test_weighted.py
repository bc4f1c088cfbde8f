"""Samples that count differently."""

from typing import Any

import numpy as np
import pytest
import torch

from glia.recipe import TaskRecipe
from glia.tasks import Task, fit_task
from glia.tasks.weighted import WeightedTask
from glia.training.members import Losses

LABELS = np.array(list("abcab"))
NUMBERS = np.array([0.5, -1.0, 2.0, 3.0, 0.0])
COUNTS = torch.tensor([2, 1, 3, 1, 4])
DRAW = torch.Generator().manual_seed(0)
OUTPUTS = torch.randn(5, 3, generator=DRAW, dtype=torch.float64)
EVERY_LOSS = [
    *((LABELS, loss) for loss in ("cross-entropy", "kl-divergence", "binary-cross-entropy", "mse", "l1")),
    *((NUMBERS, loss) for loss in ("mse", "mae", "huber", "squared-error")),
]


def fitted(values: Any, **recipe: Any) -> Task:
    return fit_task(TaskRecipe(**recipe), values)


@pytest.mark.parametrize(("values", "loss"), EVERY_LOSS)
def test_a_weight_is_a_number_of_copies(values: Any, loss: str) -> None:
    task = fitted(values, loss=loss, name="classification" if values is LABELS else "regression")
    outputs = OUTPUTS[:, : task.outputs]
    targets, copies = task.encode(values), torch.repeat_interleave(torch.arange(5), COUNTS)
    found = WeightedTask(task).loss(outputs, WeightedTask.joined(targets, COUNTS.double()))
    torch.testing.assert_close(found, task.loss(outputs[copies], targets[copies]), check_dtype=False)


def test_weights_of_classes_multiply_those_of_samples() -> None:
    task = fitted(LABELS, class_weight={"a": 2.0, "c": 0.5})
    targets, copies = task.encode(LABELS), torch.repeat_interleave(torch.arange(5), COUNTS)
    found = task.loss(OUTPUTS, targets, COUNTS.double())
    torch.testing.assert_close(found, task.loss(OUTPUTS[copies], targets[copies]))


def test_metrics_are_the_tasks_but_for_the_loss() -> None:
    task = fitted(LABELS)
    targets = WeightedTask.joined(task.encode(LABELS), COUNTS.double())
    plain, found = task.metrics(OUTPUTS, task.encode(LABELS)), WeightedTask(task).metrics(OUTPUTS, targets)
    assert found["loss"] == pytest.approx(WeightedTask(task).loss(OUTPUTS, targets).item()) != plain["loss"]
    assert found["accuracy"] == plain["accuracy"]


def test_members_of_an_ensemble_are_weighted_alike() -> None:
    class Two(torch.nn.Module):
        def members(self, x: torch.Tensor) -> torch.Tensor:
            return torch.stack([x, -x])

        def combined(self, outputs: torch.Tensor) -> torch.Tensor:
            return outputs.mean(0)

    task = WeightedTask(fitted(LABELS))
    targets = WeightedTask.joined(fitted(LABELS).encode(LABELS), COUNTS.double())
    found = Losses(Two(), task).of(Two().members(OUTPUTS), targets)
    torch.testing.assert_close(found, (task.loss(OUTPUTS, targets) + task.loss(-OUTPUTS, targets)) / 2)


def test_fitting_counts_weights() -> None:
    weights, copies = COUNTS.numpy(), np.repeat(np.arange(5), COUNTS)
    one, other = (
        task.to_dict() for task in (fit_task(TaskRecipe(), NUMBERS, weights=weights), fitted(NUMBERS[copies]))
    )
    assert [one["mean"], one["deviation"]] == pytest.approx([other["mean"], other["deviation"]])
    balanced = TaskRecipe(class_weight="balanced")
    assert fit_task(balanced, LABELS, weights=weights).to_dict() == fit_task(balanced, LABELS[copies]).to_dict()
