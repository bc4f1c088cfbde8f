"""Networks layer by layer: what an entry of a list of layers says, and what it becomes when what comes in is known.

A block is a frozen dataclass of options with a method `build`. It is written as its name, as a table whose first key is
the name, the value going to the block's first option, or in Python as the block itself:

    layers = [{ conv = 32, kernel = 3 }, "relu", { max_pool = 2 }, "global-average-pool"]

A table name → class is a plain dict beside the layers it names, such as `glia.nn.convolution_blocks.BLOCKS`.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from torch import nn

from glia.config import from_dict
from glia.errors import ConfigError, did_you_mean
from glia.nn.shapes import Shape


@dataclass(frozen=True)
class Built:
    """A layer, and the shape of one sample that comes out of it.

    Attributes:
        layer: with first weights.
        shape: without the batch.
        initialised: whether those weights are part of what the layer is, so that "auto" leaves them as they are.
    """

    layer: nn.Module
    shape: Shape
    initialised: bool = False


@runtime_checkable
class Block(Protocol):
    """A layer that does not know yet what comes in."""

    def build(self, shape: Shape) -> Built:
        """The layer for samples of `shape`, which is that of one sample, without the batch.

        Nothing is run: what comes out is reckoned. Weights are drawn from torch's default generator.

        Raises:
            ConfigError: such samples cannot be read, or nothing would be left of them; with the sum that says so.
        """
        ...


def read_block(given: "str | Mapping[str, Any]", blocks: Mapping[str, type[Any]], where: str = "layer") -> Any:
    """The block that an entry of a list of layers asks for.

    Args:
        given: a name, or a table whose first key is one.
        blocks: name → class. In names `_` is read as `-`.
        where: the place named in errors, such as `model.layers.3`.

    Raises:
        ConfigError: an unknown name or option, a value out of range, an option missing.

    Example:
        >>> from glia.nn.convolution_blocks import BLOCKS
        >>> read_block({"conv": 32, "kernel": 5}, BLOCKS)
        Conv(channels=32, kernel=5, stride=1, padding='same', dilation=1, groups=1, bias=True)
        >>> read_block("max-pool", BLOCKS)
        MaxPool(kernel=2, stride=None, padding=0)
    """
    if not given:
        raise ConfigError(f"{where} is empty. Write a layer, such as {{conv = 32, kernel = 3}}.")
    options = {} if isinstance(given, str) else dict(given)
    written = given if isinstance(given, str) else next(iter(options))
    name = written.lower().replace("_", "-")
    if name not in blocks:
        raise ConfigError(f"{where}: unknown layer '{written}'.{did_you_mean(name, blocks)}")
    if options:
        value = options.pop(written)
        names = [field.name for field in dataclasses.fields(blocks[name])]
        if not names:
            raise ConfigError(f"{where}: '{name}' has no options. Write it by its name alone: \"{name}\".")
        if names[0] in options:
            raise ConfigError(f"{where}: '{names[0]}' is given twice, by {written}={value} and by its name. Keep one.")
        options = {names[0]: value, **options}
    return from_dict(blocks[name], options, f"{where}.{name}")


def sides_of(shape: Shape, layer: str) -> tuple[int, ...]:
    """The sides of a sample that has channels and one to three sides.

    Raises:
        ConfigError: it has not.
    """
    if not 2 <= len(shape) <= 4:
        raise ConfigError(
            f"{layer} reads samples of shape (channels, length), (channels, height, width) or (channels, depth, "
            f"height, width), and what comes in has shape {shape}."
        )
    return shape[1:]
