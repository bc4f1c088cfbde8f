"""What every task must do.

from glia.testing.tasks import TaskContract

class TestMyTask(TaskContract):
    recipe, values = TaskRecipe(name="my-task"), np.array([…])
"""

import json
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glia import pictures
from glia.recipe import TaskRecipe
from glia.tasks.fitting import fit_task, task_from_dict
from glia.tasks.task import Task

STEPS = 400


class TaskContract:
    """Subclass it under a name that begins with `Test`, and say which task it is and for what values.

    Attributes:
        recipe: what the task is fitted by.
        values: targets as the user has them, of which some differ.
    """

    recipe: ClassVar[TaskRecipe]
    values: ClassVar[NDArray[Any]]

    @cached_property
    def task(self) -> Task:
        """The task under test."""
        return fit_task(self.recipe, self.values, name="target")

    @cached_property
    def targets(self) -> Tensor:
        """The values encoded."""
        return self.task.encode(self.values)

    @cached_property
    def perfect(self) -> Tensor:
        """Outputs that the loss itself leads to when nothing but it is minimised."""
        outputs = self._zeros().requires_grad_()
        optimizer = torch.optim.Adam([outputs])
        for step in range(STEPS):
            optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / STEPS)  # so that it comes to rest
            optimizer.zero_grad()
            self.task.loss(outputs, self.targets).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return outputs.detach()

    def test_loss_is_one_number_with_a_gradient(self) -> None:
        """0-d, finite, and every sample has a say."""
        outputs = self._zeros().requires_grad_()
        loss = self.task.loss(outputs, self.targets)
        _require(loss.shape == () and bool(loss.isfinite()), f"the loss is {loss}")
        loss.backward()  # type: ignore[no-untyped-call]
        gradient = outputs.grad
        _require(gradient is not None and bool(gradient.any(1).all()), "the loss ignores some samples")

    def test_decoding_brings_the_values_back(self) -> None:
        """Labels exactly, numbers nearly."""
        found = self.task.decode(self.perfect)
        if np.issubdtype(self.values.dtype, np.number):
            scale = float(np.std(self.values.astype(float)))
            np.testing.assert_allclose(found.values.astype(float), self.values.astype(float), atol=0.02 * scale)
        else:
            np.testing.assert_array_equal(found.values, self.values)
        if found.probabilities is not None:
            _require(found.probabilities.shape == (len(found), len(found.classes)), "a probability for each class")
            np.testing.assert_allclose(found.probabilities.sum(1), 1, rtol=1e-6)

    def test_what_was_trained_on_is_known(self) -> None:
        """Every value can be encoded."""
        _require(bool(np.all(self.task.known(self.values))), "values that were trained on are not known")

    def test_better_outputs_have_better_metrics(self) -> None:
        """Each metric in the direction it has."""
        better, worse = self.task.metrics(self.perfect, self.targets), self.task.metrics(self._zeros(), self.targets)
        for name, direction in self.task.directions.items():
            gain = better[name] - worse[name] if direction == "higher" else worse[name] - better[name]
            _require(gain > 0, f"{name} ({direction}) went from {worse[name]} to {better[name]}")

    def test_metrics_are_plain_numbers_with_directions(self) -> None:
        """Floats, each with a direction, among them the one that is watched."""
        found = self.task.metrics(self._zeros(), self.targets)
        _require(found.keys() == self.task.directions.keys(), f"{sorted(found)} and {sorted(self.task.directions)}")
        _require(all(type(value) is float for value in found.values()), f"not all plain numbers: {found}")
        _require(self.task.monitor in found, f"{self.task.monitor} is watched and is not among {sorted(found)}")

    def test_metrics_hold_for_one_sample(self) -> None:
        """As in the last batch of an epoch: what is watched stays a number (R² of one sample is none)."""
        found = self.task.metrics(self.perfect[:1], self.targets[:1])
        _require(np.isfinite(found[self.task.monitor]), f"of one sample: {found}")

    def test_task_survives_a_file(self) -> None:
        """Written as JSON and read again it is equal, and means the same."""
        other = task_from_dict(json.loads(json.dumps(self.task.to_dict())))
        _require(other == self.task, f"{other} instead of {self.task}")
        _require(torch.equal(other.encode(self.values), self.targets), "it encodes otherwise")

    def test_pictures_survive_a_file(self) -> None:
        """Plain values all through."""
        found = self.task.pictures(self.perfect, self.targets)
        _require(len(found) > 0, "there is nothing to look at")
        for name, picture in found.items():
            again = pictures.from_dict(json.loads(json.dumps(pictures.to_dict(picture))))
            _require(again == picture, f"{name} changed in a file")

    def _zeros(self) -> Tensor:
        return torch.zeros(len(self.values), self.task.outputs)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
