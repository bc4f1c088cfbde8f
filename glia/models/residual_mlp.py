"""Residual multilayer perceptron: what comes in is carried past the layers and added to what they make of it.

Paper      He et al., 2016, *Deep residual learning for image recognition*, equation 1 and figure 2.
           https://arxiv.org/abs/1512.03385
We differ  dense layers in place of convolutions.
Letters    B samples, F features, H units of each hidden layer, K outputs.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from glia.models.options import Activation, Initialisation, Share, Width
from glia.nn.activations import activation
from glia.nn.initialisation import initialisation, initialise


@dataclass(frozen=True, kw_only=True)
class ResidualMLPConfig:
    """What a residual perceptron is built from; without its connections it is the plain network beside it."""

    width: Width = 128  # H, units of each hidden layer
    depth: Width = 5  # hidden layers
    span: Width = 2  # layers that a connection passes
    residual: bool = True  # whether there are connections; false: the plain network of the same layers
    norm: bool = True  # batch normalisation before each activation
    activation: Activation = "relu"  # after each hidden layer; a name, or a table with parameters
    dropout: Share = 0.0  # share of each hidden layer's units left out while training
    bias: bool = True  # whether each unit adds a learned constant
    initialisation: Initialisation = "auto"  # of the weights; auto: what belongs to the activation

    def __post_init__(self) -> None:
        activation(self.activation)
        initialisation(self.initialisation)


SIZES: dict[str, dict[str, Any]] = {}


class Block(nn.Module):
    """activation(x + layers(x)), or without the connection activation(layers(x)). Figure 2."""

    def __init__(self, config: ResidualMLPConfig, layers: int) -> None:
        super().__init__()
        self.residual = config.residual
        inner: list[nn.Module] = []
        for number in range(layers):
            inner += _layer(config, config.width)
            if number < layers - 1:
                inner.append(activation(config.activation))
        self.layers = nn.Sequential(*inner)
        self.activation = activation(config.activation)

    def forward(self, x: Float[Tensor, "B H"]) -> Float[Tensor, "B H"]:
        """Shape stays."""
        made = self.layers(x)
        passed_on: Tensor = self.activation(x + made if self.residual else made)
        return passed_on


class ResidualMLP(nn.Module):
    """One dense layer to the width, then blocks, then one linear layer."""

    def __init__(self, config: ResidualMLPConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.config = config
        self.input = nn.Sequential(*_layer(config, prod(inputs)), activation(config.activation))
        left = config.depth - 1
        spans = [config.span] * (left // config.span) + ([left % config.span] if left % config.span else [])
        self.blocks = nn.Sequential(*(Block(config, span) for span in spans))
        self.output = nn.Linear(config.width, outputs, bias=config.bias)
        initialise(self.input, config.initialisation, config.activation)
        initialise(self.blocks, config.initialisation, config.activation)
        initialise(self.output, config.initialisation)

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """Raw outputs; a task makes probabilities or units of them."""
        x = self.input(x.flatten(1))  # B H
        x = self.blocks(x)  # B H
        outputs: Tensor = self.output(x)  # B K
        return outputs


def _layer(config: ResidualMLPConfig, reads: int) -> list[nn.Module]:
    """A dense layer with what goes with it, before its activation."""
    layer: list[nn.Module] = [nn.Linear(reads, config.width, bias=config.bias)]
    if config.norm:
        layer.append(nn.BatchNorm1d(config.width))
    if config.dropout:
        layer.append(nn.Dropout(config.dropout))
    return layer
