import copy
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn

from glia.training import optimizers
from glia.training.checkpoint import optimizer_tensors
from glia.training.stepping import backward, step_of
from tests.training.parts import settings

STEPS = 5


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(7, 16), nn.ReLU(), nn.Linear(16, 3))


def trained(
    model: nn.Module, *, directly: bool, unused_at: tuple[int, ...] = (), **options: Any
) -> dict[str, torch.Tensor]:
    optimizer = optimizers.build(model, settings(**options))
    step = step_of(optimizer) if directly else optimizer.step
    generator = torch.Generator().manual_seed(1)
    for number in range(STEPS):
        optimizer.zero_grad()
        for group in optimizer.param_groups:
            group["lr"] = 0.1 / (number + 1)
        model(torch.randn(8, 7, generator=generator)).square().mean().backward()
        if number in unused_at:
            next(model.parameters()).grad = None
        step()
    return {**model.state_dict(), **optimizer_tensors(optimizer)}


@pytest.mark.parametrize("name", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("unused_at", [(), (0,), (2, 3)])
def test_the_numbers_are_those_of_torch(name: str, unused_at: tuple[int, ...]) -> None:
    model = network()
    expected = trained(copy.deepcopy(model), directly=False, optimizer=name, weight_decay=0.01, unused_at=unused_at)
    found = trained(model, directly=True, optimizer=name, weight_decay=0.01, unused_at=unused_at)
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[key], found[key]) for key in expected)


def test_a_weight_that_never_has_a_gradient_is_left_alone() -> None:
    model = network()
    model.register_parameter("spare", nn.Parameter(torch.ones(2)))
    before = copy.deepcopy(model)
    found, expected = trained(model, directly=True), trained(before, directly=False)
    assert torch.equal(found["spare"], torch.ones(2))
    assert all(torch.equal(expected[key], found[key]) for key in expected)


def test_gradients_are_those_of_torch_and_add_up() -> None:
    model, inputs = network(), torch.randn(8, 7)
    expected = copy.deepcopy(model)
    for _ in range(2):
        backward(model(inputs).square().mean())
        expected(inputs).square().mean().backward()
    found = [weight.grad for weight in model.parameters()]
    assert all(
        torch.equal(weight.grad, gradient) for weight, gradient in zip(expected.parameters(), found, strict=True)
    )  # type: ignore[arg-type]


def test_a_loss_that_nothing_leads_to_is_refused_as_torch_does() -> None:
    with pytest.raises(RuntimeError, match="does not require grad"):
        backward(torch.ones(()))


def test_a_small_network_is_trained_without_torchs_compiler_which_takes_a_second_to_import() -> None:
    code = "import sys, glia; glia.train('iris', model='mlp', epochs=2);assert 'torch._dynamo' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
