from typing import Any

import numpy as np
import pytest
import torch

import glia
from glia.errors import ConfigError
from glia.learner import Learner
from glia.models.building import build
from glia.nn.perceptron import learn
from glia.recipe import from_dict
from tests.nn.test_perceptron import separable


def recipe(**train: Any) -> Any:
    return from_dict({"model": {"name": "perceptron", "bias": False}, "train": train})


def test_the_recipe_is_rosenblatts_unless_told_otherwise() -> None:
    ours = recipe(epochs=3)
    assert (ours.train.optimizer, ours.train.learning_rate, ours.train.batch_size) == ("sgd", 1.0, 1)
    assert ours.task.loss == "perceptron"
    assert recipe(batch_size=32).train.batch_size == 32
    switched = from_dict({}).with_settings({"model.name": "perceptron", "train.batch-size": 7})
    assert (switched.train.batch_size, switched.train.optimizer) == (7, "sgd")
    assert switched.with_settings({"model.name": "mlp", "train.optimizer": "adam"}).train.batch_size == 7


def test_training_is_the_rule_to_the_last_bit() -> None:
    x, y, _ = separable(3)
    network = build("perceptron", {"bias": False}, inputs=(5,), outputs=2, seed=0).double()
    weight = network.output.weight
    weight.data += 0.1  # from zero, the two outputs would be equal at first, and a tie is decided otherwise
    start = weight.detach()[0].clone()
    for _ in range(3):
        for sample, wanted in zip(x, y, strict=True):
            outputs = network(sample[None])
            (gradient,) = torch.autograd.grad((outputs.max(1).values - outputs[:, wanted]).sum(), weight)
            with torch.no_grad():
                weight -= gradient
    assert torch.equal(weight[0], learn(x, y, epochs=3, start=start).weights)


def test_separable_data_is_learned_through_the_front_door(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    x = torch.randn(300, 5, generator=torch.Generator().manual_seed(1))
    x = x[x[:, 0].abs() > 0.8]
    run = glia.train((x.numpy(), np.where(x[:, 0] > 0, "yes", "no")), model="perceptron", epochs=8)
    assert run.metrics("train/accuracy")["value"].iloc[-1] > 0.97
    assert run.params["train.optimizer"] == "sgd"


def test_many_classes_have_a_unit_each() -> None:
    learner = Learner(from_dict({"model": {"name": "perceptron"}, "train": {"epochs": 20}})).fit("iris")
    assert learner.model.output.out_features == 3
    assert learner.evaluate("iris")["accuracy"] > 0.85


def test_a_number_is_not_for_it() -> None:
    with pytest.raises(ConfigError, match="A perceptron tells classes apart"):
        build("perceptron", {}, inputs=(3,), outputs=1, seed=0)
