"""Draws of torch that follow from seeds alone (see `glia.nn.seeds`)."""

import torch
from torch import Tensor

from glia.nn.seeds import stream_seed

HAS_MPS = torch.backends.mps.is_available()


def reseed(seed: int) -> None:
    """Set the generators that layers such as dropout draw from: the CPU's and the current GPU's.

    `torch.manual_seed` would do, but it visits every kind of device, which costs too much to be done before each step.
    """
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.default_generators[torch.cuda.current_device()].manual_seed(seed)
    if HAS_MPS:
        torch.mps.manual_seed(seed)


def generator(
    seed: int, purpose: str, *counters: int, member: int = 0, device: str | torch.device = "cpu"
) -> torch.Generator:
    """A generator of its own for one draw, for functions that take one."""
    return torch.Generator(device).manual_seed(stream_seed(seed, purpose, *counters, member=member))


def permutation(seed: int, epoch: int, n: int, member: int = 0) -> Tensor:
    """The order in which epoch `epoch` visits `n` samples, on the CPU.

    Example:
        >>> sorted(permutation(0, epoch=1, n=4).tolist())
        [0, 1, 2, 3]
    """
    return torch.randperm(n, generator=generator(seed, "order", epoch, member=member))
