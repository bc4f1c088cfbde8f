"""Runs as training would have recorded them, made by arithmetic in moments."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from glia import pictures
from glia.recipe import Recipe
from glia.tracking.recording.recorder import RunRecorder

STEPS_PER_EPOCH = 40


@contextmanager
def training(home: Path, *, project: str = "digits", name: str | None = None, **settings: Any) -> Iterator[RunRecorder]:
    """A run that goes on until the block ends; its process is this one."""
    recipe = Recipe().with_settings({"data.name": "digits", "model.name": "cnn", "train.epochs": 8, **settings})
    recorder = RunRecorder.create(home, project=project, name=name, params=recipe.params(), recipe_toml=recipe.toml())
    recorder.data(version="7c1d0a52e9b3f468", name="digits", samples=1797)
    for phase in ("train", "validation"):
        recorder.define(f"{phase}/loss", "lower")
        recorder.define(f"{phase}/accuracy", "higher")
    try:
        yield recorder
    finally:
        recorder.close()


def log_epochs(recorder: RunRecorder, epochs: range, *, seed: int = 0, learning_rate: float = 1e-3) -> None:
    """What the loop logs in those epochs (from 1): a loss every four steps, the metrics at the end of each."""
    noise = random.Random(seed * 1000 + epochs.start)
    speed = 1.2 * (learning_rate / 1e-3) ** 0.3
    for epoch in epochs:
        for step in range((epoch - 1) * STEPS_PER_EPOCH + 4, epoch * STEPS_PER_EPOCH + 1, 4):
            progress = 1 + speed * step / 25
            values = {
                "train/loss": 2.3 / progress + abs(noise.gauss(0, 0.25 / progress)),
                "train/learning_rate": learning_rate,
            }
            recorder.log(values, step=step)
        loss = (
            2.2 / (1 + speed * epoch * STEPS_PER_EPOCH / 28) + 0.002 * max(0, epoch - 6) ** 2 + noise.uniform(0, 0.01)
        )
        values = {
            "train/accuracy": 1 - loss / 2.6,
            "validation/loss": loss,
            "validation/accuracy": 1 - loss / 2.3 - noise.uniform(0, 0.01),
            "train/epoch": float(epoch),
        }
        recorder.log(values, step=epoch * STEPS_PER_EPOCH)


def finish(recorder: RunRecorder, *, best_epoch: int, values: dict[str, float]) -> None:
    """The end of a run that went well: its result and its pictures."""
    recorder.summary({**values, "epoch": best_epoch})
    add_picture(recorder, "validation/confusion", confusion(10))
    recorder.state("done", "epochs")


def add_picture(recorder: RunRecorder, name: str, picture: pictures.Picture, step: int | None = None) -> None:
    """Record a picture as plain numbers and words."""
    data = json.dumps(pictures.to_dict(picture)).encode()
    recorder.media(name, data, suffix=".json", kind="picture", step=step)


def confusion(classes: int) -> pictures.Matrix:
    """A confusion matrix with most samples on its diagonal."""
    random = np.random.default_rng(3)
    counts = random.poisson(0.25, (classes, classes)) + np.diag(random.integers(22, 30, classes))
    labels = tuple(str(label) for label in range(classes))
    return pictures.Matrix(
        title="Confusion matrix",
        x="predicted",
        y="true",
        columns=labels,
        rows=labels,
        values=tuple(tuple(float(count) for count in row) for row in counts),
    )


def scatter(points: int = 300) -> pictures.Points:
    """Predicted against true, with some scatter."""
    random = np.random.default_rng(5)
    true = random.uniform(25, 340, points)
    predicted = true + random.normal(0, 30, points)
    groups = (("validation", tuple(true.tolist()), tuple(predicted.tolist())),)
    return pictures.Points(title="Predicted against true", x="true", y="predicted", groups=groups, diagonal=True)
