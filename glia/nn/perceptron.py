"""Rosenblatt's perceptron: inputs times weights, plus a bias, through a step.

Paper      Rosenblatt, 1958, *The perceptron*. https://doi.org/10.1037/h0042519
           Novikoff, 1962, *On convergence proofs for perceptrons*: at most (R/γ)² mistakes on data that a plane
           separates with margin γ, R being the length of the longest sample.
Letters    N samples, F features, x a sample, y its class (0 or 1), w the weights.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from glia.nn.pointwise import Step


class Perceptron(nn.Module):
    """step(w x + b): 1 where the sum is at least 0. Its gradient passes straight through the step."""

    def __init__(self, features: int, *, bias: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 1, bias=bias)
        self.step = Step()

    def forward(self, x: Float[Tensor, "*N F"]) -> Float[Tensor, "*N"]:
        """0 or 1 for each sample."""
        fired: Tensor = self.step(self.linear(x)).squeeze(-1)
        return fired


@dataclass(frozen=True)
class Learned:
    """What the rule found.

    Attributes:
        weights: (F,), those of the constant neuron included where there is one.
        mistakes: samples that were on the wrong side, over all epochs.
        epochs: passes over the samples, the last one without a mistake if it converged.
        converged: whether a whole pass made no mistake.
    """

    weights: Float[Tensor, "F"]
    mistakes: int
    epochs: int
    converged: bool


def learn(
    x: Float[Tensor, "N F"], y: Int[Tensor, "N"], *, epochs: int = 1000, start: Float[Tensor, "F"] | None = None
) -> Learned:
    """Rosenblatt's rule: after each mistake w ← w + (y - step(w x)) x, from `start` or from zero.

    Example:
        >>> x = with_constant(torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]))
        >>> learn(x, torch.tensor([0, 0, 0, 1])).converged  # and
        True
    """
    weights, mistakes = torch.zeros_like(x[0]) if start is None else start, 0
    for epoch in range(1, epochs + 1):
        before = mistakes
        for sample, wanted in zip(x, y.tolist(), strict=True):
            error = wanted - float(weights @ sample >= 0)
            if error:
                weights = weights + error * sample
                mistakes += 1
        if mistakes == before:
            return Learned(weights, mistakes, epoch, True)
    return Learned(weights, mistakes, epochs, False)


def with_constant(x: Float[Tensor, "N F"]) -> Float[Tensor, "N F1"]:
    """Samples with a constant neuron, always 1, whose weight is the bias. Without it 0 can only give step(0)."""
    return torch.cat([x, torch.ones_like(x[:, :1])], 1)
