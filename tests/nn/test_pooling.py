import pytest
import torch
import torch.nn.functional as F

from glia.nn.pooling import SameAveragePool, SameMaxPool
from glia.nn.shapes import same_padding

SIDES = {1: (9,), 2: (7, 8), 3: (5, 6, 4)}
WINDOWS = [(2, None), (3, 2), (2, 1), (4, 1), (2, 3), (5, 2), (1, 3), (7, 4)]


def windows(x, kernel, stride, fill):
    """(B, C, *O, K…): every window of x, with `fill` beyond the edges."""
    edges = [same_padding(side, kernel, stride) for side in x.shape[2:]]
    x = F.pad(x, [pixels for pair in reversed(edges) for pixels in pair], value=fill)
    for axis in range(2, 2 + len(edges)):
        x = x.unfold(axis, kernel, stride)
    return x.flatten(2 + len(edges))


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(("kernel", "stride"), WINDOWS)
def test_the_largest_and_the_mean_of_what_is_there(n, kernel, stride):
    x = torch.randn(2, 3, *SIDES[n], dtype=torch.float64).requires_grad_()
    step = stride or kernel
    largest = windows(x, kernel, step, -torch.inf).amax(-1)
    mean = windows(x, kernel, step, 0.0).sum(-1) / windows(torch.ones_like(x), kernel, step, 0.0).sum(-1)
    for layer, expected in ((SameMaxPool, largest), (SameAveragePool, mean)):
        found = layer(kernel, stride)(x)
        assert found.shape[2:] == tuple(-(-side // step) for side in SIDES[n])
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-10)
        weights = torch.randn_like(found)
        gradients = [torch.autograd.grad((each * weights).sum(), x)[0] for each in (found, expected)]
        torch.testing.assert_close(*gradients, rtol=0, atol=1e-8)


def test_sides_may_have_windows_of_their_own():
    x = torch.randn(1, 1, 5, 6)
    assert SameMaxPool((2, 3), (1, 2))(x).shape == (1, 1, 5, 3)
    assert repr(SameAveragePool((2, 3))) == "SameAveragePool(kernel=(2, 3), stride=(2, 3))"
