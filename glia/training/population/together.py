"""A population trained: networks of one kind as one program, the others one after the other."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from glia.training import threads
from glia.training.events import Warned
from glia.training.memory import kept_between_steps
from glia.training.population.alone import train_alone
from glia.training.population.choosing import Choice, choose, largest, most_at_once
from glia.training.population.dividing import stacks
from glia.training.population.fitting import StackFit
from glia.training.population.individuals import Individual, Outcome
from glia.training.population.kinds import why_alone
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
            whatever is faster.

    Returns:
        How each ended, in their order.
    """
    outcomes: dict[int, Outcome] = {}
    with kept_between_steps():
        alone = [[place] for place in range(len(individuals))]
        for places in alone if way == "alone" else stacks(individuals, by_size=way == "auto"):
            some = [individuals[place] for place in places]
            device = next((each.device for each in some[0].model.parameters()), inputs.device)
            samples = SharedSamples(inputs, targets, finish, device)
            outcomes |= zip(places, _of_a_kind(some, samples, way, states), strict=True)
    return [outcomes[place] for place in range(len(individuals))]


def _of_a_kind(individuals: Sequence[Individual], samples: SharedSamples, way: Way, states: bool) -> list[Outcome]:
    why = "it was asked for" if way == "alone" else why_alone(individuals[0])
    before = torch.get_num_threads()
    with threads.suited_to(largest(individuals).model, individuals[0].batch_size * len(individuals)):
        choice = choose(individuals, samples) if not why and way == "auto" else Choice(why, before)
        if not choice.why_alone:
            return _stacked(individuals, samples, states)
    try:
        torch.set_num_threads(min(before, choice.threads))
        return [train_alone(each, samples, choice.why_alone, states=states) for each in individuals]
    finally:
        torch.set_num_threads(before)


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
