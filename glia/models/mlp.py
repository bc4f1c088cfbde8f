"""Multilayer perceptron: every unit reads every unit of the layer before.

Paper      Rumelhart, Hinton & Williams, 1986, *Learning representations by back-propagating errors*.
           https://doi.org/10.1038/323533a0
We differ  rectifiers by default instead of sigmoids; dropout (Srivastava et al., 2014) after each hidden layer.
Letters    B samples, F features (all numbers of a sample in a row), H hidden units, K outputs.
"""

from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from glia.models.options import Activation, Initialisation, Share, Widths
from glia.nn.activations import activation
from glia.nn.initialisation import initialisation, initialise


@dataclass(frozen=True, kw_only=True)
class MLPConfig:
    """What a multilayer perceptron is built from."""

    hidden: Widths = (128,)  # H, units of each hidden layer; empty: linear, or logistic, regression
    activation: Activation = "relu"  # after each hidden layer; a name, or a table with parameters
    dropout: Share = 0.0  # share of each hidden layer's units left out while training
    bias: bool = True  # whether each unit adds a learned constant
    initialisation: Initialisation = "auto"  # of the weights; auto: what belongs to the activation

    def __post_init__(self) -> None:
        activation(self.activation)
        initialisation(self.initialisation)


SIZES: dict[str, dict[str, Any]] = {
    "guide-linear": {"hidden": [500, 250], "activation": "linear"},  # the guide's: no more than a softmax regression
}


class MLP(nn.Module):
    """Hidden layers, then one linear layer. A sample of any shape is read as a row of numbers."""

    def __init__(self, config: MLPConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        self.config = config
        widths = (prod(inputs), *config.hidden)
        layers: list[nn.Module] = []
        for reads, width in pairwise(widths):
            layers += [nn.Linear(reads, width, bias=config.bias), activation(config.activation)]
            if config.dropout:
                layers.append(nn.Dropout(config.dropout))
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(widths[-1], outputs, bias=config.bias)
        initialise(self.hidden, config.initialisation, config.activation)
        initialise(self.output, config.initialisation)

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """Raw outputs; a task makes probabilities or units of them."""
        x = x.flatten(1)  # B F
        for layer in self.hidden:
            x = layer(x)  # B H
        outputs: Tensor = self.output(x)  # B K
        return outputs
