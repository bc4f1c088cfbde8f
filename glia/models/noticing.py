"""What is odd about a network before it is trained, in words: allowed, and worth knowing."""

from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import nn

from glia.nn.pointwise import Scaled

_WITH_WEIGHTS = (nn.Linear, nn.modules.conv._ConvNd)
_SQUASHING = (nn.Softmax, nn.Sigmoid)
_ON_LOGITS = ("cross-entropy", "nll", "kl-divergence", "binary-cross-entropy", "soft-margin")
"""Losses that make probabilities of the outputs themselves."""

_PASS_THROUGH = (nn.Identity, nn.Dropout, Scaled)  # a linear map before and after one of these is one linear map


def noticed(model: nn.Module, loss: str = "") -> tuple[str, ...]:
    """Linear layers that are one, hidden layers whose units start alike, probabilities where the loss makes its own.

    Only where the order of the layers is known, which is in Glia's own networks and in `nn.Sequential`.

    Args:
        model: with its first weights.
        loss: the name of the loss it is trained by; empty: not known.

    Example:
        >>> noticed(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)))[0][:59]
        "Layers '0' and '1' have nothing but a linear activation bet"
    """
    if not (type(model) is nn.Sequential or type(model).__module__.startswith("glia.models.")):
        return ()
    layers = [(name, layer) for name, layer in model.named_modules() if not any(layer.children())]
    return (*_collapsing(layers), *_alike(layers), *_squashed_twice(layers, loss))


def _collapsing(layers: list[tuple[str, nn.Module]]) -> Iterator[str]:
    others = [(name, layer) for name, layer in layers if not isinstance(layer, _PASS_THROUGH)]
    for (name, layer), (following, after) in pairwise(others):
        if isinstance(layer, nn.Linear) and isinstance(after, nn.Linear):
            yield (
                f"Layers '{name}' and '{following}' have nothing but a linear activation between them: together they "
                "can do no more than one linear layer. Use an activation such as relu, or fewer layers."
            )


def _alike(layers: list[tuple[str, nn.Module]]) -> Iterator[str]:
    weighted = [(name, layer) for name, layer in layers if isinstance(layer, _WITH_WEIGHTS)]
    for name, layer in weighted[:-1]:  # the last layer may well begin at zero
        weight = layer.weight.detach().flatten(1)
        if len(weight) > 1 and torch.equal(weight, weight[:1].expand_as(weight)):
            value = "zero" if not weight.any() else "alike"
            yield (
                f"The {len(weight)} units of hidden layer '{name}' start {value}: each gets the same gradient as the "
                "others, so they stay equal and the layer is worth one unit. Use initialisation = 'auto'."
            )


def _squashed_twice(layers: list[tuple[str, nn.Module]], loss: str) -> Iterator[str]:
    name, last = layers[-1] if layers else ("", None)
    if isinstance(last, _SQUASHING) and loss in _ON_LOGITS:
        kind = type(last).__name__.lower()
        yield (
            f"The last layer, '{name}', is a {kind}, and loss '{loss}' makes probabilities of the outputs itself: made "
            f"twice, they can never come near 0 or 1, and learning is slow. Leave the {kind} out, or use "
            "task.loss='squared-error', which reads probabilities."
        )
