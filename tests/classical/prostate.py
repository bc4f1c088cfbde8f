"""The prostate data of Hastie, Tibshirani & Friedman, 2009, table 3.3, and samples of one's own."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from glia.classical.model import ClassicalModel
from glia.models.building import build
from glia.models.samples import Column, Samples

Floats = NDArray[np.float64]


def samples_of(x: Floats, y: Floats, names: tuple[str, ...] = ()) -> Samples:
    """Columns of numbers as they are, and the target standardised as the task does it."""
    names = names or tuple("abcdefghijklmnop"[: x.shape[1]])
    mean, deviation = float(y.mean()), float(y.std())
    return Samples(
        inputs=torch.tensor(x, dtype=torch.float64),
        targets=torch.tensor((y - mean) / deviation, dtype=torch.float64),
        columns=tuple(Column(name, "numbers", at) for at, name in enumerate(names)),
        features=names,
        mean=mean,
        deviation=deviation,
        target="y",
    )


def fitted(name: str, samples: Samples, seed: int = 0, **options: Any) -> Any:
    """A classical model that has learned."""
    model = build(name, options, inputs=(samples.inputs.shape[1],), outputs=1, seed=seed)
    assert isinstance(model, ClassicalModel)
    model.learn(samples)
    return model


class Prostate:
    """67 men to learn from, 30 to test by; standardised over all 97, as the book does it."""

    def __init__(self, mirror: Path) -> None:
        table = pd.read_csv(mirror / "esl" / "prostate.data", sep="\t", index_col=0)
        x = table.iloc[:, :8]
        x = (x - x.mean()) / x.std()
        learned = (table["train"] == "T").to_numpy()
        y = table["lpsa"].to_numpy()
        self.names = tuple(x.columns)
        self.x, self.y = x.to_numpy()[learned], y[learned]
        self.samples = samples_of(self.x, self.y, self.names)
        self.unseen, self.truth = x.to_numpy()[~learned].copy(), y[~learned]

    def error(self, model: Any) -> float:
        """The mean squared error on the test part."""
        outputs = model(torch.from_numpy(self.unseen)).numpy()[:, 0]
        return float(np.mean((outputs * self.samples.deviation + self.samples.mean - self.truth) ** 2))

    def weights(self, model: Any) -> Floats:
        """Of a penalised model in the target's units."""
        return np.asarray(model.estimator.weights_ * self.samples.deviation)
