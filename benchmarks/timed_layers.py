"""One layer timed by itself: `python timed_layers.py glia|torch|keras CASE` prints the milliseconds of a step.

A step is forward, and backward to the input and to all weights; what is printed is the median of many, of processor
time on one thread, so that other work on the machine counts for nobody. Each side is
imported where it is used: this file runs in environments that have one of them only. Keras gets its samples channels
first, which spares it the transposing that its own default costs on torch.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

SECONDS = 1.5
FEWEST = 8
# name → (our entry in a list of layers, Keras' class and options or torch's layers, shape of a batch)
Case = tuple[Any, Any, tuple[int, ...]]
SAME = {"padding": "same"}
CASES: dict[str, Case] = {
    "ConvLSTM, 1 side": ({"conv-lstm": 32}, ("ConvLSTM1D", 32, 3, SAME), (16, 10, 8, 64)),
    "ConvLSTM, 2 sides": ({"conv-lstm": 32}, ("ConvLSTM2D", 32, 3, SAME), (16, 5, 1, 32, 32)),
    "ConvLSTM, 2 sides, of 64 channels": ({"conv-lstm": 64}, ("ConvLSTM2D", 64, 3, SAME), (4, 10, 16, 32, 32)),
    "ConvLSTM, 3 sides": ({"conv-lstm": 8}, ("ConvLSTM3D", 8, 3, SAME), (4, 4, 2, 12, 12, 12)),
    "separable convolution, 1 side": ({"separable-conv": 64}, ("SeparableConv1D", 64, 3, SAME), (32, 64, 256)),
    "separable convolution, 2 sides": ({"separable-conv": 64}, ("SeparableConv2D", 64, 3, SAME), (32, 64, 28, 28)),
    "separable convolution, stride 2": (
        {"separable-conv": 64, "stride": 2},
        ("SeparableConv2D", 64, 3, {**SAME, "strides": 2}),
        (32, 64, 28, 28),
    ),
    "separable convolution, 3 sides": (
        {"separable-conv": 16},
        [("Conv3d", (16, 16, 3), {"padding": 1, "groups": 16, "bias": False}), ("Conv3d", (16, 16, 1), {})],
        (8, 16, 12, 12, 12),
    ),
    "convolution, same, stride 2": (
        {"conv": 64, "stride": 2},
        ("Conv2D", 64, 3, {**SAME, "strides": 2}),
        (32, 32, 28, 28),
    ),
    "transposed, same, stride 2": (
        {"conv-transposed": 32, "stride": 2},
        ("Conv2DTranspose", 32, 3, {**SAME, "strides": 2}),
        (32, 32, 14, 14),
    ),
    "max pooling, same": (
        {"max-pool": 3, "stride": 2, **SAME},
        ("MaxPooling2D", {"pool_size": 3, "strides": 2, **SAME}),
        (32, 64, 28, 28),
    ),
    "average pooling, same": (
        {"average-pool": 3, "stride": 2, **SAME},
        ("AveragePooling2D", {"pool_size": 3, "strides": 2, **SAME}),
        (32, 64, 28, 28),
    ),
    "cropping": ({"crop": 2}, ("Cropping2D", {"cropping": 2}), (32, 64, 28, 28)),
}


def peer(case: str) -> str:
    """The side that stands against Glia's."""
    return "torch" if isinstance(CASES[case][1], list) else "keras"


def layer(side: str, case: str) -> tuple[Callable[[Tensor], Tensor], list[Tensor]]:
    """What is called, and its weights."""
    ours, theirs, (_, *shape) = CASES[case]
    if side == "glia":
        from glia.nn.building_blocks import read_block
        from glia.nn.convolution_blocks import BLOCKS

        made = read_block(ours, BLOCKS).build(tuple(shape)).layer
        return made, list(made.parameters())
    if side == "torch":
        plain = nn.Sequential(*(getattr(nn, name)(*sizes, **options) for name, sizes, options in theirs))
        return plain, list(plain.parameters())
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    name, *sizes, options = theirs
    built = getattr(keras.layers, name)(*sizes, **options, data_format="channels_first")
    built.build((None, *shape))
    return built, [weight.value for weight in built.trainable_weights]


def milliseconds(side: str, case: str) -> float:
    """The median time of a step."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    call, weights = layer(side, case)
    x = torch.randn(CASES[case][2], requires_grad=True)
    towards = torch.randn_like(call(x))
    times: list[float] = []
    end = time.process_time() + SECONDS
    for number in range(1_000_000):
        begun = time.process_time()
        torch.autograd.grad(call(x), [x, *weights], towards)
        if number >= FEWEST // 2:  # those before warm up
            times.append(time.process_time() - begun)
        if len(times) >= FEWEST and time.process_time() > end:
            break
    return 1000 * statistics.median(times)


if __name__ == "__main__":
    print(json.dumps(milliseconds(sys.argv[1], sys.argv[2])))
