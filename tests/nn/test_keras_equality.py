"""Every layer of the convolution family equals Keras' with the same weights; how the file was made: references/."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from glia.nn.building_blocks import read_block
from glia.nn.conv_lstm import ConvLSTMCell
from glia.nn.convolution import Same, SeparableConv
from glia.nn.convolution_blocks import BLOCKS

FILE = Path(__file__).parent / "references" / "keras.safetensors"

with safe_open(FILE, "pt") as opened:
    CASES = json.loads(opened.metadata()["cases"])
TENSORS = load_file(FILE)


def channels_first(tensor, batch_axes):
    return tensor.movedim(-1, batch_axes)


def filters(kernel):
    """Keras' (*sides, read, put out) as torch's (put out, read, *sides); of transposed convolutions both exchanged."""
    return kernel.movedim((-1, -2), (0, 1)).contiguous()


@torch.no_grad()
def copy_weights(layer, weights):
    if isinstance(layer, nn.Sequential):
        copy_weights(layer[0], weights)
    elif isinstance(layer, SeparableConv):
        depthwise, pointwise, bias = weights
        of_each = layer.depthwise.convolution if isinstance(layer.depthwise, Same) else layer.depthwise
        of_each.weight.copy_(filters(depthwise.flatten(-2)[..., None, :]))  # (*sides, 1, C M)
        copy_weights(layer.pointwise, [pointwise, bias])
    elif isinstance(layer, Same):
        copy_weights(layer.convolution, weights)
    elif hasattr(layer, "cell"):
        copy_weights(layer.cell, weights)
    elif isinstance(layer, ConvLSTMCell):
        kernel, recurrent, bias = weights
        copy_weights(layer.inputs, [kernel, bias])
        next(layer.recurrent.parameters()).copy_(filters(recurrent))
    elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
        for name, weight in zip(("weight", "bias", "running_mean", "running_var"), weights, strict=True):
            getattr(layer, name).copy_(weight)
    elif weights:
        layer.weight.copy_(filters(weights[0]))
        layer.bias.copy_(weights[1])


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: CASES[number]["keras"])
def test_outputs_are_those_of_keras(number):
    kept = {name.partition("/")[2]: TENSORS[name] for name in TENSORS if name.startswith(f"{number}/")}
    axis = 2 if "ConvLSTM" in CASES[number]["keras"] else 1
    x = channels_first(kept["x"], axis)
    built = read_block(CASES[number]["entry"], BLOCKS).build(tuple(x.shape[1:]))
    copy_weights(built.layer, [kept[f"weight{at}"] for at in range(len(kept) - 2)])
    found = built.layer.eval()(x)
    expected = kept["y"]
    if expected.ndim > 2:
        expected = channels_first(expected, axis if expected.ndim == x.ndim else axis - 1)
    assert found.shape[1:] == built.shape
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
