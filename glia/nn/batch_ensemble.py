"""Many networks that share their weights, each with a few numbers of its own.

Paper      Wen, Tran & Ba, 2020, *BatchEnsemble*, equation 5. https://arxiv.org/abs/2002.06715
Letters    M members, B samples, i inputs of a layer, o outputs.

The members come first, as matrices are multiplied; all of them are one multiplication.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Start = Literal["ones", "normal", "signs"]
"""What scales are at first: all members alike, or of numbers drawn for each."""


class MemberScale(nn.Module):
    """Scales the inputs, each member by factors of its own.

    Args:
        members: M.
        parts: sizes of the stretches of inputs that begin with one factor; they learn to differ.
        start: what the factors are at first.
    """

    def __init__(self, members: int, parts: tuple[int, ...], start: Start) -> None:
        super().__init__()
        drawn = torch.cat([_first(members, start).expand(-1, size) for size in parts], 1)
        self.factors = nn.Parameter(drawn[:, None].clone())  # M 1 i

    def forward(self, x: Float[Tensor, "members B i"]) -> Float[Tensor, "M B i"]:
        """The same input for all, with one in place of M, or an input for each."""
        return x * self.factors


class MemberLinear(nn.Module):
    """A dense layer whose weights all members share, between scales of inputs and outputs, and biases, of their own.

    Args:
        members: M.
        parts: as of `MemberScale`; their sum is the number of inputs.
        width: o.
        start: what the scales of inputs are at first; those of outputs are ones.
    """

    def __init__(self, members: int, parts: tuple[int, ...], width: int, *, start: Start = "ones") -> None:
        super().__init__()
        reads = sum(parts)
        bound = reads**-0.5
        self.inputs = MemberScale(members, parts, start)
        self.weight = nn.Parameter(torch.empty(width, reads).uniform_(-bound, bound))
        self.outputs = nn.Parameter(torch.ones(members, 1, width))
        self.bias = nn.Parameter(torch.empty(width).uniform_(-bound, bound).repeat(members, 1, 1))  # alike at first

    def forward(self, x: Float[Tensor, "members B i"]) -> Float[Tensor, "M B o"]:
        """((x r) W) s + b, equation 5."""
        return torch.addcmul(self.bias, F.linear(self.inputs(x), self.weight), self.outputs)


class ApartLinear(nn.Module):
    """A dense layer for each member, that share nothing.

    Args:
        members: M.
        reads: i.
        width: o.
    """

    def __init__(self, members: int, reads: int, width: int) -> None:
        super().__init__()
        bound = reads**-0.5
        self.weight = nn.Parameter(torch.empty(members, reads, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, 1, width).uniform_(-bound, bound))

    def forward(self, x: Float[Tensor, "M B i"]) -> Float[Tensor, "M B o"]:
        """Each member's outputs."""
        return torch.baddbmm(self.bias, x, self.weight)


def _first(members: int, start: Start) -> Tensor:
    """(M, 1)"""
    if start == "normal":
        return torch.randn(members, 1)
    return torch.randint(2, (members, 1)) * 2.0 - 1.0 if start == "signs" else torch.ones(members, 1)
