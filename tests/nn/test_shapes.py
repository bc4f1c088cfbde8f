import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch.nn import functional as F

from glia.errors import ConfigError
from glia.nn.shapes import output_shape, output_size, pooled_shape, same_padding, span, transposed_size


@given(size=some.integers(1, 40), kernel=some.integers(1, 9), padding=some.integers(0, 4), stride=some.integers(1, 4))
def test_sizes_are_those_of_torch(size, kernel, padding, stride):
    expected = output_size(size, kernel, padding, stride)
    if size + 2 * padding < kernel:
        assert expected < 1
    else:
        made = F.conv1d(torch.zeros(1, 1, size), torch.zeros(1, 1, kernel), padding=padding, stride=stride)
        assert made.shape[-1] == expected


@given(
    size=some.integers(1, 20),
    kernel=some.integers(1, 5),
    stride=some.integers(1, 4),
    dilation=some.integers(1, 3),
    data=some.data(),
)
def test_sizes_of_transposed_convolutions_are_those_of_torch(size, kernel, stride, dilation, data):
    padding = data.draw(some.integers(0, 3))
    more = data.draw(some.integers(0, max(stride, dilation) - 1))
    expected = transposed_size(size, kernel, padding, stride, dilation, more)
    if expected >= 1:
        x, weight = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
        options = {"padding": padding, "stride": stride, "dilation": dilation, "output_padding": more}
        assert F.conv_transpose1d(x, weight, **options).shape[-1] == expected


@given(size=some.integers(1, 40), kernel=some.integers(1, 7), stride=some.integers(1, 4), dilation=some.integers(1, 3))
def test_same_padding_is_the_least_that_rounds_up(size, kernel, stride, dilation):
    before, after = same_padding(size, kernel, stride, dilation)
    wide = size + before + after
    assert output_size(wide, kernel, 0, stride, dilation) == -(-size // stride)
    assert 0 <= after - before <= 1
    if after:
        assert output_size(wide - 1, kernel, 0, stride, dilation) < -(-size // stride)
    x = torch.zeros(1, 1, wide)
    if wide >= span(kernel, dilation):
        made = F.conv1d(x, torch.zeros(1, 1, kernel), stride=stride, dilation=dilation)
        assert made.shape[-1] == output_size(wide, kernel, 0, stride, dilation)


def test_shapes_follow_both_sides():
    assert output_shape((1, 28, 20), channels=64, kernel=3) == (64, 26, 18)
    assert output_shape((3, 9, 9), channels=8, kernel=3, padding=1, stride=2) == (8, 5, 5)
    assert pooled_shape((64, 15, 8), 2) == (64, 7, 4)


def test_a_convolution_that_does_not_fit_is_refused_with_the_sum():
    message = r"Conv 5x5 on 3x3: \(3 - 5 \+ 2\*0\)/1 \+ 1 = -1\. Use padding=1 or a kernel of at most 3\."
    with pytest.raises(ConfigError, match=message):
        output_shape((1, 3, 3), channels=1, kernel=5)
    with pytest.raises(
        ConfigError, match=r"Conv 9x9 on 12x4: \(4 - 9 \+ 2\*2\)/1 \+ 1 = 0\. Use padding=3 or a kernel of at"
    ):
        output_shape((1, 12, 4), channels=1, kernel=9, padding=2)


def test_what_the_message_advises_fits():
    assert output_shape((1, 3, 3), channels=1, kernel=5, padding=1) == (1, 1, 1)
    assert output_shape((1, 12, 4), channels=1, kernel=9, padding=3)[2] >= 1
    assert output_shape((1, 12, 4), channels=1, kernel=8, padding=2)[2] >= 1


def test_a_pooling_that_does_not_fit_is_refused_with_the_sum():
    with pytest.raises(
        ConfigError, match=r"Max-pool 2x2 on 1x1: \(1 - 2 \+ 2\*0\)/2 \+ 1 = 0\.5\. Use fewer layers, pool=0"
    ):
        pooled_shape((8, 1, 1), 2)
