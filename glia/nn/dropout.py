"""Dropout of single connections, and of units where they are many.

Paper      Wan et al., 2013, *Regularization of neural networks using DropConnect*.
           https://proceedings.mlr.press/v28/wan13
We differ  one mask for a whole batch in place of one for each sample; in use the mean weights, as for dropout of units,
           in place of a normal approximation of what the units put out.
Letters    B samples, F features, H units.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class DropConnect(nn.Linear):
    """A dense layer that leaves out a share of its weights while training and scales the others up for it."""

    def __init__(self, reads: int, units: int, *, share: float, bias: bool = True) -> None:
        super().__init__(reads, units, bias=bias)
        self.share = share

    def forward(self, x: Float[Tensor, "*B F"]) -> Float[Tensor, "*B H"]:
        """Units as of `nn.Linear`; in evaluation the very same."""
        return F.linear(x, F.dropout(self.weight, self.share, self.training), self.bias)

    def extra_repr(self) -> str:
        """The share, where a model is printed."""
        return f"{super().extra_repr()}, share={self.share}"


class WideDropout(nn.Dropout):
    """Dropout of units that takes a quarter of the draws: 16 random bits a unit, where torch takes 64 on a CPU.

    The share left out is the nearest multiple of 2⁻¹⁶. Of a step of TabM, torch's own takes a fifth.
    """

    def forward(self, x: Float[Tensor, "*B H"]) -> Float[Tensor, "*B H"]:
        """Units left out at random while training, the others scaled up for it."""
        if not self.training or x.device.type != "cpu" or not 0 < self.p < 1:
            return super().forward(x)
        draws = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        kept = draws[: x.numel()].view(x.shape) >= round(self.p * 2**16) - 2**15
        return x * kept.to(x.dtype).mul_(1 / (1 - self.p))
