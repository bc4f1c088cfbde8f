"""What keeps weights small and gradients short, of many networks each by its own numbers.

The same as `glia.training.regularisation` and torch's clipping, in closed form.

Letters    M networks, γ the performance ratio.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from glia.recipe import TrainRecipe
from glia.training.optimizers import penalised


class Constraints:
    """Penalties, greatest norms of gradients and of weights.

    Args:
        models: the networks.
        settings: of each.
        device: where the weights lie.
    """

    def __init__(self, models: Sequence[nn.Module], settings: Sequence[TrainRecipe], device: torch.device) -> None:
        reached = {id(each) for each in penalised(models[0], settings[0])}
        self._reached = [id(each) in reached for each in models[0].parameters()]
        counts = [sum(each.numel() for each in penalised(*pair)) for pair in zip(models, settings, strict=True)]

        def numbers(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, device=device, dtype=torch.float64)

        ratios = numbers([each.performance_ratio if any(counts) else 0.0 for each in settings])
        self._squared = numbers([each.l2 for each in settings]) + ratios / numbers(counts).clamp(min=1)
        self._absolute = numbers([each.l1 for each in settings])
        self._clip = numbers([each.gradient_clip or torch.inf for each in settings])
        self._longest = numbers([each.max_norm or torch.inf for each in settings])
        self._share = 1 - ratios
        self._remember()

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the networks at these places only."""
        for name in ("_squared", "_absolute", "_clip", "_longest", "_share"):
            setattr(self, name, getattr(self, name)[list(places)])
        self._remember()

    def minimised(self, losses: Tensor, part: slice) -> Tensor:
        """What is minimised of the losses of the networks in `part`, penalties apart: (1 - γ) of each, summed."""
        return (losses * self._share[part].to(losses.dtype)).sum() if self._shares else losses.sum()

    def shared(self, gradient: Tensor, part: slice) -> Tensor:
        """Of what `minimised` gives, by outputs (M, ...): 1 - γ times that of each network's loss."""
        if not self._shares:
            return gradient
        return gradient * self._share[part].to(gradient.dtype).view(-1, *[1] * (gradient.dim() - 1))

    def on_gradients(self, weights: Sequence[Tensor], gradients: Sequence[Tensor | None]) -> list[Tensor | None]:
        """The gradients with those of the penalties, shortened."""
        pairs = zip(weights, gradients, self._reached, strict=True)
        found = [
            self._penalised(weight, gradient) if reached and gradient is not None else gradient
            for weight, gradient, reached in pairs
        ]
        return self._shortened(found) if self._clips else found

    @torch.no_grad()
    def on_weights(self, weights: Sequence[Tensor]) -> None:
        """Scale the weights into each unit down to the greatest norm, in place, as `torch.renorm` does."""
        if not self._bounds:
            return
        for weight, reached in zip(weights, self._reached, strict=True):
            if reached:
                norms = weight.flatten(2).norm(dim=2)  # M units
                longest = self._longest.to(weight.dtype)[:, None]
                factors = torch.where(norms > longest, longest / (norms + 1e-7), 1.0)
                weight.mul_(factors.view(*factors.shape, *[1] * (weight.dim() - 2)))

    def _penalised(self, weight: Tensor, gradient: Tensor) -> Tensor:
        shape = (-1, *[1] * (weight.dim() - 1))
        if self._squares:
            gradient = torch.addcmul(gradient, weight, self._squared.to(weight.dtype).view(shape), value=2)
        if self._absolutes:
            gradient = torch.addcmul(gradient, weight.sign(), self._absolute.to(weight.dtype).view(shape))
        return gradient

    def _shortened(self, gradients: Sequence[Tensor | None]) -> list[Tensor | None]:
        norms = [each.flatten(1).norm(dim=1) for each in gradients if each is not None]
        total = torch.stack(norms).norm(dim=0)  # M
        factors = (self._clip.to(total.dtype) / (total + 1e-6)).clamp(max=1.0)
        return [
            None if each is None else each * factors.to(each.dtype).view(-1, *[1] * (each.dim() - 1))
            for each in gradients
        ]

    def _remember(self) -> None:
        """Which of all this any network asks for: read from the device once."""
        self._squares, self._absolutes = bool(self._squared.any()), bool(self._absolute.any())
        self._shares = bool((self._share != 1).any())
        self._clips, self._bounds = bool(self._clip.isfinite().any()), bool(self._longest.isfinite().any())
