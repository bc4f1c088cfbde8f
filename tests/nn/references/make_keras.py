"""What Keras makes of the same weights and inputs, kept in `keras.safetensors` for `tests/nn/test_keras_equality.py`.

In an environment with Keras, torch and safetensors:

    pip install keras==3.15.1 torch safetensors
    python tests/nn/references/make_keras.py [FILE]

`tests/nn/test_keras_references.py` makes it anew and compares.

A case is a Keras layer and the entry of a list of layers that shall equal it. The file keeps Keras' tensors as Keras
lays them out, channels last; the cases stand in its metadata.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
from safetensors.numpy import save_file

FILE = Path(__file__).parent / "keras.safetensors"
SIDES = {1: (7,), 2: (5, 4), 3: (4, 3, 5)}
BATCH, CHANNELS, FILTERS, STEPS = 1, 2, 2, 2
Case = tuple[str, dict[str, Any], Any, tuple[int, ...]]  # Keras' class, its options, our entry, sides and channels


def convolutions(n: int) -> list[Case]:
    """With n sides: plain, transposed and separable."""
    shape = (*SIDES[n], CHANNELS)
    kernel = [3, 2, 4][:n]
    cases: list[Case] = []
    for padding, ours in (("same", "same"), ("valid", 0)):
        options = {"kernel_size": kernel, "strides": 2, "padding": padding}
        entry = {"kernel": kernel, "stride": 2, "padding": ours}
        cases.append((f"Conv{n}D", options, {"conv": FILTERS, **entry}, shape))
        if n < 3:
            separable = {**options, "kernel_size": 3, "depth_multiplier": 2}
            cases.append(
                (
                    f"SeparableConv{n}D",
                    separable,
                    {"separable-conv": FILTERS, **entry, "kernel": 3, "multiplier": 2},
                    shape,
                )
            )
    for size, stride in ((4, 1), (3, 2), (4, 2), (2, 3)) if n < 3 else ((2, 1), (3, 2)):
        options = {"kernel_size": size, "strides": stride, "padding": "same"}
        cases.append(
            (f"Conv{n}DTranspose", options, {"conv-transposed": FILTERS, "kernel": size, "stride": stride}, shape)
        )
    cases.append(
        (
            f"Conv{n}DTranspose",
            {"kernel_size": 3, "strides": 2, "padding": "valid"},
            {"conv-transposed": FILTERS, "kernel": 3, "stride": 2, "padding": 0},
            shape,
        )
    )
    dilated = {"kernel_size": 2, "dilation_rate": 2, "padding": "same"}
    cases.append((f"Conv{n}D", dilated, {"conv": FILTERS, "kernel": 2, "dilation": 2}, shape))
    return cases


def recurrent(n: int) -> list[Case]:
    """ConvLSTM with n sides."""
    shape = (STEPS, *(4, 3, 2)[:n], CHANNELS)
    last = {"kernel_size": 3, "padding": "same", "bias_initializer": "random_normal"}
    strided = {**last, "strides": 2, "return_sequences": True}
    even = {**last, "kernel_size": 2, "padding": "valid", "return_sequences": True}
    return [
        (f"ConvLSTM{n}D", last, {"conv-lstm": FILTERS}, shape),
        (f"ConvLSTM{n}D", strided, {"conv-lstm": FILTERS, "stride": 2, "returns": "all"}, shape),
        (f"ConvLSTM{n}D", even, {"conv-lstm": FILTERS, "kernel": 2, "padding": 0, "returns": "all"}, shape),
    ]


def without_weights(n: int) -> list[Case]:
    """Pooling, padding, cropping and up-sampling with n sides."""
    shape = (*SIDES[n], CHANNELS)
    cases: list[Case] = []
    for kind, name in (("Max", "max-pool"), ("Average", "average-pool")):
        for size, stride in ((2, 2), (3, 2), (2, 1), (2, 3))[: 4 if n < 3 else 3]:
            options = {"pool_size": size, "strides": stride, "padding": "same"}
            if kind == "Average" and size == 3 and n > 1:
                continue  # Keras on torch repeats edge pixels where the padding is uneven; on TensorFlow it does not
            cases.append((f"{kind}Pooling{n}D", options, {name: size, "stride": stride, "padding": "same"}, shape))
        cases.append((f"{kind}Pooling{n}D", {"pool_size": 2}, name, shape))
    edges = [[1, 2], [0, 1], [2, 0]][:n]
    theirs = edges[0] if n == 1 else edges
    cases += [
        (f"ZeroPadding{n}D", {"padding": theirs}, {"pad": edges}, shape),
        (f"Cropping{n}D", {"cropping": theirs}, {"crop": edges}, shape),
        (f"GlobalAveragePooling{n}D", {}, "global-average-pool", shape),
        (f"UpSampling{n}D", {"size": 3 if n == 1 else [3, 2, 1][:n]}, {"upsample": [3, 2, 1][:n]}, shape),
        ("BatchNormalization", {"epsilon": 1e-5}, "batch-norm", shape),
    ]
    if n == 2:
        for theirs, ours in (("bilinear", "linear"), ("bicubic", "cubic")):
            options = {"size": [2, 3], "interpolation": theirs}
            cases.append(("UpSampling2D", options, {"upsample": [2, 3], "mode": ours}, shape))
    return cases


def run(case: Case, draw: np.random.Generator) -> dict[str, np.ndarray]:
    """Input, weights and output of a Keras layer with random weights."""
    name, options, _, shape = case
    filters = {"filters": FILTERS} if "Conv" in name else {}
    layer = getattr(keras.layers, name)(**filters, **options)
    x = draw.normal(size=(BATCH, *shape)).astype(np.float32)
    layer.build(x.shape)
    weights = [draw.normal(0.3, 0.5, weight.shape).astype(np.float32) for weight in layer.get_weights()]
    if name == "BatchNormalization":
        weights[3] = np.abs(weights[3]) + 0.1  # a variance
    layer.set_weights(weights)
    y = np.ascontiguousarray(keras.ops.convert_to_numpy(layer(x)))  # safetensors keeps memory as it lies
    return {"x": x, "y": y, **{f"weight{number}": weight for number, weight in enumerate(weights)}}


def main(path: Path) -> None:
    """Write the file."""
    draw = np.random.default_rng(0)
    cases = [case for n in (1, 2, 3) for case in (*convolutions(n), *recurrent(n), *without_weights(n))]
    tensors = {f"{at}/{name}": value for at, case in enumerate(cases) for name, value in run(case, draw).items()}
    about = [
        {"keras": f"{name}({', '.join(f'{key}={value!r}' for key, value in options.items())})", "entry": entry}
        for name, options, entry, _ in cases
    ]
    save_file(tensors, path, {"keras": keras.__version__, "cases": json.dumps(about)})
    print(f"{len(cases)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE)
