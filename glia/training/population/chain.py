"""Chains of dense layers computed as one: see `glia.models.chain`.

Letters    M networks, B samples, F features, H units, K outputs.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from glia.training.population.functions import Functions
from glia.training.population.masks import Site
from glia.training.population.rows import Row, before, row_of


class Chain:
    """Such networks computed as one: a product of stacks of matrices a layer.

    Args:
        models: the networks, of one kind; they may differ in width, in functions, and in where dropout stands.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self._rows = [_taken_apart(model) for model in models]
        first = self._rows[0]
        parameters = {id(parameter): place for place, parameter in enumerate(models[0].parameters())}
        self._dense = {
            before(number): (parameters[id(layer.weight)], parameters.get(id(layer.bias)))
            for number, layer in enumerate(first.dense)
        }
        self._sites = sorted({place for row in self._rows for place in row.dropouts})
        places = {place for row in self._rows for place in row.functions}
        self._functions = {place: self._functions_at(place) for place in places}
        self._places = sorted((*self._dense, *self._sites, *places))

    def keep(self, places: Sequence[int]) -> None:
        """Go on with the networks at these places only."""
        self._rows = [self._rows[place] for place in places]
        self._functions = {place: self._functions_at(place) for place in self._functions}

    def dropouts(self, model: nn.Module) -> list[nn.Module | None]:
        """Of one of the networks, at each site."""
        found = _taken_apart(model).dropouts
        return [found.get(place) for place in self._sites]

    def sites(self, inputs: Tensor) -> list[Site]:
        """Where masks are needed, for a batch (B, ...) of one network."""
        sites = []
        for place in self._sites:
            widths = tuple(row.width(place) for row in self._rows)
            sites.append(Site((len(inputs), max(widths)), (max(widths), 1), inputs.dtype, widths))
        return sites

    def __call__(
        self,
        weights: Sequence[Tensor],
        buffers: Sequence[Tensor],
        inputs: Tensor,
        masks: Sequence[Tensor] | None,
        *,
        part: slice,
        apart: bool,
    ) -> Tensor:
        """(M, B, K) what each network puts out.

        Args:
            weights: (M, ...) each, in the order of the networks' parameters.
            buffers: these networks have none.
            inputs: (M, B, ...) if `apart`, else (B, ...), the same for all networks.
            masks: of each site (M, B, ...) while training; None: nothing is left out.
            part: which of the networks these are.
            apart: whether networks have inputs of their own.
        """
        x = inputs if apart else inputs.expand(len(weights[0]), *inputs.shape)
        x = x.flatten(2)  # M B F
        given = {} if masks is None else dict(zip(self._sites, masks, strict=True))
        for place in self._places:
            if place in self._dense:
                weight, bias = self._dense[place]
                x = product(x, weights[weight], None if bias is None else weights[bias])  # M B H
            elif place in self._functions:
                x = self._functions[place](x, part)
            elif place in given:
                x = x * given[place]
        return x

    def _functions_at(self, place: tuple[int, int, int]) -> Functions:
        return Functions([row.functions.get(place) for row in self._rows], [row.width(place) for row in self._rows])


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


def _taken_apart(model: nn.Module) -> Row:
    row = row_of(model)
    if row is None:
        raise RuntimeError("one of the networks is not dense layers in a row")
    return row
