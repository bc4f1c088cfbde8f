"""Networks built layer by layer: a list in a recipe, or in Python.

    [model]
    name = "layers"
    layers = [{ conv = 32, kernel = 3 }, "relu", { max_pool = 2 }, { dense = 100 }, "relu", { dropout = 0.5 }]

A layer is written as its name, or as a table whose first key is the name; its other options stand beside it. There are
the layers of `glia.nn`, the activations, and every layer of torch.nn under its name there. What each makes of the
shape that comes in is reckoned, and a layer that does not fit is refused with the sum.

Letters    B samples, K outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from glia.errors import ConfigError, did_you_mean
from glia.models.options import Initialisation
from glia.nn import convolution_blocks, dense_blocks
from glia.nn.activations import ACTIVATIONS, activation_name
from glia.nn.building_blocks import Block, Built, read_block
from glia.nn.dense_blocks import Activated, Dense, FromTorch, read_activation, read_torch
from glia.nn.initialisation import initialisation, initialise
from glia.nn.shapes import Shape

BLOCKS: dict[str, type[Any]] = {**dense_blocks.BLOCKS, **convolution_blocks.BLOCKS}
FINAL = ("softmax", "log-softmax", "sigmoid", "tanh", "linear", "identity")
"""What may stand after the last layer: anything else is taken for a hidden layer's."""

Entry = str | dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class LayersConfig:
    """What a network is built from, layer by layer."""

    layers: tuple[Entry, ...] = (
        {"dense": 128},
        "relu",
    )  # in order; a dense layer with an output each is added at the end
    initialisation: Initialisation = "auto"  # of the weights; auto: what belongs to the activation that follows

    def __post_init__(self) -> None:
        for number, entry in enumerate(self.layers):
            read(entry, number)
        initialisation(self.initialisation)


SIZES: dict[str, dict[str, Any]] = {
    "guide-six-layers": {  # the guide's network for CIFAR-10
        "layers": [
            {"conv": 32, "kernel": 3},
            "relu",
            {"conv": 32, "kernel": 3, "padding": 0},
            "relu",
            {"max_pool": 2},
            {"dropout": 0.25},
            {"conv": 64, "kernel": 3},
            "relu",
            {"conv": 64, "kernel": 3, "padding": 0},
            "relu",
            {"max_pool": 2},
            {"dropout": 0.25},
            {"dense": 512},
            "relu",
            {"dropout": 0.5},
        ]
    },
    "guide-small-kernels": {  # the guide's network of 2x2 filters for colour pictures of 32x32 pixels
        "layers": [
            {"conv": 50, "kernel": 2, "padding": 0},
            "relu",
            {"max_pool": 2},
            {"conv": 100, "kernel": 2, "padding": 0},
            "relu",
            {"max_pool": 2},
        ]
    },
}


