"""Chains of dense layers computed as one: see `glia.models.chain`.

Letters    M networks, B samples, F features, H units, K outputs.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn

from glia.training.population.functions import Functions
from glia.training.population.masks import Site
from glia.training.population.rows import Row, before, row_of

Backward = Callable[[Tensor], list[Tensor | None]]
NARROW = 16  # outputs of so few units take little more than half the time when each unit's lie in a row


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
        x = _rows(inputs, weights, apart)
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

    def noted(
        self, weights: Sequence[Tensor], inputs: Tensor, masks: Sequence[Tensor], *, part: slice, apart: bool
    ) -> tuple[Tensor, Backward]:
        """The outputs of a call while training, and what gives the gradients of the weights by that of them.

        Layer by layer and without autograd, as `glia.training.dense` does for one network: half the time of a step.
        To be called, both, where autograd notes nothing.
        """
        x = _rows(inputs, weights, apart)
        given = dict(zip(self._sites, masks, strict=True)) if masks else {}
        found: list[Tensor | None] = [None] * len(weights)
        notes: list[Callable[[Tensor], Tensor]] = []
        for place in self._places:
            if place in self._dense:
                weight, bias = self._dense[place]
                notes.append(partial(_products_derivative, found, x, weights, (weight, bias), bool(notes)))
                x = product(x, weights[weight], None if bias is None else weights[bias])  # M B H
            elif place in self._functions:
                x, derivative = self._functions[place].noted(x, part)
                notes.append(derivative)
            elif place in given:
                notes.append(partial(torch.mul, given[place]))
                x = x * given[place]

        def backward(gradient: Tensor) -> list[Tensor | None]:
            while notes:
                gradient = notes.pop()(gradient)
            return found

        return x, backward

    def _functions_at(self, place: tuple[int, int, int]) -> Functions:
        return Functions([row.functions.get(place) for row in self._rows], [row.width(place) for row in self._rows])


def product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """(M, B, F) by (M, H, F) and (M, H): x Wᵀ + b of each network, (M, B, H)."""
    if bias is not None and weight.shape[1] <= NARROW:
        return torch.baddbmm(bias[:, :, None], weight, x.mT).mT
    return torch.bmm(x, weight.mT) if bias is None else torch.baddbmm(bias[:, None], x, weight.mT)


def _products_derivative(
    found: list[Tensor | None],
    x: Tensor,
    weights: Sequence[Tensor],
    places: tuple[int, int | None],
    is_wanted: bool,
    gradient: Tensor,
) -> Tensor:
    """Adds those of weight and bias to `found`, laid out as the weights are, which fused optimizers need."""
    weight, bias = places
    if weights[weight].requires_grad:
        found[weight] = _sum(found[weight], torch.bmm(gradient.mT, x))
    if bias is not None and weights[bias].requires_grad:
        found[bias] = _sum(found[bias], gradient.sum(1))
    return torch.bmm(gradient, weights[weight]) if is_wanted else gradient


def _sum(gradient: Tensor | None, more: Tensor) -> Tensor:
    """Tied weights have a gradient of each layer that they are in."""
    return more if gradient is None else gradient + more


def _rows(inputs: Tensor, weights: Sequence[Tensor], apart: bool) -> Tensor:
    """(M, B, F) of (M, B, ...), or of (B, ...) that all networks share."""
    x = inputs if apart else inputs.expand(len(weights[0]), *inputs.shape)
    return x.flatten(2)


def _taken_apart(model: nn.Module) -> Row:
    row = row_of(model)
    if row is None:
        raise RuntimeError("one of the networks is not dense layers in a row")
    return row
