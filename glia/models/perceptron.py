"""Perceptron: one linear unit that learns from its mistakes, and from nothing else.

Paper      Rosenblatt, 1958, *The perceptron*. https://doi.org/10.1037/h0042519; for many classes Collins, 2002,
           *Discriminative training methods for hidden Markov models*. https://aclanthology.org/W02-1001
We differ  the rule is the gradient of a loss (`task.loss = "perceptron"`), so it is trained as every network is: sample
           by sample, at rate 1, from zero. With two classes the unit's output is compared with 0.
Letters    B samples, F features, K classes.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from glia.errors import ConfigError
from glia.models.options import Initialisation
from glia.nn.initialisation import initialisation, initialise

RECIPE: dict[str, dict[str, Any]] = {
    "train": {"optimizer": "sgd", "learning_rate": 1.0, "batch_size": 1, "schedule": "constant"},
    "task": {"loss": "perceptron"},
}
SIZES: dict[str, dict[str, Any]] = {}


@dataclass(frozen=True, kw_only=True)
class PerceptronConfig:
    """What a perceptron is built from."""

    bias: bool = True  # whether there is a constant neuron with a weight of its own
    initialisation: Initialisation = "zeros"  # of the weights

    def __post_init__(self) -> None:
        initialisation(self.initialisation)


class Perceptron(nn.Module):
    """One unit for two classes, else one for each; the greatest output decides."""

    def __init__(self, config: PerceptronConfig, *, inputs: tuple[int, ...], outputs: int) -> None:
        super().__init__()
        if outputs < 2:
            raise ConfigError(
                "A perceptron tells classes apart, and the target is one number. Use model=mlp, hidden=[]."
            )
        self.config = config
        self.output = nn.Linear(prod(inputs), 1 if outputs == 2 else outputs, bias=config.bias)
        initialise(self.output, config.initialisation)

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """What each class has summed up; of two, the first has 0."""
        summed: Tensor = self.output(x.flatten(1))  # B K
        return torch.cat([torch.zeros_like(summed), summed], 1) if self.output.out_features == 1 else summed
