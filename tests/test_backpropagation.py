"""The program that writes back-propagation out is right: by autograd, by worked examples, and by Glia's own network."""

import importlib.util
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from glia.models import build
from glia.recipe import TrainRecipe
from glia.tasks.losses import class_loss
from glia.training import optimizers

PATH = Path(__file__).parent.parent / "examples" / "backpropagation_by_hand.py"
SIGMOIDS = {"layers": [{"dense": 2}, "sigmoid", {"dense": 2}, "sigmoid"]}


@pytest.fixture(scope="module")
def program() -> Any:
    specification = importlib.util.spec_from_file_location("backpropagation_by_hand", PATH)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def numbers(*values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("sizes", [(2, 3, 1), (4, 5, 3, 2)], ids=str)
def test_its_gradients_are_those_of_autograd(program: Any, sizes: tuple[int, ...]) -> None:
    weights = [tuple(part.requires_grad_() for part in layer) for layer in program.initialise(sizes, -1, 1, seed=3)]
    draw = torch.Generator().manual_seed(0)
    x, targets = (torch.rand(6, size, generator=draw, dtype=torch.float64) for size in (sizes[0], sizes[-1]))
    outs = program.forward(weights, x)
    program.error(outs[-1], targets).backward()
    found = program.back_propagate(weights, outs, targets)
    for layer, gradients in zip(weights, found, strict=True):
        for part, gradient in zip(layer, gradients, strict=True):
            torch.testing.assert_close(gradient, part.grad, rtol=0, atol=1e-12)


def test_500_steps_lead_downhill_and_towards_xor(program: Any) -> None:
    start = program.initialise((2, 3, 1))
    parts = torch.cat([part.flatten() for layer in start for part in layer])
    assert len(parts) == 13
    assert parts.min() >= 0.1
    assert parts.max() <= 0.9
    weights, errors = program.learn(start, program.INPUTS, program.TARGETS)
    assert len(errors) == 501
    assert all(after < before for before, after in pairwise(errors))
    assert errors[-1] < 0.1 * errors[0]
    out = program.forward(weights, program.INPUTS)[-1]
    assert torch.equal(out.round(), program.TARGETS)


def test_the_blind_search_ends_with_weights_that_reach_the_goal(program: Any) -> None:
    tried, found = program.search(program.INPUTS, program.TARGETS, goal=0.3)
    assert found <= 0.3
    weights = program.initialise((2, 3, 1), -10.0, 10.0, seed=tried - 1)
    assert program.error(program.forward(weights, program.INPUTS)[-1], program.TARGETS).item() == found
    errors = [
        program.error(
            program.forward(program.initialise((2, 3, 1), -10.0, 10.0, seed=seed), program.INPUTS)[-1], program.TARGETS
        )
        for seed in range(tried - 1)
    ]
    assert all(each > 0.3 for each in errors)


def test_a_unit_and_an_error_worked_by_hand(program: Any) -> None:
    net = 0.1 * 0.27 + 0.2 * 0.57 + 0.4
    assert net == pytest.approx(0.541)
    unit = [(numbers([0.27], [0.57]), numbers(0.4))]
    assert program.forward(unit, numbers([0.1, 0.2]))[-1].item() == pytest.approx(0.632, abs=5e-4)
    outs, targets = numbers(0.735, 0.455), numbers(0.5, 0.5)
    assert program.error(outs[0], targets[0]).item() == pytest.approx(0.0276, abs=5e-5)
    assert program.error(outs[1], targets[1]).item() == pytest.approx(0.001, abs=5e-5)
    assert program.error(outs, targets).item() == pytest.approx(0.0286, abs=5e-5)


# A 2-2-2 network whose every number is published: inputs 0.05 and 0.10, targets 0.01 and 0.99, one step at rate 0.5.
# Mazur, 2015, A step by step backpropagation example.
INPUTS, TARGETS = numbers([0.05, 0.10]), numbers([0.01, 0.99])
HIDDEN, HIDDEN_BIAS = numbers([0.15, 0.25], [0.20, 0.30]), numbers(0.35, 0.35)
OUTPUT, OUTPUT_BIAS = numbers([0.40, 0.50], [0.45, 0.55]), numbers(0.60, 0.60)
HIDDEN_AFTER = numbers([0.149780716, 0.24975114], [0.19956143, 0.29950229])
OUTPUT_AFTER = numbers([0.35891648, 0.511301270], [0.408666186, 0.561370121])


def test_a_step_of_the_second_worked_network(program: Any) -> None:
    assert (INPUTS[0, 0] * HIDDEN[0, 0]).item() == pytest.approx(0.0075)
    weights = [(HIDDEN, HIDDEN_BIAS), (OUTPUT, OUTPUT_BIAS)]
    outs = program.forward(weights, INPUTS)
    torch.testing.assert_close(outs[1], numbers([0.593269992, 0.596884378]), rtol=0, atol=1e-9)
    torch.testing.assert_close(outs[2], numbers([0.75136507, 0.772928465]), rtol=0, atol=1e-8)
    assert program.error(outs[2], TARGETS).item() == pytest.approx(0.298371109, abs=1e-9)
    (hidden, _), (output, _) = program.update(weights, program.back_propagate(weights, outs, TARGETS), rate=0.5)
    torch.testing.assert_close(output, OUTPUT_AFTER, rtol=0, atol=5e-9)
    torch.testing.assert_close(hidden, HIDDEN_AFTER, rtol=0, atol=5e-9)


def test_a_recipes_network_makes_the_same_step() -> None:
    network = build("layers", SIGMOIDS, inputs=(2,), outputs=2, seed=0).double()
    dense = [network.layers[0], network.layers[2]]
    with torch.no_grad():
        for layer, weight, bias in zip(dense, (HIDDEN, OUTPUT), (HIDDEN_BIAS, OUTPUT_BIAS), strict=True):
            layer.weight.copy_(weight.T)
            layer.bias.copy_(bias)
    optimizer = optimizers.build(network, TrainRecipe(optimizer="sgd", learning_rate=0.5))
    ((network(INPUTS) - TARGETS).square().sum() / 2).backward()
    optimizer.step()
    torch.testing.assert_close(dense[1].weight.T, OUTPUT_AFTER, rtol=0, atol=5e-9)
    torch.testing.assert_close(dense[0].weight.T, HIDDEN_AFTER, rtol=0, atol=5e-9)


def test_the_squared_error_of_recipes_is_the_programs(program: Any) -> None:
    outputs, classes = numbers([0.735, 0.455], [0.1, 0.8]), torch.tensor([0, 1])
    ours = class_loss("squared-error", {}, outputs, classes, None)
    by_hand = program.error(outputs, torch.eye(2, dtype=torch.float64)[classes]) / len(classes)  # a mean over samples
    torch.testing.assert_close(ours, by_hand)
