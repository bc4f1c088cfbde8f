import dataclasses

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import nn

from glia.errors import ConfigError
from glia.nn.building_blocks import read_block
from glia.nn.convolution import SeparableConv
from glia.nn.convolution_blocks import BLOCKS, Conv, Pad

SIDE = some.integers(1, 9)
PADDING = some.one_of(some.just("same"), some.integers(0, 3))
ENTRIES = some.one_of(
    *(
        some.fixed_dictionaries(
            {name: some.just(4)},
            optional={
                "kernel": some.integers(1, 4),
                "stride": some.integers(1, 3),
                "padding": PADDING,
                "dilation": some.integers(1, 2),
            },
        )
        for name in ("conv", "separable-conv", "conv-transposed")
    ),
    *(
        some.fixed_dictionaries(
            {name: some.integers(1, 4)}, optional={"stride": some.integers(1, 3), "padding": PADDING}
        )
        for name in ("max-pool", "average-pool")
    ),
    some.fixed_dictionaries({"pad": some.integers(0, 3)}),
    some.fixed_dictionaries({"crop": some.integers(0, 3)}),
    some.fixed_dictionaries(
        {"upsample": some.integers(1, 3)}, optional={"mode": some.sampled_from(["nearest", "linear"])}
    ),
    some.sampled_from(["global-average-pool", "batch-norm"]),
)


def built(entry, shape):
    return read_block(entry, BLOCKS).build(shape)


@settings(max_examples=150)
@given(entry=ENTRIES, sides=some.lists(SIDE, min_size=1, max_size=3))
def test_what_is_reckoned_is_what_comes_out(entry, sides):
    shape = (2, *sides)
    try:
        found = built(entry, shape)
    except ConfigError:
        return
    out = found.layer.eval()(torch.zeros(2, *shape))
    assert tuple(out.shape[1:]) == found.shape
    assert out.numel() > 0


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("returns", ["last", "all"])
@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"padding": 0, "kernel": 2, "peepholes": True}], ids=str)
def test_a_convolutional_lstm_reads_steps(n, returns, options):
    shape = (3, 2, *(4, 5, 3)[:n])
    found = built({"conv-lstm": 3, "returns": returns, **options}, shape)
    assert tuple(found.layer(torch.zeros(2, *shape)).shape[1:]) == found.shape
    assert len(found.shape) == len(shape) - (returns == "last")
    assert found.initialised  # its forget gates begin open


def test_dimensions_follow_what_comes_in():
    for n, make in enumerate((nn.Conv1d, nn.Conv2d, nn.Conv3d), start=1):
        assert type(built({"conv": 3}, (2, *(6,) * n)).layer) is make
        assert type(built({"separable-conv": 3}, (2, *(6,) * n)).layer.depthwise) is make
    pools = [type(built("max-pool", (2, *(6,) * n)).layer) for n in (1, 2, 3)]
    assert pools == [nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d]


def test_what_just_fits_is_built():
    assert built({"conv": 8, "kernel": 5, "padding": 1}, (3, 3, 9)).shape == (8, 1, 7)
    assert built({"conv-transposed": 8, "kernel": 2, "padding": 4}, IMAGE).shape == (8, 1, 1)
    assert built({"crop": [3, [3, 4]]}, IMAGE).shape == (3, 2, 1)


def test_options_reach_the_layer():
    conv = built({"conv": 8, "kernel": [3, 5], "padding": [1, 0], "groups": 2, "bias": False}, (4, 6, 6)).layer
    assert (conv.kernel_size, conv.padding, conv.groups, conv.bias) == ((3, 5), (1, 0), 2, None)
    separable = built({"separable_conv": 8, "multiplier": 3, "bias": False}, (4, 6)).layer
    assert isinstance(separable, SeparableConv)
    assert (separable.depthwise.out_channels, separable.pointwise.bias) == (12, None)
    norm = built({"batch-norm": 0.2, "epsilon": 1e-3}, (4, 6)).layer
    assert (type(norm), norm.momentum, norm.eps) == (nn.BatchNorm1d, 0.2, 1e-3)
    assert built({"conv-lstm": 2, "peepholes": True}, (3, 1, 4, 4)).layer[0].cell.peepholes.shape == (3, 2, 4, 4)


def test_averages_leave_out_what_is_not_there():
    ones = torch.ones(1, 1, 4, 4)
    for padding in ("same", 1):
        layer = built({"average-pool": 3, "stride": 1, "padding": padding}, (1, 4, 4)).layer
        torch.testing.assert_close(layer(ones), ones)


def test_a_pad_may_differ_at_each_edge():
    found = built({"pad": [1, [0, 2]]}, (1, 2, 2))
    expected = torch.zeros(1, 1, 4, 4)
    expected[..., 1:3, 0:2] = 1
    assert torch.equal(found.layer(torch.ones(1, 1, 2, 2)), expected)
    assert read_block({"pad": [1, [0, 2]]}, BLOCKS) == Pad(pixels=(1, (0, 2)))


def test_the_same_block_gives_layers_of_their_own():
    block = read_block({"conv": 3}, BLOCKS)
    assert block == Conv(channels=3)
    assert block.build((1, 5, 5)).layer is not block.build((1, 5, 5)).layer


def test_every_block_is_a_frozen_dataclass():
    for block in BLOCKS.values():
        assert dataclasses.is_dataclass(block)
        assert block.__dataclass_params__.frozen
        assert block.__doc__


