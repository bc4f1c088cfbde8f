"""The optimizer of a stack: one update, by numbers that every network has for itself.

Letters    M networks.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from glia.config import name_and_options
from glia.recipe import TrainRecipe
from glia.training.optimizers import OPTIMIZERS
from glia.training.population.padding import kept, own
from glia.training.population.updates import UPDATES, State, Step


class StackedOptimizer:
    """Takes the steps of M networks.

    Args:
        models: the networks.
        optimizers: of each its own, of torch, all of one class and options; what may differ is read from them, and
            they are not stepped.
        settings: of each.
        weights: (M, ...) each, in the order of the networks' parameters, smaller ones filled up with zeros.
    """

    def __init__(
        self,
        models: Sequence[nn.Module],
        optimizers: Sequence[Optimizer],
        settings: Sequence[TrainRecipe],
        weights: Sequence[Tensor],
    ) -> None:
        name, _ = name_and_options("optimizer", settings[0].optimizer, OPTIMIZERS)
        self._update = UPDATES[name]
        self._options = {key: value for key, value in optimizers[0].param_groups[0].items() if key != "params"}
        self._numbers = [_numbers(*pair) for pair in zip(models, optimizers, strict=True)]
        self._shapes = [[tuple(each.shape) for each in model.parameters()] for model in models]
        device = weights[0].device
        self._momentum = torch.tensor([each.momentum for each in settings], device=device, dtype=torch.float64)
        decays = [_decays(*pair) for pair in zip(models, optimizers, strict=True)]
        self._decay = torch.tensor(decays, device=device, dtype=torch.float64)  # M, parameters
        self._names = [each for each in self._update.states if self._is_needed(each)]
        begin = self._update.begin(self._options)
        self._states: list[State] = [
            {each: torch.full_like(weight, begin) for each in self._names} for weight in weights
        ]
        self._look_up(weights)

    def step(self, weights: Sequence[Tensor], gradients: Sequence[Tensor | None], rates: Tensor, number: int) -> None:
        """One step in place.

        Args:
            weights: (M, ...) each.
            gradients: of each; None: it is not trained.
            rates: (M,), or (1,) of all alike.
            number: of the step, from 1.
        """
        spread: dict[tuple[torch.dtype, int], Tensor] = {}
        for each in weights:
            if (each.dtype, each.dim()) not in spread:
                spread[each.dtype, each.dim()] = _spread(rates, each)
        steps = [
            Step(weight, gradient, self._states[place], spread[weight.dtype, weight.dim()], *self._factors[place])
            for place, (weight, gradient) in enumerate(zip(weights, gradients, strict=True))
            if gradient is not None
        ]
        self._update.take(steps, number, self._options)

    def keep(self, places: Sequence[int], weights: Sequence[Tensor]) -> None:
        """Go on with the networks at these places only, whose weights these are, no larger than they need to be."""
        chosen = torch.tensor(places, device=self._momentum.device)
        self._momentum, self._decay = self._momentum[chosen], self._decay[chosen]
        self._numbers = [self._numbers[place] for place in places]
        self._shapes = [self._shapes[place] for place in places]
        self._states = [
            {name: kept(each, chosen, weight.shape[1:]) for name, each in state.items()}
            for weight, state in zip(weights, self._states, strict=True)
        ]
        self._look_up(weights)

    def tensors(self, place: int, steps: int) -> dict[str, Tensor]:
        """The state of one network as `checkpoint.optimizer_tensors` gives it."""
        found: dict[str, Tensor] = {}
        for number, shape, state in zip(self._numbers[place], self._shapes[place], self._states, strict=True):
            if number is None:
                continue
            for name, each in state.items():
                if name != "momentum_buffer" or self._momentum[place] > 0:
                    found[f"{number}.{name}"] = own(each[place], shape).contiguous().clone()
            if self._update.counts:
                found[f"{number}.step"] = torch.tensor(float(steps))
        return found

    def restore(self, place: int, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of `tensors`."""
        for number, state in zip(self._numbers[place], self._states, strict=True):
            for name, each in state.items():
                if f"{number}.{name}" in tensors:
                    its = tensors[f"{number}.{name}"]
                    own(each[place], its.shape).copy_(its)

    def _is_needed(self, name: str) -> bool:
        if name == "momentum_buffer":
            return bool(self._momentum.any())
        return name != "grad_avg" or bool(self._options["centered"])

    def _look_up(self, weights: Sequence[Tensor]) -> None:
        """Momentum and decay of each weight's networks, ready for use."""
        self._factors = []
        for weight, decay in zip(weights, self._decay.unbind(1), strict=True):
            decays = _spread(decay, weight) if decay.any() else None
            self._factors.append((_spread(self._momentum, weight), decays))


def _spread(numbers: Tensor, weight: Tensor) -> Tensor:
    """(M,) as (M, 1, ...), of the weight's precision."""
    return numbers.to(weight.dtype).view(-1, *[1] * (weight.dim() - 1))


def _numbers(model: nn.Module, optimizer: Optimizer) -> list[int | None]:
    """The number by which an optimizer's state knows each parameter of a model."""
    ordered = [id(each) for group in optimizer.param_groups for each in group["params"]]
    return [ordered.index(id(each)) if each.requires_grad else None for each in model.parameters()]


def _decays(model: nn.Module, optimizer: Optimizer) -> list[float]:
    """The decay of each parameter of a model."""
    decay = {id(each): group["weight_decay"] for group in optimizer.param_groups for each in group["params"]}
    return [float(decay[id(each)]) for each in model.parameters()]
