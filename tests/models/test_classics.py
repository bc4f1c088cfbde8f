"""Small problems that every multilayer perceptron is judged by since Rumelhart, Hinton & Williams, 1986."""

from itertools import product
from typing import Any

import numpy as np
import torch

from glia import recipe as recipes
from glia.learner import Learner

# Every sample there is, learned from at once.
WHOLE_SET = {"train": 1.0, "validation": 0.0, "test": 0.0}


def fitted(data: Any, model: dict[str, Any], train: dict[str, Any], **task: Any) -> Learner:
    train = {"batch_size": "all", "optimizer": "adam", "schedule": "constant", "keep": "last", **train}
    given = {"data": {"split": WHOLE_SET}, "model": model, "train": train, "task": task}
    return Learner(recipes.from_dict(given)).fit(data)


def test_xor_is_learned_with_three_hidden_units() -> None:
    x = np.array(list(product([0.0, 1.0], repeat=2)))
    y = np.array([0.0, 1.0, 1.0, 0.0])
    learned = 0
    for seed in range(10):
        model = {"name": "mlp", "hidden": [3], "activation": "sigmoid"}
        train = {"epochs": 200, "learning_rate": 0.1, "seed": seed}
        learned += np.abs(fitted((x, y), model, train, name="regression").predict(x).values - y).max() < 0.1
    assert learned >= 9  # with two hidden units about half of them end in a minimum that is no solution


def test_the_encoder_finds_a_code_of_its_own() -> None:
    """8-3-8: eight patterns through three units, and out again."""
    x, y = np.eye(8), np.array(list("abcdefgh"))
    learned, codes = 0, []
    for seed in range(20):
        model = {"name": "layers", "layers": [{"dense": 3}, "sigmoid", {"dense": 8}, "sigmoid"]}
        train = {"epochs": 250, "learning_rate": 0.1, "seed": seed}
        learner = fitted((x, y), model, train, loss="squared-error")
        learned += bool((learner.predict(x).values == y).all())
        inputs = learner.preprocessing.encode(learner.preprocessing.read(x))
        code = learner.model.layers[:2](inputs)  # type: ignore[index]
        codes.append(len(torch.unique(code.round(decimals=1), dim=0)))
    assert learned >= 16
    assert codes.count(8) >= 16  # a pattern of its own for each


def test_symmetry_is_seen_by_two_hidden_units() -> None:
    """Hinton's network: is a row of six zeros and ones its own mirror image?

    Its hidden units read both halves with opposite signs, and the weights of a half are as 1 : 2 : 4, so that each of
    its eight patterns has a sum of its own, which only its mirror image takes away. (Published: 1 : 1.994 : 3.969.)
    """
    x = np.array(list(product([0.0, 1.0], repeat=6)))
    y = np.where((x == x[:, ::-1]).all(axis=1), "symmetric", "not")
    ratios = []
    for seed in range(4):
        model = {
            "name": "mlp",
            "hidden": [2],
            "activation": "sigmoid",
            "initialisation": {"name": "uniform", "bound": 0.3},
        }
        train = {"epochs": 1425, "optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.1, "seed": seed}
        learner = fitted((x, y), model, train)
        assert (learner.predict(x).values == y).all()
        weight = learner.model.hidden[0].weight.detach().numpy()  # type: ignore[index,union-attr]
        np.testing.assert_allclose(weight[:, :3], -weight[:, :2:-1], atol=0.05)
        sizes = np.sort(np.abs(weight[:, :3]), axis=1)
        ratios.append(sizes / sizes[:, :1])
    close = [np.allclose(ratio, [1, 2, 4], rtol=0.05) for ratio in ratios]
    assert sum(close) >= 2, ratios  # the others found sums that differ, too, but not as evenly
