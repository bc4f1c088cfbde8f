"""Dense layers and what goes between layers, as entries of a list of layers; and any layer of torch.nn."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import nn

from glia.config import check_options, parameters_of
from glia.errors import ConfigError
from glia.nn.activations import ACTIVATIONS, activation
from glia.nn.building_blocks import Built, sides_of
from glia.nn.dropout import DropConnect
from glia.nn.shapes import Shape

Share = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class Dense:
    """Every unit reads every number of a sample, whatever its shape."""

    units: Annotated[int, Field(gt=0)]
    bias: bool = True  # whether each unit adds a learned constant
    dropped: Share = 0.0  # share of single connections left out while training

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        reads = prod(shape)
        layer: nn.Module = nn.Linear(reads, self.units, bias=self.bias)
        if self.dropped:
            layer = DropConnect(reads, self.units, share=self.dropped, bias=self.bias)
        return Built(layer if len(shape) == 1 else nn.Sequential(nn.Flatten(), layer), (self.units,))


@dataclass(frozen=True)
class Flatten:
    """A sample of any shape as a row of numbers."""

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        return Built(nn.Flatten(), (prod(shape),))


@dataclass(frozen=True)
class Dropout:
    """A share of the numbers left out while training, the others scaled up for it."""

    share: Share = 0.5

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        return Built(nn.Dropout(self.share), shape)


@dataclass(frozen=True)
class SpatialDropout:
    """A share of whole channels left out while training: Tompson et al., 2015. https://arxiv.org/abs/1411.4280."""

    share: Share = 0.5

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        kinds: tuple[type[nn.Module], ...] = (nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
        return Built(kinds[len(sides_of(shape, "spatial-dropout")) - 1](self.share), shape)


@dataclass(frozen=True)
class LayerNorm:
    """Each sample's numbers to mean 0 and deviation 1, then a learned scale and shift."""

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        return Built(nn.LayerNorm(shape), shape)


BLOCKS: dict[str, type[Any]] = {
    "dense": Dense,
    "flatten": Flatten,
    "dropout": Dropout,
    "spatial-dropout": SpatialDropout,
    "layer-norm": LayerNorm,
}
"""Name → block."""


@dataclass(frozen=True)
class Activated:
    """An activation: `"relu"`, `{ leaky_relu = 0.2 }` or `{ activation = "swish", beta = "learned" }`."""

    given: str | dict[str, Any]  # as `glia.nn.activations.activation` takes it

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        return Built(activation(self.given), shape)


def read_activation(given: str | Mapping[str, Any]) -> Activated | None:
    """The activation that an entry of a list of layers asks for; None if it asks for something else.

    Raises:
        ConfigError: an activation's option that it does not have, or out of its range.
    """
    written = given if isinstance(given, str) else next(iter(given), "")
    name = written.lower().replace("_", "-")
    options = {} if isinstance(given, str) else dict(given)
    value = options.pop(written, None)
    if name == "activation":
        found = Activated({"name": value, **options} if isinstance(value, str) else {**dict(value or {}), **options})
    elif name not in ACTIVATIONS:
        return None
    elif value is None:
        found = Activated(name)
    else:
        first = next(iter(ACTIVATIONS[name].parameters), "")
        if not first:
            raise ConfigError(f"Activation '{name}' has no options. Write it by its name alone: \"{name}\".")
        found = Activated({"name": name, first: value, **options})
    activation(found.given)
    return found


@dataclass(frozen=True)
class FromTorch:
    """Any layer of torch.nn by its name there: `{ GroupNorm = 4, num_channels = 32 }`, `"Hardtanh"`."""

    name: str
    first: Any = None  # what its first argument gets
    options: Mapping[str, Any] | None = None

    def build(self, shape: Shape) -> Built:
        """The layer; what comes out of it is found by passing zeros through."""
        kind: type[nn.Module] = getattr(nn, self.name)
        options, given = dict(self.options or {}), () if self.first is None else (self.first,)
        check_options("layer", self.name, options, list(parameters_of(kind)))
        try:
            layer = kind(*given, **options)
            with torch.no_grad():
                out = layer.eval()(torch.zeros(2, *shape))
        except (TypeError, ValueError, RuntimeError, AssertionError) as error:
            raise ConfigError(
                f"torch.nn.{self.name} on samples of shape {shape}: {str(error).splitlines()[0]}"
            ) from None
        if not isinstance(out, torch.Tensor) or out.shape[:1] != (2,):
            raise ConfigError(f"torch.nn.{self.name} does not put out one tensor a sample. Write a module of your own.")
        return Built(layer.train(), tuple(out.shape[1:]))


def read_torch(given: str | Mapping[str, Any]) -> FromTorch | None:
    """The layer of torch.nn that an entry of a list of layers names; None if it names none."""
    written = given if isinstance(given, str) else next(iter(given), "")
    kind = getattr(nn, written, None)
    if not (written[:1].isupper() and isinstance(kind, type) and issubclass(kind, nn.Module)):
        return None
    options = {} if isinstance(given, str) else dict(given)
    return FromTorch(written, options.pop(written, None), options)
