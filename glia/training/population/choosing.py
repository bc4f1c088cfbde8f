"""Whether networks of a kind are faster as one than one after the other, and how many fit into memory.

Small dense networks are faster as one, two or three of them apart. Of others a few steps are taken both ways, on
copies; what was found is remembered for networks that compute the same in batches of the same size.

Letters    M networks, n rows each learns from, B samples of a batch, K outputs.
"""

import copy
import math
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from statistics import median

import psutil
import torch
from torch import Tensor

from glia.models.chain import chain_of
from glia.nn.random import reseed
from glia.training import devices, optimizers
from glia.training.dense import Dense
from glia.training.events import Event
from glia.training.population.individuals import Individual
from glia.training.population.kinds import structure
from glia.training.population.padding import weights_of, weights_when_filled
from glia.training.population.samples import SharedSamples, batch_sizes
from glia.training.population.stack import Stack, is_out_of_memory
from glia.training.stepping import backward, step_of
from glia.training.threads import WORTH_SHARING

FEWEST = 4  # small dense networks that are as soon trained as one as one after the other (benchmarks/population.py)
WORTH_IT = 1.1  # times as fast as one after the other
CACHED_BYTES = 13 * 2**20  # of a processor's last cache; with 40 MB of 192 networks a step takes 1.3 times as long
CHANGED = 5  # times the weights: themselves, gradients, two moments, a step on its way
ENOUGH = 16  # networks, however large: more of them share a step's calls to no use
TRIED = 16  # networks at most
STEPS = 5
SHARES = {"cuda": 0.8, "cpu": 0.5}  # of the memory that is free


@dataclass(frozen=True)
class Choice:
    """What is best for networks of a kind.

    Attributes:
        why_alone: why they are trained one after the other; empty: as one.
        threads: how many one by itself is best trained with.
    """

    why_alone: str
    threads: int


_found: dict[Hashable, Choice] = {}


def choose(individuals: Sequence[Individual], samples: SharedSamples) -> Choice:
    """As one or one after the other: whatever is faster now and here."""
    first, threads = individuals[0], torch.get_num_threads()
    if len(individuals) == 1:
        return Choice("it is the only one of its kind and size", threads)
    device, weights = samples.device.type, weights_when_filled([each.model for each in individuals])
    if device == "cpu" and chain_of(first.model) is not None and first.batch_size * weights < WORTH_SHARING:
        few = len(individuals) < FEWEST and Dense.of(first.model) is not None
        return Choice(f"of {len(individuals)} small networks each is sooner trained by itself" if few else "", threads)
    # One more network or a few more units change nothing worth a trial: their numbers count by their powers of 2.
    count = min(len(individuals), TRIED)
    key = structure(first.model), weights.bit_length(), first.batch_size, device, count.bit_length(), threads
    if key not in _found:
        _found[key] = _tried([_silent(each) for each in individuals[:count]], samples)
    return _found[key]


