"""What is drawn for a trial: a function of (seed of the study, purpose, number of the trial), of nothing before it.

`stream_seed` is `glia.nn.random.stream_seed` with one counter, bit for bit. It stands here again because that module
imports torch, which proposing trials, and the pages that show them, do without; a test compares the two.
"""

from functools import cache
from hashlib import blake2b

import numpy as np

from glia.config import Plain
from glia.search.space import Space

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15  # the increment of SplitMix64


def stream_seed(seed: int, purpose: str, number: int) -> int:
    """The seed of one draw, 64 bits."""
    state = _start(purpose)
    for word in (seed, 0, number):  # 0: the member of a stack
        state = _absorb(state, word)
    return state


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


@cache
def _start(purpose: str) -> int:
    return int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest(), "little")


def _absorb(state: int, word: int) -> int:
    z = (state + word + GOLDEN) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)
