"""Networks trained each by itself: one after the other with all threads, or side by side with one thread each.

Layers whose steps take some milliseconds, such as small convolutions, gain little where threads share their arithmetic:
two networks, each on a core of its own, take 0.7 times as long (benchmarks/population.py, cnn). Which is faster is
found by a few steps on copies and remembered for networks that compute the same in batches of the same size.
"""

import math
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import torch

from glia.models.samples import AtOnce
from glia.training import optimizers, threads
from glia.training.events import Event
from glia.training.population.alone import train_alone
from glia.training.population.individuals import Individual, Outcome
from glia.training.population.kinds import structure_of_any
from glia.training.population.memory import largest, most_at_once
from glia.training.population.padding import weights_of
from glia.training.population.samples import SharedSamples
from glia.training.population.trying import seconds_beside, seconds_of, single_step
from glia.training.threads import is_small


@dataclass(frozen=True)
class Workers:
    """Who trains networks that are trained each by itself.

    Attributes:
        count: how many are trained side by side.
        threads: of each.
        seconds: a step of one network takes, divided by their number.
    """

    count: int
    threads: int
    seconds: float = math.nan


_found: dict[Hashable, Workers] = {}


def train_each(
    individuals: Sequence[Individual], samples: SharedSamples, why: Sequence[str], *, states: bool
) -> list[Outcome]:
    """Train networks each by itself, in whichever way is faster.

    Of those that are to stop before they begin only one is trained, for an epoch. What those that are trained side by
    side tell is heard in the threads that train them, one at a time.

    Args:
        individuals: the networks.
        samples: what their rows are of.
        why: each is trained so.
        states: whether what to go on from is wanted.
    """
    begun = threading.Event()

    def train(individual: Individual, why: str) -> Outcome:
        if begun.is_set() and individual.should_stop():
            return Outcome(alone=why)
        begun.set()
        return train_alone(individual, samples, why, states=states)

    places = [place for place, each in enumerate(individuals) if _may_be_beside_others(each)]
    some, all_threads = [individuals[place] for place in places], torch.get_num_threads()
    workers = workers_for(some, samples) if len(some) > 1 and all_threads > 1 else Workers(1, all_threads)
    outcomes: dict[int, Outcome] = {}
    if workers.count > 1:
        outcomes |= zip(places, _side_by_side(some, [why[place] for place in places], workers, train), strict=True)
    for place, individual in enumerate(individuals):
        if place not in outcomes:
            with threads.limited_to(workers.threads if place in places else all_threads):
                outcomes[place] = train(individual, why[place])
    return [outcomes[place] for place in range(len(individuals))]


def workers_for(individuals: Sequence[Individual], samples: SharedSamples) -> Workers:
    """How they are best trained, found by a few steps of the usual one."""
    usual = sorted(individuals, key=lambda each: weights_of(each.model))[len(individuals) // 2]
    available, count = torch.get_num_threads(), len(individuals)
    key = structure_of_any(usual.model), usual.batch_size, samples.device.type, available, min(count, available)
    if key not in _found:
        try:
            _found[key] = _tried(usual, samples, min(available, count, most_at_once([largest(individuals)], samples)))
        except Exception:  # what fails in training is said there
            return Workers(1, available)
    return _found[key]


def _tried(individual: Individual, samples: SharedSamples, count: int) -> Workers:
    inputs, targets = samples.pick(individual.train[: individual.batch_size])
    step, all_threads = single_step(individual, inputs, targets), torch.get_num_threads()
    numbers = {1, all_threads} if samples.device.type == "cpu" else {all_threads}
    best = min(
        (Workers(1, each, seconds_of(step, samples.device, threads=each)) for each in sorted(numbers)),
        key=lambda each: each.seconds,
    )
    if samples.device.type != "cpu" or count == 1 or not _may_be_beside_others(individual):
        return best
    beside = seconds_beside([step, *(single_step(individual, inputs, targets) for _ in range(count - 1))])
    return min(best, Workers(count, 1, beside), key=lambda each: each.seconds)


def _may_be_beside_others(individual: Individual) -> bool:
    """Whether its steps are long enough, and keep to a thread of their own."""
    model, settings = individual.model, individual.settings
    if isinstance(model, AtOnce) or settings.compile or optimizers.finds_its_steps(settings):
        return False
    on_cpu = all(each.device.type == "cpu" for each in model.parameters())
    return on_cpu and not is_small(model, individual.batch_size)


def _side_by_side(
    individuals: Sequence[Individual], why: Sequence[str], workers: Workers, train: Callable[[Individual, str], Outcome]
) -> list[Outcome]:
    talking, given_up = threading.Lock(), threading.Event()

    def work(individual: Individual, why: str) -> Outcome:
        def tell(event: Event) -> None:
            with talking:
                if given_up.is_set():
                    raise InterruptedError
                individual.listen(event)

        def should_stop() -> bool:
            with talking:
                return individual.should_stop()

        torch.set_num_threads(workers.threads)
        return train(replace(individual, listen=tell, should_stop=should_stop), why)

    with threads.limited_to(torch.get_num_threads()), ThreadPoolExecutor(workers.count) as pool:
        try:
            return list(pool.map(work, individuals, why))
        except BaseException:  # such as the second Ctrl-C: the pool waits until each has told its next event
            given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
