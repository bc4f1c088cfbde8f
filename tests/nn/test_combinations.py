import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from glia.nn.activations import activation
from glia.nn.combinations import nearest_on_simplex

BASES = ["linear", "relu", "tanh"]


@pytest.mark.parametrize("kind", ["affine", "convex"])
@pytest.mark.parametrize("chosen", range(3))
def test_a_weight_of_one_gives_that_activation_exactly(kind: str, chosen: int) -> None:
    layer = activation({"name": kind, "of": BASES})
    layer.weight.data = torch.eye(3)[chosen]
    x = torch.randn(50)
    assert torch.equal(layer(x), activation(BASES[chosen])(x))


@pytest.mark.parametrize("kind", ["affine", "convex"])
def test_the_constraint_holds_at_every_step(kind: str) -> None:
    torch.manual_seed(0)
    layer = activation({"name": kind, "of": BASES})
    network = nn.Sequential(nn.Linear(4, 8), layer, nn.Linear(8, 1))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.3)
    before = layer.combination().detach().clone()
    inputs = torch.randn(64, 4)
    for _ in range(50):
        optimizer.zero_grad()
        (network(inputs)[:, 0] - inputs[:, 0].relu() + 2 * inputs[:, 1]).square().mean().backward()
        optimizer.step()
        weights = layer.combination().detach()
        assert weights.sum().item() == pytest.approx(1, abs=1e-5)
        assert kind == "affine" or weights.min() >= 0
    assert (weights - before).abs().max() > 0.05


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6))
def test_the_nearest_point_of_the_simplex_is_nearer_than_any_other(numbers: list[float]) -> None:
    weight = torch.tensor(numbers, dtype=torch.float64)
    found = nearest_on_simplex(weight)
    assert found.min() >= 0
    assert found.sum().item() == pytest.approx(1)
    others = torch.from_numpy(np.random.default_rng(0).dirichlet(np.ones(len(numbers)), 200))
    assert ((others - weight).norm(dim=1) >= (found - weight).norm() - 1e-9).all()