IMAGE = (3, 8, 8)
REFUSED = [
    ({"conv": 8, "kernel": 5, "padding": 0}, (3, 3, 9), r"conv 5x5 on 3x9: (3 - 5 + 2*0)/1 + 1 = -1. Use padding=1 or"),
    (
        {"conv": 8, "kernel": 3, "dilation": 4, "padding": 0},
        IMAGE,
        "conv 3x3 on 8x8: (8 - (4*(3 - 1) + 1) + 2*0)/1 + 1 = 0. Use padding=1 or a kernel of at most 2.",
    ),
    ({"separable-conv": 8, "padding": 0}, (3, 2), "separable-conv 3 on 2: (2 - 3 + 2*0)/1 + 1 = 0. Use padding=1"),
    ({"conv-lstm": 8, "padding": 0}, (4, 3, 2, 2), "conv-lstm 3x3 on 2x2: (2 - 3 + 2*0)/1 + 1 = 0."),
    (
        {"max-pool": 3},
        (3, 2, 8),
        "max-pool 3x3 on 2x8: (2 - 3 + 2*0)/3 + 1 = 0.666667. Use padding=1 or a kernel of at",
    ),
    ({"average-pool": 9}, IMAGE, "average-pool 9x9 on 8x8: (8 - 9 + 2*0)/9 + 1 = 0.888889."),
    (
        {"conv-transposed": 8, "kernel": 2, "padding": 5, "stride": 1},
        IMAGE,
        "conv-transposed 2x2 on 8x8: (8 - 1)*1 - 2*5 + 1*(2 - 1) + 0 + 1 = -1. Use less padding.",
    ),
    (
        {"average-pool": 4, "padding": 2},
        (3, 5, 5, 3),
        "average-pool 4x4x4 on 5x5x3: in three dimensions windows larger than a side need padding=same. Use that, or",
    ),
    ({"crop": [4, 1]}, IMAGE, "Crop: 8 - 4 - 4 = 0. Crop fewer pixels."),
    (
        {"conv": 8},
        (13,),
        "conv reads samples of shape (channels, length), (channels, height, width) or (channels, depth",
    ),
    ({"conv-lstm": 8}, (13, 4), "conv-lstm reads samples of shape (steps, channels, *sides) with one to three sides"),
    ("global-average-pool", (13,), "what comes in has shape (13,)"),
    ({"conv": 8, "groups": 2}, IMAGE, "conv: 3 channels read cannot be divided into groups=2: 3/2 = 1.5."),
    ({"conv": 8, "groups": 3}, IMAGE, "conv: 8 channels put out cannot be divided into groups=3"),
    ({"conv": 8, "kernel": [3]}, IMAGE, "kernel=[3] is of length 1, and the samples have 2 sides. Give one number, or"),
    ({"conv": 8, "dilation": [1, 1]}, (3, 8), "dilation=[1, 1] is of length 2, and the samples have 1 side."),
    (
        {"max-pool": 2, "padding": 2},
        IMAGE,
        "max-pool 2x2 with padding=2: windows would lie wholly outside. Use at most 1",
    ),
    (
        {"conv-transposed": 8, "output-padding": 1},
        IMAGE,
        "padding=same says how large the output is, and so does output_padding=1. Leave one of them out.",
    ),
    (
        {"conv-transposed": 8, "padding": 0, "stride": 2, "output-padding": 2},
        IMAGE,
        "output_padding=2 must be smaller than stride=2 or dilation=1",
    ),
    (
        {"pad": [1]},
        IMAGE,
        "[1] is of length 1, and the samples have 2 sides. Give one number, or for each side a number or a pair",
    ),
    ({"upsample": 2, "mode": "cubic"}, (3, 8), "mode=cubic needs pictures, and the samples have the shape (3, 8)."),
    ({"conv": 0}, IMAGE, "layer.conv.channels should be greater than 0, not 0."),
    ({"conv": 8, "stride": 0}, IMAGE, "layer.conv.stride should be greater than 0 or be a list, not 0."),
    ({"conv": 8, "padding": -1}, IMAGE, "layer.conv.padding should be greater than or equal to 0 or be a list or be"),
    ({"batch-norm": 0}, IMAGE, "layer.batch-norm.momentum should be greater than 0, not 0."),
    ({"batch-norm": 1.5}, IMAGE, "layer.batch-norm.momentum should be less than or equal to 1, not 1.5."),
    ({"upsample": 2, "mode": "bilinear"}, IMAGE, "layer.upsample.mode should be 'nearest', 'linear' or 'cubic', not"),
    ("conv", IMAGE, "'layer.conv.channels' is missing and has no default."),
    ({"conv": 8, "kernal": 3}, IMAGE, "Unknown setting 'layer.conv.kernal'. Did you mean 'kernel'?"),
    ({"conv": 8, "channels": 9}, IMAGE, "layer: 'channels' is given twice, by conv=8 and by its name. Keep one."),
    ({"global-average-pool": True}, IMAGE, "'global-average-pool' has no options. Write it by its name alone"),
    ("max_poll", IMAGE, "layer: unknown layer 'max_poll'. Did you mean 'max-pool'?"),
    ({}, IMAGE, "layer is empty. Write a layer, such as {conv = 32, kernel = 3}."),
]


@pytest.mark.parametrize(("entry", "shape", "message"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_cannot_be_built_is_refused(entry, shape, message):
    with pytest.raises(ConfigError) as caught:
        built(entry, shape)
    assert message in str(caught.value)