class Layers(nn.Module):
    """The layers in order, and at the end one dense layer with an output each, unless the list brings its own.

    Attributes:
        shapes: of one sample: as it comes in, and as it leaves each layer.
    """

    def __init__(self, config: LayersConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.config = config
        self.layers, self.shapes = assemble(config.layers, inputs, outputs, config.initialisation)

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """Raw outputs; a task makes probabilities or units of them."""
        outputs: Tensor = self.layers(x)  # B K
        return outputs


class Sequential(nn.Module):
    """A network built layer by layer in Python; the shape of the samples and the outputs are found from the data.

    Args:
        layers: names and tables as in a recipe, and modules.

    Example:
        >>> import glia
        >>> run = glia.train("iris", model=glia.Sequential({"dense": 8}, "tanh", nn.Dropout(0.1)), epochs=1)
        >>> run.model.layers
        Sequential(
          (0): Linear(in_features=4, out_features=8, bias=True)
          (1): Tanh()
          (2): Dropout(p=0.1, inplace=False)
          (3): Linear(in_features=8, out_features=3, bias=True)
        )
    """

    def __init__(self, *layers: "Entry | nn.Module | Block") -> None:
        super().__init__()
        self.given = layers
        self.layers: nn.Sequential | None = None

    @property
    def entries(self) -> "list[Entry] | None":
        """The list as a recipe holds it; None if there are modules in it."""
        plain = [each for each in self.given if isinstance(each, str | dict)]
        return plain if len(plain) == len(self.given) else None

    def build(self, inputs: tuple[int, ...], outputs: int) -> "Sequential":
        """Make the layers for samples of the shape `inputs`.

        Raises:
            ConfigError: a layer that does not fit.
        """
        self.layers, self.shapes = assemble(self.given, inputs, outputs)
        return self

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """Raw outputs."""
        if self.layers is None:
            raise ConfigError("This network does not know its inputs yet: train it, or call build(inputs, outputs).")
        outputs: Tensor = self.layers(x)
        return outputs


def assemble(
    entries: Sequence[Any], inputs: Shape, outputs: int, draw: str | Mapping[str, Any] = "auto"
) -> tuple[nn.Sequential, tuple[Shape, ...]]:
    """The layers of a list, with first weights, and the shapes before and after each.

    Raises:
        ConfigError: a layer that does not fit what comes in: which, both shapes and the sum.
    """
    blocks = [read(entry, number) for number, entry in enumerate(entries)]
    built: list[Built] = []
    shape = tuple(inputs)
    for number, (entry, block) in enumerate(zip(entries, blocks, strict=True)):
        built.append(_built(block, shape, f"layer {number + 1}, {entry}"))
        shape = built[-1].shape
    if not _is_complete(blocks, shape, outputs):
        blocks.append(Dense(outputs))
        built.append(Dense(outputs).build(shape))
    for number, each in enumerate(built):
        if not isinstance(blocks[number], nn.Module) and not (draw == "auto" and each.initialised):
            initialise(each.layer, draw, _activation_after(blocks, number))
    return nn.Sequential(*(each.layer for each in built)), (tuple(inputs), *(each.shape for each in built))


def read(entry: Any, number: int) -> Any:
    """The block that an entry asks for; a module is left as it is.

    Raises:
        ConfigError: an unknown layer or option.
    """
    if not isinstance(entry, str | Mapping):
        return entry
    exactly = read_torch(entry)  # "Linear" with options is torch's, "ReLU" alone is the activation
    found = exactly if isinstance(entry, Mapping) and exactly else read_activation(entry) or exactly
    if found is not None:
        return found
    written = entry if isinstance(entry, str) else next(iter(entry), "")
    name = str(written).lower().replace("_", "-")
    if written and name not in BLOCKS:
        hint = did_you_mean(name, [*BLOCKS, *ACTIVATIONS])
        raise ConfigError(f"model.layers: layer {number + 1}: there is no layer '{written}'.{hint}")
    return read_block(entry, BLOCKS, f"model.layers.{number + 1}")


def _built(block: Any, shape: Shape, where: str) -> Built:
    try:
        if isinstance(block, nn.Module):
            return _module_built(block, shape)
        built: Built = block.build(shape)
    except ConfigError as error:
        raise ConfigError(f"{where}, on samples of shape {shape}: {error}") from None
    if not prod(built.shape):
        raise ConfigError(f"{where}, on samples of shape {shape}: nothing is left of them.")
    return built


def _module_built(module: nn.Module, shape: Shape) -> Built:
    try:
        with torch.no_grad():
            out = module.eval()(torch.zeros(2, *shape))
    except (TypeError, ValueError, RuntimeError, IndexError) as error:
        raise ConfigError(str(error).splitlines()[0]) from None
    return Built(module.train(), tuple(out.shape[1:]))


def _is_complete(blocks: list[Any], shape: Shape, outputs: int) -> bool:
    """Whether the list itself ends with the outputs: with as many numbers, and no hidden layer's activation."""
    if shape != (outputs,) or not blocks:
        return False
    last = blocks[-1]
    if isinstance(last, Activated):
        return activation_name(last.given) in FINAL and len(blocks) > 1
    if isinstance(last, FromTorch):
        return last.first is not None
    return isinstance(last, Dense | nn.Module) or hasattr(last, "channels") or type(last).__name__.startswith("Global")


def _activation_after(blocks: list[Any], number: int) -> Any:
    """The activation that follows a layer, before the next one that has weights of its own."""
    for block in blocks[number + 1 :]:
        if isinstance(block, Activated):
            return block.given
        if isinstance(block, Dense) or hasattr(block, "channels"):
            break
    return "linear"
