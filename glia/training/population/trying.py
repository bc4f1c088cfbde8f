"""How long steps take, found by taking a few of them on copies.

Letters    M networks, B samples of a batch.
"""

import copy
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from statistics import median

import torch
from torch import Tensor

from glia.nn.random import Draws
from glia.training import devices, optimizers
from glia.training.events import Event
from glia.training.population.individuals import Individual
from glia.training.population.stack import Stack
from glia.training.stepping import backward, step_of
from glia.training.threads import limited_to

STEPS = 5
PREPARING = 2  # times as long as others the first step may take

Step = Callable[[], object]


def single_step(individual: Individual, inputs: Tensor, targets: Tensor) -> Step:
    """A step as the loop takes it, of a batch (B, ...)."""
    model = copy.deepcopy(individual.model).train()
    optimizer, draws = optimizers.build(model, individual.settings), Draws(model)
    take, parameters = step_of(optimizer), list(model.parameters())

    def step() -> None:
        for parameter in parameters:
            parameter.grad = None
        with devices.precision(inputs.device):
            loss = draws.of(0, lambda: individual.task.loss(model(inputs), targets))
        backward(loss)
        take()

    return step


def stacked_step(individuals: Sequence[Individual], inputs: Tensor, targets: Tensor) -> Step:
    """A step of all as one, each of the same batch (B, ...) as one of its own.

    Raises:
        RuntimeError: they cannot be computed as one.
    """
    stack = Stack([_silent(each) for each in individuals], inputs, targets, lambda message: None)
    rates = torch.full((len(stack),), 1e-6, device=stack.device)
    many, wanted = (torch.stack([each] * len(stack)) for each in (inputs, targets))
    seeds = range(len(stack)) if stack.draws else ()
    return lambda: stack.learn(many, wanted, rates, 1, seeds=seeds, apart=True)


def seconds_of(step: Step, device: torch.device, *, threads: int, most: float = float("inf")) -> float:
    """The usual time of a step with so many threads; where one takes longer than `most`, the time of that one."""

    def seconds() -> float:
        begun = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - begun

    with limited_to(threads):
        first, times = seconds(), list[float]()  # the first has much to prepare
        if first > PREPARING * most:
            return first
        while len(times) < STEPS:
            times.append(seconds())
            if times[-1] > most:
                return times[-1]
    return median(times)


def seconds_beside(steps: Sequence[Step]) -> float:
    """The time of a step where all of these are taken side by side, each in a thread of its own, divided among them."""
    ready = threading.Barrier(len(steps))

    def seconds(step: Step) -> float:
        torch.set_num_threads(1)
        try:
            step()  # is not counted
        except BaseException:
            ready.abort()  # nobody waits for it
            raise
        ready.wait()
        begun = time.perf_counter()
        for _ in range(STEPS):
            step()
        return time.perf_counter() - begun

    with limited_to(torch.get_num_threads()), ThreadPoolExecutor(len(steps)) as pool:
        return max(pool.map(seconds, steps)) / STEPS / len(steps)


def _silent(individual: Individual) -> Individual:
    return replace(individual, model=copy.deepcopy(individual.model), listen=_unheard, state=None)


def _unheard(event: Event) -> None:
    """Trials are not told."""
