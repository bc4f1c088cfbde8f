"""Chains of dense layers computed as one: see `glia.models.chain`.

Letters    M networks, B samples, F features, H units, K outputs.
"""

from collections.abc import Sequence
from itertools import groupby
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from glia.models.chain import chain_of
from glia.training.population.masks import Site

Place = tuple[int, int]  # of a dropout: how many layers stand before it, and how many dropouts since the last of them


class Chain:
    """Such networks computed as one: a product of stacks of matrices a layer.

    Args:
        models: the networks, of one kind; they may differ in where dropout stands.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        first = models[0]
        parameters = {id(parameter): place for place, parameter in enumerate(first.parameters())}
        self._layers: list[Any] = []
        for layer in _layers(first):
            if isinstance(layer, nn.Linear):
                weight, bias = parameters[id(layer.weight)], parameters.get(id(layer.bias))
                self._layers.append((weight, bias, layer.out_features))
            else:
                self._layers.append(layer)
        self._places: list[Place] = sorted({place for model in models for place, _ in _dropouts(model)})

    def dropouts(self, model: nn.Module) -> list[nn.Module | None]:
        """Of one of the networks, at each site."""
        found = dict(_dropouts(model))
        return [found.get(place) for place in self._places]

    def sites(self, inputs: Tensor) -> list[Site]:
        """Where masks are needed, for a batch (B, ...) of one network."""
        shape, sites = tuple(inputs.shape), []
        for number in range(len(self._layers) + 1):
            sites += [Site(shape, _strides(shape), inputs.dtype) for before, _ in self._places if before == number]
            if number < len(self._layers):
                shape = self._shape_after(number, shape)
        return sites

    def __call__(
        self,
        weights: Sequence[Tensor],
        buffers: Sequence[Tensor],
        inputs: Tensor,
        masks: Sequence[Tensor] | None,
        *,
        apart: bool,
    ) -> Tensor:
        """(M, B, K) what each network puts out.

        Args:
            weights: (M, ...) each, in the order of the networks' parameters.
            buffers: these networks have none.
            inputs: (M, B, ...) if `apart`, else (B, ...), the same for all networks.
            masks: of each site (M, B, ...) while training; None: nothing is left out.
            apart: whether networks have inputs of their own.
        """
        x = inputs if apart else inputs.expand(len(weights[0]), *inputs.shape)
        given = list(zip(self._places, masks or (), strict=masks is not None))
        for number in range(len(self._layers) + 1):
            for (before, _), mask in given:
                x = x * mask if before == number else x
            if number < len(self._layers):
                x = self._applied(self._layers[number], x, weights)
        return x

    @staticmethod
    def _applied(layer: Any, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        if isinstance(layer, tuple):
            weight, bias, _ = layer
            return product(x, weights[weight], None if bias is None else weights[bias])
        after: Tensor = x.flatten(2) if isinstance(layer, nn.Flatten) else layer(x)
        return after

    def _shape_after(self, number: int, shape: tuple[int, ...]) -> tuple[int, ...]:
        layer = self._layers[number]
        if isinstance(layer, nn.Flatten):
            return shape[0], prod(shape[1:])
        return (*shape[:-1], layer[2]) if isinstance(layer, tuple) else shape


def product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """(M, B, F) by (M, H, F) and (M, H): x Wᵀ + b of each network, (M, B, H)."""
    if x.device.type == "cpu":
        result: Tensor = _Product.apply(x, weight, bias)  # type: ignore[no-untyped-call]
        return result
    return torch.bmm(x, weight.mT) if bias is None else torch.baddbmm(bias[:, None], x, weight.mT)


class _Product(torch.autograd.Function):
    """Gradients laid out as the weights are, which fused optimizers need: autograd's own come transposed."""

    @staticmethod
    def forward(context: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        context.save_for_backward(x, weight)
        return torch.bmm(x, weight.mT) if bias is None else torch.baddbmm(bias[:, None], x, weight.mT)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = context.saved_tensors
        needs_x, needs_weight, needs_bias = context.needs_input_grad
        return (
            torch.bmm(gradient, weight) if needs_x else None,
            torch.bmm(gradient.mT, x) if needs_weight else None,
            gradient.sum(1) if needs_bias else None,
        )


def _layers(model: nn.Module) -> list[nn.Module]:
    return [layer for layer in chain_of(model) or () if not isinstance(layer, nn.Dropout)]


def _dropouts(model: nn.Module) -> list[tuple[Place, nn.Module]]:
    found: list[tuple[Place, nn.Module]] = []
    before = 0
    for is_dropout, some in groupby(chain_of(model) or (), lambda layer: isinstance(layer, nn.Dropout)):
        layers = list(some)
        if is_dropout:
            found += [((before, number), layer) for number, layer in enumerate(layers)]
        else:
            before += len(layers)
    return found


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(prod(shape[place + 1 :]) for place in range(len(shape)))
