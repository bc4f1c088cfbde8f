"""Networks that are trained by themselves: by the loop that trains one, and heard of in the same way."""

from pathlib import Path
from tempfile import TemporaryDirectory

from glia.models.samples import AtOnce, Samples
from glia.nn.random import permutation
from glia.training import checkpoint
from glia.training.at_once import learn_at_once
from glia.training.events import CheckpointSaved, Event, FitDone
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
        if not states and individual.state is None:
            return Outcome(done=_fit(individual, samples, None), alone=why)
        with TemporaryDirectory() as folder:
            if individual.state is not None:
                checkpoint.write(Path(folder), individual.state)
            done = _fit(individual, samples, Path(folder))
            state = checkpoint.read(Path(folder)) if states else None
            return Outcome(done=done, state=state, alone=why)
    except Exception as error:
        return Outcome(error=error, alone=why)


def _fit(individual: Individual, samples: SharedSamples, checkpoints: Path | None) -> FitDone:
    count, seed = len(individual.train), individual.settings.seed

    def listen(event: Event) -> None:
        if not isinstance(event, CheckpointSaved):
            individual.listen(event)

    return fit(
        individual.model,
        individual.task,
        OwnBatches(samples, individual.train, individual.batch_size, lambda epoch: permutation(seed, epoch, count)),
        OwnBatches(samples, individual.judged, JUDGED_AT_ONCE) if len(individual.judged) else None,
        individual.settings,
        listen=listen,
        control=Control(checkpoints=checkpoints, resume=individual.state is not None, ends_after=individual.ends_after),
    )


def _learn_at_once(individual: Individual, model: AtOnce, samples: SharedSamples) -> FitDone:
    inputs, targets = samples.pick(individual.train)
    judging = OwnBatches(samples, individual.judged, JUDGED_AT_ONCE) if len(individual.judged) else None
    return learn_at_once(model, individual.task, Samples(inputs, targets), judging, individual.listen)
