"""Draws of torch that follow from seeds alone (see `glia.nn.seeds`)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

from glia.nn.seeds import stream_seed

HAS_MPS = torch.backends.mps.is_available()
T = TypeVar("T")
_one_at_a_time = threading.RLock()


def reseed(seed: int) -> None:
    """Set the generators that layers such as dropout draw from: the CPU's and the current GPU's.

    `torch.manual_seed` would do, but it visits every kind of device, which costs too much to be done before each step.
    """
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.default_generators[torch.cuda.current_device()].manual_seed(seed)
    if HAS_MPS:
        torch.mps.manual_seed(seed)


@contextmanager
def drawing(seed: int) -> Iterator[None]:
    """Inside, layers draw what follows from this seed, whatever other threads draw."""
    with _one_at_a_time:
        reseed(seed)
        yield


@contextmanager
def drawing_apart(seed: int) -> Iterator[None]:
    """The same on the CPU, and afterwards its generator is as it was."""
    with _one_at_a_time, torch.random.fork_rng(devices=[]):
        reseed(seed)
        yield


class Draws:
    """What the layers of a network draw while it is trained, from seeds alone: also beside others in other threads.

    All layers draw from the one generator of the process, so one network at a time sets it and draws. A network that
    draws nothing does not wait: torch's and Glia's own layers show at the first step on a CPU whether they do. One of
    Glia's that draws at some steps only must draw at the first.

    Args:
        model: the network, in training.
    """

    def __init__(self, model: nn.Module) -> None:
        on_cpu = all(each.device.type == "cpu" for each in model.parameters())
        known = all(type(each).__module__.startswith(("torch.nn.", "glia.")) for each in model.modules())
        self._shows = (
            on_cpu and known and not any(isinstance(each, nn.modules.dropout._DropoutNd) for each in model.modules())
        )
        self._may_draw = True

    def of(self, seed: int, compute: Callable[[], T]) -> T:
        """What `compute` gives with draws of this seed."""
        if not self._may_draw:
            return compute()
        with _one_at_a_time:
            reseed(seed)
            if not self._shows:
                return compute()
            before = torch.default_generator.get_state()
            found = compute()
            self._may_draw = not torch.equal(before, torch.default_generator.get_state())
            self._shows = False
            return found


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
