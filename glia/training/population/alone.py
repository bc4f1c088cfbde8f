"""Networks that are trained by themselves: by the loop that trains one, and heard of in the same way."""

from collections.abc import Callable

from glia.models.samples import AtOnce, Samples
from glia.nn.random import permutation
from glia.training.at_once import learn_at_once
from glia.training.checkpoint import Checkpoint
from glia.training.events import FitDone
from glia.training.loop import Control, fit
from glia.training.population.individuals import Individual, Outcome
from glia.training.population.samples import OwnBatches, SharedSamples

JUDGED_AT_ONCE = 512  # samples


def train_alone(individual: Individual, samples: SharedSamples, why: str, *, states: bool) -> Outcome:
    """Train one network; whatever it raises is in the outcome.

    Args:
        individual: the network.
        samples: what its rows are of.
        why: it is trained alone.
        states: whether what to go on from is wanted.
    """
    try:
        if isinstance(individual.model, AtOnce):
            return Outcome(done=_learn_at_once(individual, individual.model, samples), alone=why)
        left: list[Checkpoint] = []
        done = _fit(individual, samples, left.append if states else None)
        return Outcome(done=done, state=left[0] if left else None, alone=why)
    except Exception as error:
        return Outcome(error=error, alone=why)


def _fit(individual: Individual, samples: SharedSamples, leave: Callable[[Checkpoint], None] | None) -> FitDone:
    count, seed = len(individual.train), individual.settings.seed
    return fit(
        individual.model,
        individual.task,
        OwnBatches(samples, individual.train, individual.batch_size, lambda epoch: permutation(seed, epoch, count)),
        OwnBatches(samples, individual.judged, JUDGED_AT_ONCE) if len(individual.judged) else None,
        individual.settings,
        listen=individual.listen,
        control=Control(state=individual.state, leave=leave, ends_after=individual.ends_after),
    )


def _learn_at_once(individual: Individual, model: AtOnce, samples: SharedSamples) -> FitDone:
    inputs, targets = samples.pick(individual.train)
    judging = OwnBatches(samples, individual.judged, JUDGED_AT_ONCE) if len(individual.judged) else None
    return learn_at_once(model, individual.task, Samples(inputs, targets), judging, individual.listen)
