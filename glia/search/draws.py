"""What is drawn for a trial: a function of (seed of the study, purpose, number of the trial), of nothing before it."""

import numpy as np

from glia.config import Plain
from glia.nn.seeds import stream_seed
from glia.search.space import Space

FEW = 256  # combinations, of which each is tried once
DRAWS_EACH = 20  # of each setting, until those not drawn are taken in turn


def generator(seed: int, purpose: str, number: int) -> np.random.Generator:
    """A generator of its own for what is drawn for one trial."""
    return np.random.Generator(np.random.PCG64(stream_seed(seed, purpose, number)))


def random_point(space: Space, seed: int, number: int, purpose: str = "search") -> Plain:
    """A value of every dimension, each uniform in its range (by ratio in a `log` range), on their own of each other.

    Those of dimensions that turn out inactive are drawn, too, so that a condition moves no other value.
    """
    uniforms = generator(seed, purpose, number).random(len(space.dimensions)).tolist()
    pairs = zip(space.dimensions, uniforms, strict=True)
    return {each.key: each.values.draw(uniform) for each, uniform in pairs}


def random_settings(space: Space, seed: int, number: int) -> Plain:
    """The settings of the trial with this number, drawn at random."""
    return space.settings(random_point(space, seed, number))


def distinct_settings(space: Space, seed: int) -> list[Plain]:
    """All settings of a space of few, in the order in which they are first drawn at random.

    What is hard to draw comes last, in the order of the grid.
    """
    size = int(space.size)
    found: dict[str, Plain] = {}
    for number in range(DRAWS_EACH * size):
        settings = random_settings(space, seed, number)
        found.setdefault(repr(settings), settings)
        if len(found) == size:
            break
    for place in range(size):
        settings = space.at(place)
        found.setdefault(repr(settings), settings)
    return list(found.values())
