"""Whether networks of a kind are faster as one than each by itself.

Small dense networks are faster as one, two or three of them apart. Of others a few steps are taken both ways, on
copies; what was found is remembered for networks that compute the same in batches of the same size.
"""

from collections.abc import Hashable, Sequence

import torch

from glia.models.chain import chain_of
from glia.training.dense import Dense
from glia.training.population import beside
from glia.training.population.individuals import Individual
from glia.training.population.kinds import structure
from glia.training.population.padding import weights_when_filled
from glia.training.population.samples import SharedSamples
from glia.training.population.stack import is_out_of_memory
from glia.training.population.trying import seconds_of, stacked_step
from glia.training.threads import WORTH_SHARING

FEWEST = 4  # small dense networks that are as soon trained as one as one after the other (benchmarks/population.py)
WORTH_IT = 1.1  # times as fast as each by itself
WORSE = 1.5  # times as slow: not tried any further
TRIED = {"cuda": 16, "cpu": 8}  # networks at most

_found: dict[Hashable, str] = {}


def why_not_as_one(individuals: Sequence[Individual], samples: SharedSamples) -> str:
    """Why networks of a kind are sooner trained each by itself, now and here; empty if as one."""
    first, threads = individuals[0], torch.get_num_threads()
    if len(individuals) == 1:
        return "it is the only one of its kind and size"
    device, weights = samples.device.type, weights_when_filled([each.model for each in individuals])
    if device == "cpu" and chain_of(first.model) is not None and first.batch_size * weights < WORTH_SHARING:
        few = len(individuals) < FEWEST and Dense.of(first.model) is not None
        return f"of {len(individuals)} small networks each is sooner trained by itself" if few else ""
    # One more network or a few more units change nothing worth a trial: their numbers count by their powers of 2.
    count = min(len(individuals), TRIED.get(device, TRIED["cpu"]))
    key = structure(first.model), weights.bit_length(), first.batch_size, device, count.bit_length(), threads
    if key not in _found:
        _found[key] = _tried(individuals, samples, count)
    return _found[key]


def _tried(individuals: Sequence[Individual], samples: SharedSamples, count: int) -> str:
    """The same, found by a few steps both ways."""
    alone = beside.workers_for(individuals, samples).seconds * count
    threads = torch.get_num_threads()
    inputs, targets = samples.pick(individuals[0].train[: individuals[0].batch_size])
    try:
        step = stacked_step(individuals[:count], inputs, targets)
        together = seconds_of(step, samples.device, threads=threads, most=WORSE * alone)
        if threads > 1 and together < WORSE * alone:
            together = min(together, seconds_of(step, samples.device, threads=1, most=WORSE * alone))
    except Exception as error:
        if is_out_of_memory(error):
            return ""  # then the stack is halved until it fits
        return f"its layers cannot be computed in a stack ({(str(error) or repr(error)).splitlines()[0]})"
    times = alone / together  # nan where a step alone fails: as one it is said why
    return f"in a stack it would be {times:.2g} times as fast" if times < WORTH_IT else ""
