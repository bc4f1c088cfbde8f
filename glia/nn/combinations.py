"""Activations that a network combines for itself, one combination a layer.

Paper      Manessi & Rozza, 2018, *Learning combinations of activation functions*. https://arxiv.org/abs/1801.09403
We differ  the constraints hold at every moment because the weights that are used are a projection of those that are
           learned (the paper leaves open how they are kept). The nearest point of the simplex is found as sparsemax
           does: Martins & Astudillo, 2016. https://arxiv.org/abs/1602.02068
Letters    f the N activations combined, α their weights: Σ α = 1 (affine), and α ≥ 0 (convex).
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class AffineCombination(nn.Module):
    """Σ α f(x) with Σ α = 1: equation 2 with the affine hull. It starts with the mean of the activations."""

    def __init__(self, activations: Sequence[nn.Module]) -> None:
        super().__init__()
        self.activations = nn.ModuleList(activations)
        self.weight = nn.Parameter(torch.full((len(activations),), 1 / len(activations)))

    def combination(self) -> Float[Tensor, "N"]:
        """α, which meets the constraint whatever was learned."""
        return self.weight - (self.weight.sum() - 1) / len(self.weight)

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Shape stays."""
        shares = zip(self.combination().unbind(), self.activations, strict=True)
        return torch.stack([share * each(x) for share, each in shares]).sum(0)


class ConvexCombination(AffineCombination):
    """Σ α f(x) with Σ α = 1 and α ≥ 0: equation 2 with the convex hull."""

    def combination(self) -> Float[Tensor, "N"]:
        """α, the nearest point of the simplex to what was learned."""
        return nearest_on_simplex(self.weight)


def nearest_on_simplex(weight: Float[Tensor, "N"]) -> Float[Tensor, "N"]:
    """The point nearest to `weight` among those that are not negative and sum to 1: algorithm 1 of sparsemax.

    Example:
        >>> nearest_on_simplex(torch.tensor([0.8, 0.6, -1.0]))
        tensor([0.6000, 0.4000, 0.0000])
    """
    falling = weight.detach().sort(descending=True).values
    counts = torch.arange(1, len(weight) + 1, device=weight.device)
    inside = weight >= falling[(1 + counts * falling > falling.cumsum(0)).sum() - 1]
    threshold = (weight[inside].sum() - 1) / inside.sum()
    return (weight - threshold).clamp(min=0)
