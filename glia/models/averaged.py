"""Several networks asked together: the mean of their probabilities, or of their numbers.

Paper      Hansen & Salamon, 1990, *Neural network ensembles*, IEEE Transactions on Pattern Analysis 12.
           https://doi.org/10.1109/34.58871
Letters    B samples, M networks, K outputs.
"""

from collections.abc import Sequence
from math import log

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Averaged(nn.Module):
    """Networks of one kind that learned from other first weights.

    Args:
        networks: each maps B samples to (B, K).
        classifies: whether their outputs are read by a softmax; else as numbers.

    Example:
        >>> both = Averaged([nn.Linear(2, 1), nn.Linear(2, 1)], classifies=False)
        >>> both(torch.ones(5, 2)).shape
        torch.Size([5, 1])
    """

    def __init__(self, networks: Sequence[nn.Module], *, classifies: bool) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.classifies = classifies

    def members(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "M B K"]:
        """What each network says for itself."""
        return torch.stack([network(x) for network in self.networks])

    def combined(self, outputs: Float[Tensor, "M B K"]) -> Float[Tensor, "B K"]:
        """What such outputs say together."""
        return mean_of(outputs, classifies=self.classifies)

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B K"]:
        """What they say together."""
        return self.combined(self.members(x))


def mean_of(outputs: Float[Tensor, "M B K"], *, classifies: bool) -> Float[Tensor, "B K"]:
    """The log of the mean of the networks' probabilities, or the mean of their numbers."""
    if not classifies:
        return outputs.mean(0)
    return outputs.log_softmax(2).logsumexp(0) - log(len(outputs))
