"""Tensors of networks of different sizes in one stack: filled up with zeros to the greatest of each dimension.

Letters    M networks.
"""

from collections.abc import Iterable, Sequence
from math import prod

import torch
from torch import Tensor, nn

Shape = tuple[int, ...]


def stacked(tensors: Sequence[Tensor]) -> Tensor:
    """(M, ...) of one tensor a network, with zeros where a network has less than another.

    Example:
        >>> stacked([torch.ones(1), torch.ones(2)])
        tensor([[1., 0.],
                [1., 1.]])
    """
    shapes = {tuple(each.shape) for each in tensors}
    if len(shapes) == 1:
        return torch.stack(list(tensors))
    stack = tensors[0].new_zeros(len(tensors), *greatest(shapes))
    for place, each in zip(stack, tensors, strict=True):
        own(place, each.shape).copy_(each)
    return stack


def own(filled: Tensor, shape: Sequence[int]) -> Tensor:
    """Of a tensor that was filled up, what belongs to a network whose tensor has this shape: a view."""
    return filled[tuple(slice(size) for size in shape)]


def kept(stack: Tensor, places: Tensor, shape: Sequence[int]) -> Tensor:
    """(places, ...) the networks at these places of a stack, no larger than what is left of it, of this shape."""
    return own(stack, (len(stack), *shape)).index_select(0, places)


def greatest(shapes: Iterable[Sequence[int]]) -> Shape:
    """The shape that holds all of these."""
    return tuple(max(sizes) for sizes in zip(*shapes, strict=True))


def weights_of(model: nn.Module) -> int:
    """How many it has."""
    return sum(parameter.numel() for parameter in model.parameters())


def weights_when_filled(models: Sequence[nn.Module]) -> int:
    """How many each of these networks has in one stack."""
    same = zip(*(model.parameters() for model in models), strict=True)
    return sum(prod(greatest(each.shape for each in parameters)) for parameters in same)
