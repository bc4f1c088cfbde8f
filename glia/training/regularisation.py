"""What keeps weights small, besides the optimizer's own weight decay.

Letters    L the task's loss, w the weights that are penalised, n their number, γ the performance ratio.

All metrics show L alone: what is added here acts through gradients only.
"""

import torch
from torch import Tensor, nn

from glia.recipe import TrainRecipe
from glia.training.optimizers import penalised


class Penalty:
    """(1 - γ) L + γ Σw²/n + l1 Σ|w| + l2 Σw², of a recipe's `performance_ratio`, `l1` and `l2`.

    Source     the performance ratio as in MATLAB's `msereg`, which counts the other way round: its 1 is γ = 0. There
               and here the second term is the mean squared weight.
    """

    def __init__(self, model: nn.Module, settings: TrainRecipe) -> None:
        self._l1, self._l2, self._ratio = settings.l1, settings.l2, settings.performance_ratio
        self._weights = penalised(model, settings)
        self._count = sum(weight.numel() for weight in self._weights)

    def __bool__(self) -> bool:
        return bool(self._weights and (self._l1 or self._l2 or self._ratio))

    def added_to(self, loss: Tensor) -> Tensor:
        """What is minimised in place of the loss."""
        squared = self._l2 + self._ratio / self._count
        total = (1 - self._ratio) * loss if self._ratio else loss
        if squared:
            total = total + squared * torch.stack([weight.square().sum() for weight in self._weights]).sum()
        if self._l1:
            total = total + self._l1 * torch.stack([weight.abs().sum() for weight in self._weights]).sum()
        return total


@torch.no_grad()
def shorten(weights: list[nn.Parameter], longest: float) -> None:
    """Scale the weights into each unit whose norm is greater than `longest` down to it, in place.

    Paper      Srivastava et al., 2014, *Dropout*, section 5.1 (max-norm). https://jmlr.org/papers/v15/srivastava14a
    """
    for weight in weights:
        torch.renorm(weight, 2, 0, longest, out=weight)
