"""Functions applied to each number by itself, where torch.nn lacks them or lacks a parameter of theirs.

Letters    x what a unit has summed up; shapes stay.
"""

from typing import Any, Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

LEARNED = "learned"
Learnable = float | Literal["learned"]
"""A number that is set, or "learned": it starts at the default and is trained with the weights."""


class Scaled(nn.Module):
    """c x: a linear unit.

    Example:
        >>> Scaled(2.0)(torch.tensor([1.0, -3.0]))
        tensor([ 2., -6.])
    """

    def __init__(self, slope: float = 1.0) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Shape stays."""
        return x if self.slope == 1 else self.slope * x

    def extra_repr(self) -> str:
        """The parameter, where a model is printed."""
        return f"slope={self.slope}"


class Step(nn.Module):
    """1 where x ≥ 0, else 0; its gradient is passed on as if it were the identity.

    The true derivative is 0 wherever there is one, so nothing would be learned through it.

    Paper      Bengio, Léonard & Courville, 2013, section 4 (straight-through). https://arxiv.org/abs/1308.3432

    Example:
        >>> Step()(torch.tensor([-0.5, 0.0, 2.0]))
        tensor([0., 1., 1.])
    """

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Shape stays."""
        stepped: Tensor = _StraightThrough.apply(x)  # type: ignore[no-untyped-call]
        return stepped


class _StraightThrough(torch.autograd.Function):
    """Autograd's own rule, and not `x + (step(x) - x).detach()`, whose sum need not be 0 or 1 to the last bit."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return (x >= 0).to(x.dtype)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return gradient


class Swish(nn.Module):
    """x σ(βx): smooth, and below zero it dips before it vanishes. β = 1 is also known as SiLU.

    Paper      Ramachandran, Zoph & Le, 2017. https://arxiv.org/abs/1710.05941

    Example:
        >>> Swish()(torch.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7311])
    """

    def __init__(self, beta: Learnable = 1.0) -> None:
        super().__init__()
        self.beta: float | nn.Parameter = nn.Parameter(torch.tensor(1.0)) if beta == LEARNED else float(beta)

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Shape stays."""
        return F.silu(x) if isinstance(self.beta, float) and self.beta == 1 else x * torch.sigmoid(self.beta * x)

    def extra_repr(self) -> str:
        """The parameter, where a model is printed."""
        return f"beta={self.beta}" if isinstance(self.beta, float) else "beta=learned"


class CappedReLU(nn.Module):
    """A rectifier with three parameters: cap where x ≥ cap, x from the threshold on, slope (x - threshold) below it.

    As `keras.layers.ReLU` with `max_value`, `negative_slope` and `threshold`; cap 6 is ReLU6.

    Example:
        >>> CappedReLU(cap=2.0, slope=0.5)(torch.tensor([-2.0, 1.0, 9.0]))
        tensor([-1.,  1.,  2.])
    """

    def __init__(self, cap: float = 6.0, slope: float = 0.0, threshold: float = 0.0) -> None:
        super().__init__()
        self.cap, self.slope, self.threshold = cap, slope, threshold

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Shape stays."""
        below = self.slope * (x - self.threshold)
        return torch.where(x >= self.threshold, x.clamp(max=self.cap), below)

    def extra_repr(self) -> str:
        """The parameters, where a model is printed."""
        return f"cap={self.cap}, slope={self.slope}, threshold={self.threshold}"
