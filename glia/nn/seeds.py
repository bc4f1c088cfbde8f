"""Randomness as a function: a draw depends on (seed, purpose, counters, member) and on nothing that came before.

So a checkpoint holds no generator states, a resumed run repeats every draw, a network trained in a stack draws what it
would draw alone, and a picture's augmentation does not depend on how many workers prepare it.

Purposes are short words: "order", "initialisation", "step" (dropout and whatever else a step draws), "augmentation".

Method     Words are absorbed one after another into 64 bits by the finalizer of SplitMix64 (Steele, Lea & Flood 2014,
           https://doi.org/10.1145/2660193.2660195), all of whose output bits depend on all input bits. That matters
           for the low half above all: torch's Mersenne Twister on the CPU is seeded with the low 32 bits alone.
"""

from functools import cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

MASK = 2**64 - 1
GOLDEN = 0x9E3779B97F4A7C15  # the increment of SplitMix64, 2^64 over the golden ratio: absorbing zero changes the state


def stream_seed(seed: int, purpose: str, *counters: int, member: int = 0) -> int:
    """The seed of one draw, 64 bits.

    Args:
        seed: the recipe's `train.seed`; any integer.
        purpose: what is drawn; different purposes give independent streams.
        counters: where, such as epoch and step, or a sample's number.
        member: which network of a stack; 0 is a network alone.

    Example:
        >>> stream_seed(0, "order", 3) == stream_seed(0, "order", 3)
        True
        >>> stream_seed(0, "order", 3) == stream_seed(0, "order", 4)
        False
    """
    state = _start(purpose)
    for word in (seed, member, *counters):
        state = _absorb(state, word)
    return state


def step_seeds(seed: int, purpose: str, epoch: int, count: int, member: int = 0) -> list[int]:
    """The seeds of a whole epoch's steps, `stream_seed(seed, purpose, epoch, step, member=member)` for each, at once.

    Example:
        >>> step_seeds(0, "step", 2, 5)[4] == stream_seed(0, "step", 2, 4)
        True
    """
    state = np.full(count, stream_seed(seed, purpose, epoch, member=member), dtype=np.uint64)
    seeds: list[int] = _absorb_each(state, np.arange(count, dtype=np.uint64)).tolist()
    return seeds


@cache
def _start(purpose: str) -> int:
    return int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest(), "little")


def _absorb(state: int, word: int) -> int:
    z = (state + word + GOLDEN) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def _absorb_each(state: NDArray[np.uint64], words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # `_absorb` on arrays, where numpy's integers wrap at 2^64 by themselves.
    z = state + words + np.uint64(GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
