"""What a list of layers hands on of a recurrent layer, which puts out a pair: all steps, and its states."""

from typing import Any, Literal, final

from torch import Tensor, nn


@final
class Outputs(nn.Module):
    """All steps (B, T, …), or the last one (B, …), of the pair that recurrent layers put out.

    Example:
        >>> import torch
        >>> lstm = nn.Sequential(nn.LSTM(3, 8, batch_first=True), Outputs("last"))
        >>> lstm(torch.zeros(2, 5, 3)).shape
        torch.Size([2, 8])
    """

    def __init__(self, returns: Literal["all", "last"]) -> None:
        super().__init__()
        self.returns = returns

    def forward(self, pair: tuple[Tensor, Any]) -> Tensor:
        """The outputs asked for; states are left out."""
        return pair[0] if self.returns == "all" else pair[0][:, -1]

    def extra_repr(self) -> str:
        """Which, where a model is printed."""
        return self.returns
