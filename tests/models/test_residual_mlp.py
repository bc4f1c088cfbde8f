import pytest
import torch

from glia.models.building import build
from glia.models.residual_mlp import ResidualMLP


def made(**options: object) -> ResidualMLP:
    network = build("residual-mlp", {"width": 8, **options}, inputs=(5,), outputs=3, seed=0)
    assert isinstance(network, ResidualMLP)
    return network


@pytest.mark.parametrize(("depth", "span", "spans"), [(1, 2, []), (5, 2, [2, 2]), (6, 2, [2, 2, 1]), (4, 3, [3])])
def test_the_hidden_layers_are_as_many_as_asked_for(depth: int, span: int, spans: list[int]) -> None:
    network = made(depth=depth, span=span)
    dense = [module for module in network.modules() if isinstance(module, torch.nn.Linear)]
    assert len(dense) == depth + 1
    assert [sum(isinstance(each, torch.nn.Linear) for each in block.layers) for block in network.blocks] == spans


def test_outputs_are_those_of_the_formula() -> None:
    network = made(depth=3, norm=False).eval()
    x = torch.randn(4, 5)
    h = network.input[0](x).relu()
    first, _, second = network.blocks[0].layers
    expected = network.output((h + second(first(h).relu())).relu())
    torch.testing.assert_close(network(x), expected)


def test_without_connections_it_is_the_plain_network() -> None:
    plain, residual = made(depth=5, residual=False).eval(), made(depth=5).eval()
    assert all(torch.equal(one, other) for one, other in zip(plain.parameters(), residual.parameters(), strict=True))
    x = torch.randn(4, 5)
    expected = x
    for module in (*plain.input, *[each for block in plain.blocks for each in (*block.layers, block.activation)]):
        expected = module(expected)
    torch.testing.assert_close(plain(x), plain.output(expected))
    assert not torch.allclose(plain(x), residual(x))


def test_what_comes_in_reaches_the_end_of_a_deep_network_only_past_the_layers() -> None:
    """The gradient at the first layer, 40 layers deep and without norms, with weights that shrink signals."""
    weak = {"name": "uniform", "bound": 0.1}
    sizes = {}
    for residual in (True, False):
        network = made(depth=41, norm=False, residual=residual, initialisation=weak)
        network(torch.randn(16, 5)).square().sum().backward()
        gradient = network.input[0].weight.grad
        assert gradient is not None
        sizes[residual] = gradient.norm().item()
    assert sizes[False] < 1e-12 < 1e-3 < sizes[True]
