"""A population trained: networks of one kind as one program, the others each by itself, side by side where it pays."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from glia.training import threads
from glia.training.events import Warned
from glia.training.memory import kept_between_steps
from glia.training.population.alone import train_alone
from glia.training.population.beside import train_each
from glia.training.population.choosing import why_not_as_one
from glia.training.population.dividing import stacks
from glia.training.population.fitting import StackFit
from glia.training.population.individuals import Individual, Outcome
from glia.training.population.kinds import why_alone
from glia.training.population.memory import largest, most_at_once
from glia.training.population.samples import SharedSamples
from glia.training.population.stack import is_out_of_memory

Way = Literal["auto", "stacked", "alone"]


def fit_together(
    individuals: Sequence[Individual],
    inputs: Tensor,
    targets: Tensor,
    *,
    finish: Callable[[Tensor], Tensor] | None = None,
    states: bool = False,
    way: Way = "auto",
) -> list[Outcome]:
    """Train networks in place, on the device where they lie, each as `glia.training.loop.fit` would train it alone.

    Network k ends with the weights, and tells of the losses and metrics, that it would have alone with the batches of
    `TensorBatches(…, order=permutation(seed, epoch, n))` over its rows, to rounding. One that diverges or raises leaves
    the others alone. What it tells of seconds and samples a second is of all that are trained with it.

    Args:
        individuals: the networks; those of equal `kind` and like size are trained as one.
        inputs: (N, ...) the samples that they share, compact, on the device if they fit.
        targets: (N, ...) encoded, where the inputs are.
        finish: what turns gathered inputs into what a network takes, sample by sample.
        states: whether outcomes hold what to go on from.
        way: "stacked": as one wherever that is possible, whatever their sizes; "alone": one after the other; "auto":
            whatever is faster, apart from each other also side by side.

    Returns:
        How each ended, in their order.
    """
    shared: dict[torch.device, SharedSamples] = {}
    devices = [next((each.device for each in one.model.parameters()), inputs.device) for one in individuals]
    outcomes: dict[int, Outcome] = {}
    apart: dict[int, str] = {}  # and why
    with kept_between_steps():
        for device in dict.fromkeys(devices):
            shared[device] = SharedSamples(inputs, targets, finish, device)
        if way == "alone":
            why = "it was asked for"
            return [
                train_alone(each, shared[at], why, states=states) for each, at in zip(individuals, devices, strict=True)
            ]
        for places in stacks(individuals, by_size=way == "auto"):
            some, samples = [individuals[place] for place in places], shared[devices[places[0]]]
            with threads.suited_to(largest(some).model, some[0].batch_size * len(some)):
                why = why_alone(some[0]) or (why_not_as_one(some, samples) if way == "auto" else "")
                if why:
                    apart |= dict.fromkeys(places, why)
                else:
                    outcomes |= zip(places, _stacked(some, samples, states), strict=True)
        for device, samples in shared.items():
            places = sorted(place for place in apart if devices[place] == device)
            some, reasons = [individuals[place] for place in places], [apart[place] for place in places]
            outcomes |= zip(places, train_each(some, samples, reasons, states=states), strict=True)
    return [outcomes[place] for place in range(len(individuals))]


def _stacked(individuals: Sequence[Individual], samples: SharedSamples, states: bool) -> list[Outcome]:
    """In stacks as large as memory allows; one network alone, or none at all where they cannot be one."""
    most = min(len(individuals), most_at_once(individuals, samples))
    count = -(-len(individuals) // most)
    size = -(-len(individuals) // count)
    outcomes: list[Outcome] = []
    while len(outcomes) < len(individuals):
        some = individuals[len(outcomes) : len(outcomes) + size]
        try:
            outcomes += StackFit(some, samples, states=states).run()
        except Exception as error:  # while building it: nothing was told yet
            if is_out_of_memory(error) and size > 1:
                size = -(-size // 2)
                _warn(some, f"Memory does not suffice for {len(some)} networks in one stack: {size} make one.")
                continue
            why = f"it cannot be in a stack ({error})"
            outcomes += [train_alone(each, samples, why, states=states) for each in some]
    return outcomes


def _warn(individuals: Sequence[Individual], message: str) -> None:
    for individual in individuals:
        individual.listen(Warned(message))
