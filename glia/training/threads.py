"""How many threads a step is worth: one for small networks, all that torch was given for others.

Threads that share a step of a few microseconds wait for each other longer than they compute, and as soon as another
program wants one of their cores they wait for that: a step of a small network then takes 2 to 10 times as long
(benchmarks/loop.py). The choice depends on the network alone, since sums depend on it in their last bit.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.parameter import is_lazy

WORTH_SHARING = 5_000_000  # multiplications of a forward pass over a batch


@contextmanager
def suited_to(model: nn.Module, batch_size: int) -> Iterator[None]:
    """While inside, torch computes with as many threads as batches of that size are worth."""
    before = torch.get_num_threads()
    with limited_to(1 if before > 1 and is_small(model, batch_size) else before):
        yield


@contextmanager
def limited_to(count: int) -> Iterator[None]:
    """While inside, torch computes with so many threads, in the thread that asks for it.

    Afterwards it has as many as before, and so do threads that begin then, whatever other threads set meanwhile.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def is_small(model: nn.Module, batch_size: int) -> bool:
    """Whether a step is a matter of a fraction of a millisecond.

    In layers that use each weight once per sample, the weights are the multiplications. Where some have no size yet,
    nothing is known.
    """
    dense = nn.Linear | nn.Embedding | nn.modules.batchnorm._BatchNorm | nn.LayerNorm
    with_weights = [module for module in model.modules() if any(True for _ in module.parameters(recurse=False))]
    if not all(isinstance(module, dense) for module in with_weights):
        return False
    if any(map(is_lazy, model.parameters())):
        return False
    return batch_size * sum(parameter.numel() for parameter in model.parameters()) < WORTH_SHARING