def most_at_once(individuals: Sequence[Individual], samples: SharedSamples) -> int:
    """How many of these networks, smaller ones filled up, fit into the memory that is free.

    Of dense networks on a CPU no more than its cache holds: what a step changes it reads again in the next.
    """
    one, filled = largest(individuals), weights_when_filled([each.model for each in individuals])
    share = weights_of(one.model) / filled
    most = max(1, math.floor(_free_bytes(samples.device) * share / max(1, _bytes_of(one, samples))))
    if samples.device.type == "cpu" and chain_of(one.model) is not None:
        width = next(one.model.parameters()).element_size()
        most = min(most, max(ENOUGH, CACHED_BYTES // (CHANGED * filled * width)))
    return most


def largest(individuals: Sequence[Individual]) -> Individual:
    """The network with most weights."""
    return max(individuals, key=lambda each: weights_of(each.model))


def _tried(individuals: Sequence[Individual], samples: SharedSamples) -> Choice:
    """The same, found by a few steps both ways, each with one thread and with all."""
    threads = torch.get_num_threads()
    inputs, targets = samples.pick(individuals[0].train[: individuals[0].batch_size])
    usual = sorted(individuals, key=lambda each: weights_of(each.model))[len(individuals) // 2]
    alone, best = _seconds(_single_step(usual, inputs, targets), samples.device)
    try:
        together, _ = _seconds(_stacked_step(individuals, inputs, targets), samples.device)
    except Exception as error:
        if is_out_of_memory(error):
            return Choice("", threads)  # then the stack is halved until it fits
        reason = (str(error) or repr(error)).splitlines()[0]
        return Choice(f"its layers cannot be computed in a stack ({reason})", best)
    times = alone * len(individuals) / together
    return Choice("" if times >= WORTH_IT else f"in a stack it would be {times:.2g} times as fast", best)


def _silent(individual: Individual) -> Individual:
    return replace(individual, model=copy.deepcopy(individual.model), listen=_unheard, state=None)


def _unheard(event: Event) -> None:
    """Trials are not told."""


def _stacked_step(individuals: Sequence[Individual], inputs: Tensor, targets: Tensor) -> Callable[[], object]:
    stack = Stack(individuals, inputs, targets, lambda message: None)
    rates = torch.full((len(stack),), 1e-6, device=stack.device)
    many, wanted = (torch.stack([each] * len(stack)) for each in (inputs, targets))
    seeds = range(len(stack)) if stack.draws else ()
    return lambda: stack.learn(many, wanted, rates, 1, seeds=seeds, apart=True)


def _single_step(individual: Individual, inputs: Tensor, targets: Tensor) -> Callable[[], object]:
    model = individual.model.train()
    optimizer = optimizers.build(model, individual.settings)
    parameters = list(model.parameters())

    def step() -> None:
        reseed(0)
        for parameter in parameters:
            parameter.grad = None
        with devices.precision(inputs.device):
            loss = individual.task.loss(model(inputs), targets)
        backward(loss)
        step_of(optimizer)()

    return step


def _seconds(step: Callable[[], object], device: torch.device) -> tuple[float, int]:
    """The usual time of a step, and with how many threads it is shortest: one, or all there are."""
    before = torch.get_num_threads()
    found: list[tuple[float, int]] = []
    try:
        for threads in sorted({1, before} if device.type == "cpu" else {before}):
            torch.set_num_threads(threads)
            step()  # is not counted
            times = []
            for _ in range(STEPS):
                begun = time.perf_counter()
                step()
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                times.append(time.perf_counter() - begun)
            found.append((median(times), threads))
    finally:
        torch.set_num_threads(before)
    return min(found)


def _free_bytes(device: torch.device) -> int:
    free: float
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        free = torch.cuda.mem_get_info(device)[0] + unused
    else:
        free = psutil.virtual_memory().available
    return math.floor(free * SHARES.get(device.type, 0.5))


def _bytes_of(individual: Individual, samples: SharedSamples) -> int:
    """What a network takes in a stack: weights six times (themselves, gradients, two moments, the best, a step on its
    way), what a step keeps for its gradients and as much again, and the outputs of an epoch with their metrics.
    """
    model = individual.model
    weights = sum(each.numel() * each.element_size() for each in (*model.parameters(), *model.buffers()))
    trial = copy.deepcopy(model).train()
    known = {each.data_ptr() for each in trial.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in known:
            kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    size = batch_sizes(len(individual.train), individual.batch_size)[0]
    inputs, _ = samples.pick(individual.train[:size])
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), devices.precision(samples.device):
        outputs = trial(inputs)
    of_epoch = len(individual.train) * outputs[0].numel() * 8 * 3
    of_step = 2 * sum(kept.values()) + 2 * inputs.numel() * inputs.element_size()
    return 6 * weights + of_step + int(of_epoch)
