from math import prod

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from glia.errors import ConfigError
from glia.nn.convolution import Crop, Same, SeparableConv, convolution

SIDES = {1: (9,), 2: (7, 8), 3: (5, 6, 4)}


def noise(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def padded(x, edges):
    """Zeros around each side, put there by hand."""
    out = x.new_zeros(*x.shape[:2], *(side + sum(edge) for side, edge in zip(x.shape[2:], edges, strict=True)))
    within = [slice(before, before + side) for side, (before, _) in zip(x.shape[2:], edges, strict=True)]
    out[(..., *within)] = x
    return out


def unfolded(x, kernel, stride, dilation):
    """(B, C, *O, *K): every window of x."""
    for axis in range(2, x.ndim):
        x = x.unfold(axis, dilation * (kernel - 1) + 1, stride)
    return x[(..., *(slice(None, None, dilation),) * (x.ndim // 2 - 1))]


def by_einsum(x, weight, kernel, stride, dilation):
    """A convolution as a sum of products over windows."""
    windows = unfolded(x, kernel, stride, dilation)
    inner = "uvw"[: weight.ndim - 2]
    outer = "xyz"[: weight.ndim - 2]
    return torch.einsum(f"bc{outer}{inner},dc{inner}->bd{outer}", windows, weight)


def gradients(output, *inputs):
    return torch.autograd.grad(output.square().sum(), inputs)


def assert_equal_with_gradients(found, expected, *inputs):
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
    for one, other in zip(gradients(found, *inputs), gradients(expected, *inputs), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-8)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(("kernel", "stride", "dilation"), [(3, 1, 1), (3, 2, 1), (2, 1, 1), (4, 3, 1), (2, 1, 2)])
def test_same_padding_gives_the_windows_of_the_rule(n, kernel, stride, dilation):
    layer = convolution(n, 2, 3, kernel, padding="same", stride=stride, dilation=dilation, bias=False).double()
    x = noise(2, 2, *SIDES[n]).requires_grad_()
    edges = []
    for side in SIDES[n]:
        out = -(-side // stride)
        together = max((out - 1) * stride + dilation * (kernel - 1) + 1 - side, 0)
        edges.append((together // 2, (together + 1) // 2))
    (weight,) = layer.parameters()
    found, expected = layer(x), by_einsum(padded(x, edges), weight, kernel, stride, dilation)
    assert found.shape[2:] == tuple(-(-side // stride) for side in SIDES[n])
    assert_equal_with_gradients(found, expected, x, weight)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"padding": 0}, {"padding": 1, "dilation": 2}], ids=str)
def test_a_separable_convolution_is_one_whose_filters_are_products(n, options):
    multiplier = 2
    layer = SeparableConv(2, 3, 3, dimensions=n, multiplier=multiplier, **options).double()
    depth, point, bias = layer.parameters()  # (C M, 1, *K), (D, C M, 1 …), (D)
    each = depth.view(2, multiplier, *depth.shape[2:])
    whole = torch.einsum("dcm,cm...->dc...", point.view(3, 2, multiplier), each)
    plain = convolution(n, 2, 3, 3, **{"padding": "same", **options}).double()
    x = noise(2, 2, *SIDES[n]).requires_grad_()
    inside = plain.convolution if isinstance(plain, Same) else plain
    name = "convolution." if isinstance(plain, Same) else ""
    expected = torch.func.functional_call(plain, {f"{name}weight": whole, f"{name}bias": bias}, (x,))
    assert inside.weight.shape == whole.shape
    assert_equal_with_gradients(layer(x), expected, x, depth, point, bias)


def test_a_separable_convolution_learns_fewer_weights():
    counted = sum(weights.numel() for weights in SeparableConv(64, 128, 3, bias=False).parameters())
    assert counted == 64 * (9 + 128)
    assert sum(weights.numel() for weights in SeparableConv(4, 8, 5, dimensions=1).parameters()) == 4 * (5 + 8) + 8


@pytest.mark.parametrize("n", [1, 2, 3])
def test_a_transposed_convolution_is_the_gradient_of_a_convolution(n):
    make = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[n - 1]
    back = make(3, 2, 3, stride=2, padding=1, output_padding=1, bias=False).double()
    y = noise(2, 3, *SIDES[n])
    found = back(y)
    x = torch.zeros_like(found, requires_grad=True)
    forward = convolution(n, 2, 3, 3, stride=2, padding=1, bias=False).double()
    forward.weight.data = back.weight.data
    (expected,) = torch.autograd.grad(forward(x), x, y)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_cropping_undoes_padding(n):
    edges = ((1, 2), (0, 1), (2, 0))[:n]
    x = noise(2, 3, *SIDES[n])
    around = F.pad(x, [pixels for pair in reversed(edges) for pixels in pair])
    assert torch.equal(Crop(*edges)(around), x)
    assert prod(around.shape) > prod(x.shape)


def test_cropping_and_padding_refuse_what_cannot_be():
    with pytest.raises(ConfigError, match=r"Crop: 3 - 2 - 1 = 0\. Crop fewer pixels\."):
        Crop((2, 1))(torch.zeros(1, 1, 3))
    with pytest.raises(ConfigError, match=r"0 or more at each edge, not \(\(-1, 0\),\)\. To add some, pad\."):
        Crop((-1, 0))
    with pytest.raises(ConfigError, match=r"Same pads by itself, and the convolution has padding=\(1, 1\)\. Use 0\."):
        Same(nn.Conv2d(1, 1, 3, padding=1))
    with pytest.raises(ConfigError, match=r"the convolution has padding=same"):
        Same(nn.Conv2d(1, 1, 3, padding="same"))
    with pytest.raises(ConfigError, match=r"kernel=\[3, 3\] is of length 2, and the samples have 1 side\. Give one"):
        convolution(1, 1, 1, (3, 3))


def test_same_pads_by_what_comes_not_by_what_came():
    layer = convolution(2, 1, 1, 3, padding="same", stride=2)
    shapes = [tuple(layer(torch.zeros(1, 1, *sides)).shape[2:]) for sides in ((7, 8), (8, 7), (1, 2))]
    assert shapes == [(4, 4), (4, 4), (1, 1)]


def test_the_edges_show_where_a_model_is_printed():
    assert repr(Crop((1, 2), (0, 0))) == "Crop((1, 2), (0, 0))"
