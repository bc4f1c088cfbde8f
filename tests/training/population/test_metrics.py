from typing import Any

import pytest
import torch

from glia.training.population.losses import Losses
from glia.training.population.metrics import metrics_of
from tests.training.population.parts import classes

GIVEN: list[dict[str, Any]] = [
    {},
    {"class_weight": "balanced"},
    {"loss": {"name": "cross-entropy", "label_smoothing": 0.3}, "metrics": ["macro-f1"]},
    {"loss": "nll", "class_weight": {"0": 1.0, "1": 3.0, "2": 0.1}, "metrics": ["log-loss", "accuracy"]},
]


def outputs(networks: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    found = 3 * torch.randn(networks, count, 3, generator=draw)
    found[0, :5] = 1.0  # all classes alike
    return found, torch.randint(0, 2, (networks, count), generator=draw)  # one class is never there


@pytest.mark.parametrize("count", [1, 40])
def test_metrics_together_are_those_of_each(count: int) -> None:
    tasks = [classes(**given) for given in GIVEN]
    given, targets = outputs(len(tasks), count)
    for task, its, wanted, found in zip(tasks, given, targets, metrics_of(tasks, given, targets), strict=True):
        assert isinstance(found, dict)
        assert list(found) == list(task.metrics(its, wanted))
        assert found == pytest.approx(dict(task.metrics(its, wanted)), rel=1e-12)


def test_losses_together_are_those_of_each_and_so_are_their_gradients() -> None:
    tasks = [classes(**given) for given in GIVEN]
    given, targets = outputs(len(tasks), 40)
    losses = Losses(tasks, torch.device("cpu"))
    mine, its = given.clone().requires_grad_(), given.clone().requires_grad_()
    together = losses.of(mine, targets, slice(None), apart=True)
    each = torch.stack([task.loss(*one) for task, *one in zip(tasks, its, targets, strict=True)])
    torch.testing.assert_close(together, each)
    torch.autograd.backward([together.sum(), each.sum()])
    torch.testing.assert_close(mine.grad, its.grad)
    part = losses.of(given[1:3], targets[1:3], slice(1, 3), apart=True)
    torch.testing.assert_close(part, each[1:3].detach())
    losses.keep([3, 1])
    torch.testing.assert_close(
        losses.of(given[[3, 1]], targets[[3, 1]], slice(None), apart=True), each[[3, 1]].detach()
    )
