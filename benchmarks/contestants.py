"""One training loop timed by itself: `python contestants.py CONTESTANT CASE DATA.npz` prints samples per second.

Every contestant trains the same network on the same samples with Adam, in batches of the same size, shuffled anew each
epoch. What is timed is whole epochs after the first, so that compiling and warming up count for nobody. Each peer is
imported where it is used: this file runs in environments that have one of them only.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset


@dataclass(frozen=True)
class Case:
    """What is trained, and on how much."""

    batch_size: int
    epochs: int  # the first is not timed


CASES = {
    "guide": Case(batch_size=128, epochs=3),  # the guide's two convolutions on MNIST
    "small": Case(batch_size=32, epochs=31),  # 64-128-10 on scikit-learn's digits: the loop itself is the cost
}


@dataclass
class Clock:
    """The moments at which epochs ended."""

    samples: int  # in an epoch
    ends: list[float] = field(default_factory=list)

    def epoch_over(self, *_: object) -> None:
        """What a contestant calls, or is told to call, after each epoch."""
        self.ends.append(time.perf_counter())

    def samples_per_second(self) -> float:
        """Over all epochs but the first."""
        return (len(self.ends) - 1) * self.samples / (self.ends[-1] - self.ends[0])


def network(case: str) -> nn.Module:
    """The network of a case, in plain torch."""
    if case == "small":
        return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    convolutions = (nn.Conv2d(1, 64, 3), nn.ReLU(), nn.Conv2d(64, 32, 3), nn.ReLU())
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(32 * 24 * 24, 10))


def tensors(inputs: "np.ndarray[Any, Any]", targets: "np.ndarray[Any, Any]") -> tuple[Tensor, Tensor]:
    """The samples as torch takes them."""
    return torch.from_numpy(inputs).contiguous(), torch.from_numpy(targets)


def bare(case: str, inputs: Any, targets: Any, clock: Clock) -> None:
    """The least there can be: tensors indexed by a permutation, one fused step."""
    x, y = tensors(inputs, targets)
    model, size = network(case), CASES[case].batch_size
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    for _ in range(CASES[case].epochs):
        order = torch.randperm(len(x))
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            optimizer.zero_grad()
            cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
        clock.epoch_over()


def loader(case: str, inputs: Any, targets: Any, clock: Clock) -> None:
    """The loop of PyTorch's tutorials."""
    batches = DataLoader(TensorDataset(*tensors(inputs, targets)), batch_size=CASES[case].batch_size, shuffle=True)
    model = network(case)
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(CASES[case].epochs):
        for x, y in batches:
            optimizer.zero_grad()
            cross_entropy(model(x), y).backward()
            optimizer.step()
        clock.epoch_over()


def lightning(case: str, inputs: Any, targets: Any, clock: Clock) -> None:
    """Lightning with everything off that is not training."""
    import lightning as L
    from lightning.pytorch.callbacks import Callback

    class Ends(Callback):
        def on_train_epoch_end(self, *_: object) -> None:
            clock.epoch_over()

    class Module(L.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.network = network(case)

        def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
            return cross_entropy(self.network(batch[0]), batch[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters())

    batches = DataLoader(TensorDataset(*tensors(inputs, targets)), batch_size=CASES[case].batch_size, shuffle=True)
    off = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = L.Trainer(accelerator="cpu", max_epochs=CASES[case].epochs, callbacks=[Ends()], **off)
    trainer.fit(Module(), batches)


def keras(case: str, inputs: Any, targets: Any, clock: Clock) -> None:
    """Keras 3 on torch, fed with NumPy arrays as its guide does."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    dense = keras.layers.Dense(10, activation="softmax")
    if case == "small":
        layers = [keras.layers.Dense(128, activation="relu"), dense]
    else:
        inputs = np.moveaxis(inputs, 1, -1)
        convolutions = [keras.layers.Conv2D(filters, 3, activation="relu") for filters in (64, 32)]
        layers = [*convolutions, keras.layers.Flatten(), dense]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy")
    ends = keras.callbacks.LambdaCallback(on_epoch_end=clock.epoch_over)
    options = {"batch_size": CASES[case].batch_size, "epochs": CASES[case].epochs}
    model.fit(inputs, targets, verbose=0, callbacks=[ends], **options)


def glia_loop(case: str, inputs: Any, targets: Any, clock: Clock, *, compile: bool = False) -> None:
    """Glia's loop by itself, with the recipe's defaults: losses and accuracies are kept, as a user gets them."""
    from glia.data.batches import TensorBatches, channels_last
    from glia.models import build
    from glia.nn.random import permutation
    from glia.recipe import TaskRecipe, TrainRecipe
    from glia.tasks import fit_task
    from glia.training.events import EpochDone
    from glia.training.loop import fit

    size, epochs = CASES[case].batch_size, CASES[case].epochs
    pictures = case == "guide"
    options = {} if pictures else {"hidden": [128]}
    model = build("cnn/guide" if pictures else "mlp", options, inputs=inputs.shape[1:], outputs=10, seed=0)
    together = pictures and not compile  # as glia.learner lays them out
    if together:
        model.to(memory_format=torch.channels_last)
    task = fit_task(TaskRecipe(name="classification"), targets, name="digit")
    x, y = torch.from_numpy(inputs), task.encode(targets)
    finish = channels_last if together else None
    batches = TensorBatches(x, y, batch_size=size, order=lambda epoch: permutation(0, epoch, len(x)), finish=finish)
    settings = TrainRecipe(epochs=epochs, batch_size=size, compile=compile)
    fit(model, task, batches, None, settings, listen=lambda event: isinstance(event, EpochDone) and clock.epoch_over())


def glia_compiled(case: str, inputs: Any, targets: Any, clock: Clock) -> None:
    """The same with `train.compile=true`."""
    glia_loop(case, inputs, targets, clock, compile=True)


def glia_train(case: str, inputs: Any, targets: Any, clock: Clock) -> None:
    """The whole of `glia.train` on pictures or a table: validation on part of them, checkpoints, the record."""
    import glia

    samples = (inputs[:, 0] * 255).round().astype(np.uint8) if case == "guide" else inputs
    glia.train(
        (samples, targets),
        model="cnn/guide" if case == "guide" else "mlp",
        epochs=CASES[case].epochs,
        settings={"train.batch_size": CASES[case].batch_size},
        on={"FitStarted": lambda event: setattr(clock, "samples", event.train_samples), "EpochDone": clock.epoch_over},
    )


CONTESTANTS: dict[str, Callable[[str, Any, Any, Clock], None]] = {
    "bare": bare,
    "loader": loader,
    "lightning": lightning,
    "keras": keras,
    "glia": glia_loop,
    "glia-compiled": glia_compiled,
    "glia-train": glia_train,
}


def main(contestant: str, case: str, data: str) -> None:
    """Print the samples per second of one contestant."""
    with np.load(data) as arrays:
        inputs, targets = arrays["inputs"], arrays["targets"]
    clock = Clock(len(inputs))
    CONTESTANTS[contestant](case, inputs, targets, clock)
    print(json.dumps(clock.samples_per_second()))


if __name__ == "__main__":
    main(*sys.argv[1:])
