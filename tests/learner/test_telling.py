"""Metrics that have no value are told of, not shown as one."""

from math import nan

import numpy as np
import pytest

from glia.data.opening import open_dataset
from glia.data.splits import Division
from glia.learner import Learner
from glia.learner.streamed import remarks
from glia.learner.telling import defined
from glia.recipe import Recipe
from glia.training.events import EpochDone, Event

DIVISION = Division(np.arange(8), np.array([8]), np.array([9]), "by hand")


@pytest.mark.parametrize("model", ["ridge", "mlp"])
def test_one_sample_has_no_r2_and_that_is_said(model: str) -> None:
    heard: list[Event] = []
    dataset = open_dataset({"x": np.arange(10.0), "y": np.arange(10.0) ** 1.5}, target="y")
    recipe = Recipe().with_settings({"model.name": model, "train.epochs": 1})
    learner = Learner(recipe).prepare(dataset, division=DIVISION).train(listen=heard.append)
    (epoch,) = [event for event in heard if isinstance(event, EpochDone)]
    assert {"validation/loss", "validation/rmse"} < epoch.metrics.keys()
    assert "validation/r2" not in epoch.metrics
    assert "r2" not in learner.evaluate(dataset, rows=DIVISION.test)
    assert "r2" in learner.evaluate(dataset, rows=DIVISION.train)
    assert remarks(learner, dataset) == [
        "There is no r2 of 1 sample, which validation has: it is left out.",
        "There is no r2 of 1 sample, which test has: it is left out.",
    ]


def test_what_diverged_is_still_shown() -> None:
    lost = {"train/loss": 0.1, "train/r2": 0.5, "validation/loss": nan, "validation/r2": nan}
    assert defined(lost) == lost
