"""Which networks of a kind are one stack: those of like sizes, as smaller ones are filled up to the greatest.

What is filled up costs as much as what is there. A stack more costs what its steps cost besides their multiplications:
of a few networks that is more than what filling them up does, of many it is less.
"""

from collections.abc import Hashable, Iterator, Sequence
from math import log2

import numpy as np
from numpy.typing import NDArray
from torch import nn

from glia.training.population.individuals import Individual
from glia.training.population.kinds import functions, kind
from glia.training.population.padding import Shape, greatest

STEP = {"cpu": 3_000_000, "cuda": 300_000_000}
"""Multiplications of a forward pass that take as long as what a step of a stack costs besides (measured by
benchmarks/population.py); for GPUs reckoned from their rates, on the low side."""
MOST = 64  # sizes that are told apart, if there are more: by powers of √2, then of 2
Shapes = tuple[Shape, ...]  # of the weights of a network


def stacks(individuals: Sequence[Individual], *, by_size: bool) -> list[list[int]]:
    """The places of those that are one stack, side by side with the same functions between layers and as many samples.

    Args:
        individuals: the networks.
        by_size: whether networks of a kind are divided.
    """
    found: list[list[int]] = []
    for places in _equal(range(len(individuals)), [kind(each) for each in individuals]):
        divided = _by_size(places, individuals) if by_size else [places]
        found += [_side_by_side(part, individuals) for part in divided]
    return found


def _by_size(places: Sequence[int], individuals: Sequence[Individual]) -> list[list[int]]:
    """Those of one size, then the two groups whose union costs least together, as long as that is less than apart."""
    first, shapes = individuals[places[0]], [_shapes(individuals[place].model) for place in places]
    if len(set(shapes)) == 1:
        return [list(places)]
    groups = _of_one_size(places, shapes)
    by_place = dict(zip(places, shapes, strict=True))
    filled = np.array([_filled([by_place[place] for place in group]) for group in groups], dtype=np.float64)
    counts = np.array([len(group) for group in groups])
    step = STEP.get(next(first.model.parameters()).device.type, STEP["cpu"]) / first.batch_size  # as so many weights
    while len(groups) > 1:
        one, other = _to_join(filled, counts, step)
        if one == other:
            break
        groups[one] += groups.pop(other)
        filled[one], counts[one] = np.maximum(filled[one], filled[other]), counts[one] + counts[other]
        filled, counts = np.delete(filled, other, 0), np.delete(counts, other)
    return [sorted(group) for group in groups]


def _to_join(filled: NDArray[np.float64], counts: NDArray[np.int64], step: float) -> tuple[int, int]:
    """Which two groups are best joined, the first the one that comes first; equal numbers: none.

    Args:
        filled: (groups, weights, dimensions) the sizes of each weight of their networks.
        counts: (groups,) of networks.
        step: how many weights one more stack is worth.
    """
    own = counts * filled.prod(2).sum(1)
    union = np.maximum(filled[:, None], filled[None]).prod(3).sum(2) * (counts[:, None] + counts[None])
    saved = np.triu(step + own[:, None] + own[None] - union, 1)
    one, other = np.unravel_index(saved.argmax(), saved.shape)
    return (int(one), int(other)) if saved[one, other] > 0 else (0, 0)


def _of_one_size(places: Sequence[int], shapes: Sequence[Shapes]) -> list[list[int]]:
    groups: list[list[int]] = []
    for steps in (None, 2, 1):  # to a doubling
        groups = list(_equal(places, [_rounded(each, steps) for each in shapes]))
        if len(groups) <= MOST:
            break
    return groups


def _rounded(shapes: Shapes, steps: int | None) -> Hashable:
    return shapes if steps is None else tuple(int(steps * log2(size)) for shape in shapes for size in shape)


def _filled(shapes: Sequence[Shapes]) -> list[Shape]:
    """The sizes of each weight that hold those of all, each as of a matrix."""
    return [(*greatest(same), 1)[:2] for same in zip(*shapes, strict=True)]


def _shapes(model: nn.Module) -> Shapes:
    return tuple(tuple(parameter.shape) for parameter in model.parameters())


def _side_by_side(places: Sequence[int], individuals: Sequence[Individual]) -> list[int]:
    keys = [(functions(individuals[place].model), len(individuals[place].train)) for place in places]
    alike = _equal(places, [key for key, _ in keys])
    samples = dict(zip(places, (count for _, count in keys), strict=True))
    return [place for same in alike for place in sorted(same, key=samples.__getitem__)]


def _equal(places: Sequence[int], keys: Sequence[Hashable]) -> Iterator[list[int]]:
    """Places of equal keys, in the order in which they first come."""
    groups: dict[Hashable, list[int]] = {}
    for place, key in zip(places, keys, strict=True):
        groups.setdefault(key, []).append(place)
    yield from groups.values()
