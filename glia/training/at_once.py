"""Training of models that are fitted to all samples at once: one epoch of one step, heard of as any other."""

import time

import torch

from glia.models.samples import AtOnce, Samples
from glia.training.evaluation import outputs_of
from glia.training.events import EpochDone, FitDone, FitStarted, Listener, Warned
from glia.training.protocols import Batches, Task


def learn_at_once(model: AtOnce, task: Task, samples: Samples, validation: Batches | None, listen: Listener) -> FitDone:
    """Fit `model` and judge it by the samples it learned and by those for validation.

    Args:
        model: in place.
        task: for its metrics.
        samples: to learn from.
        validation: to judge by; None: only by what was learned.
        listen: hears FitStarted, EpochDone and FitDone, and the model's remarks.
    """
    begun = time.perf_counter()
    listen(
        FitStarted(
            epochs=1,
            steps_per_epoch=1,
            train_samples=len(samples.targets),
            validation_samples=validation.samples if validation is not None else 0,
            parameters=0,
            device="cpu",
            epoch=0,
            step=0,
        )
    )
    model.learn(samples)
    for remark in model.remarks:
        listen(Warned(remark))
    with torch.no_grad():
        found = task.metrics(model(samples.inputs), samples.targets)
        metrics = {f"train/{name}": value for name, value in found.items()}
        if validation is not None:
            found = task.metrics(*outputs_of(model, validation))
            metrics |= {f"validation/{name}": value for name, value in found.items()}
    seconds = time.perf_counter() - begun
    listen(EpochDone(1, 1, metrics, best=True, seconds=seconds))
    done = FitDone("fitted", 1, 1, 1, seconds, metrics)
    listen(done)
    return done
