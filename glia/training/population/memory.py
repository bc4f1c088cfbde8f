"""How many networks fit into the memory that is free.

Letters    B samples of a batch.
"""

import copy
import math
from collections.abc import Sequence

import psutil
import torch
from torch import Tensor

from glia.models.chain import chain_of
from glia.nn.random import drawing_apart
from glia.training import devices
from glia.training.population.individuals import Individual
from glia.training.population.padding import weights_of, weights_when_filled
from glia.training.population.samples import SharedSamples, batch_sizes

CACHED_BYTES = 13 * 2**20  # of a processor's last cache; with 40 MB of 192 networks a step takes 1.3 times as long
CHANGED = 5  # times the weights: themselves, gradients, two moments, a step on its way
ENOUGH = 16  # networks, however large: more of them share a step's calls to no use
SHARES = {"cuda": 0.8, "cpu": 0.5}  # of the memory that is free


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
    keeping = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with drawing_apart(0), keeping, devices.precision(samples.device):
        outputs = trial(inputs)
    of_epoch = len(individual.train) * outputs[0].numel() * 8 * 3
    of_step = 2 * sum(kept.values()) + 2 * inputs.numel() * inputs.element_size()
    return 6 * weights + of_step + int(of_epoch)
