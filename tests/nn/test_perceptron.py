import pytest
import torch
from torch import Tensor, nn

from glia.nn.perceptron import Perceptron, learn, with_constant
from glia.nn.random import reseed

XOR = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), torch.tensor([0, 1, 1, 0])


def separable(seed: int) -> tuple[Tensor, Tensor, float]:
    """Samples on both sides of a plane through 0, and the margin γ by which it parts them."""
    draw = torch.Generator().manual_seed(seed)
    normal = nn.functional.normalize(torch.randn(5, generator=draw, dtype=torch.float64), dim=0)
    x = torch.randn(300, 5, generator=draw, dtype=torch.float64)
    x = x[(x @ normal).abs() > 0.3]
    return x, (x @ normal > 0).long(), float((x @ normal).abs().min())


@pytest.mark.parametrize("seed", range(20))
def test_separable_samples_are_learned_with_no_more_mistakes_than_novikoff_proved(seed: int) -> None:
    x, y, margin = separable(seed)
    found = learn(x, y)
    assert found.converged
    assert torch.equal((x @ found.weights >= 0).long(), y)
    assert 0 < found.mistakes <= (x.norm(dim=1).max().item() / margin) ** 2


def test_xor_is_beyond_it() -> None:
    x, y = with_constant(XOR[0]), XOR[1]
    found = learn(x, y, epochs=200)
    assert not found.converged
    for weights in torch.cartesian_prod(*[torch.linspace(-2, 2, 9)] * 3):  # whatever the weights
        assert ((x @ weights >= 0).long() == y).float().mean() <= 0.75


def test_a_bias_is_the_weight_of_a_constant_neuron() -> None:
    with_bias, without = Perceptron(3), Perceptron(4, bias=False)
    without.linear.weight.data = torch.cat([with_bias.linear.weight.data, with_bias.linear.bias.data[:, None]], 1)
    x = torch.randn(50, 3)
    assert torch.equal(with_bias(x), without(with_constant(x)))
    assert Perceptron(3, bias=False)(torch.zeros(1, 3)).item() == 1  # 0 can only give step(0)


def test_outputs_are_zero_or_one_and_gradients_pass() -> None:
    reseed(0)
    network = Perceptron(3)
    fired = network(torch.randn(40, 3))
    assert set(fired.tolist()) == {0.0, 1.0}
    fired.sum().backward()
    assert network.linear.weight.grad is not None
    assert network.linear.weight.grad.any()
