"""Network k of a stack is the network trained alone: its weights, its events."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from glia.models.building import build
from glia.nn.dropout import WideDropout
from glia.nn.random import reseed
from glia.training.events import EpochDone
from glia.training.population.together import fit_together
from tests.training.population.parts import (
    classes,
    frozen,
    pair,
    perceptron,
    require_law,
    samples,
    settings,
    train_twin,
)

CASES: dict[str, list[dict[str, Any]]] = {
    "rates": [{"learning_rate": rate} for rate in (0.001, 0.01, 0.1)],
    "seeds": [{"seed": seed} for seed in (3, 4, 3)],
    "sgd": [{"optimizer": "sgd", "learning_rate": rate} for rate in (0.01, 0.1)],
    "momentum": [{"optimizer": "sgd", "momentum": share, "learning_rate": 0.05} for share in (0.0, 0.5, 0.9)],
    "dampening": [
        {"optimizer": {"name": "sgd", "dampening": 0.3}, "momentum": share, "learning_rate": 0.05}
        for share in (0.0, 0.9)
    ],
    "nesterov": [
        {"optimizer": {"name": "sgd", "nesterov": True}, "momentum": share, "weight_decay": 0.01}
        for share in (0.3, 0.9)
    ],
    "rmsprop": [{"optimizer": "rmsprop", "momentum": share, "weight_decay": share / 10} for share in (0.0, 0.9)],
    "rmsprop-centered": [
        {"optimizer": {"name": "rmsprop", "centered": True}, "learning_rate": rate} for rate in (0.001, 0.01)
    ],
    "adam": [
        {"optimizer": {"name": "adam", "betas": [0.8, 0.99], "eps": 1e-6}, "weight_decay": decay}
        for decay in (0.0, 0.01, 0.1)
    ],
    "adamw": [{"optimizer": "adamw", "weight_decay": decay} for decay in (0.0, 0.05, 0.5)],
    "adamax": [{"optimizer": "adamax", "weight_decay": decay, "learning_rate": 0.02} for decay in (0.0, 0.05)],
    "adagrad": [
        {"optimizer": {"name": "adagrad", "lr_decay": 0.01, "initial_accumulator_value": 0.1}, "weight_decay": decay}
        for decay in (0.0, 0.05)
    ],
    "adadelta": [{"optimizer": "adadelta", "weight_decay": decay} for decay in (0.0, 0.05)],
    "decay-of-all": [{"optimizer": "adamw", "weight_decay": decay, "penalised": "all"} for decay in (0.05, 0.5)],
    "l1-and-l2": [{"l1": 0.0}, {"l1": 0.01}, {"l2": 0.02}, {"l1": 0.003, "l2": 0.001}],
    "penalties-of-all": [{"l1": 0.01, "penalised": "all"}, {"l2": 0.02, "penalised": "all"}],
    "performance-ratio": [{"performance_ratio": share} for share in (0.0, 0.1, 0.9)],
    "max-norm": [{"max_norm": longest} for longest in (0.0, 0.4, 1.0)],
    "clip": [{"gradient_clip": longest, "optimizer": "sgd", "learning_rate": 0.3} for longest in (0.0, 0.1, 1.0)],
    "schedules": [
        {"schedule": "constant"},
        {"schedule": "cosine", "warmup": 1.5},
        {"schedule": {"name": "step", "every": 2}},
        {"schedule": {"name": "lambda", "factor": "0.9 ** t"}},
    ],
    "epochs": [{"epochs": epochs} for epochs in (4, 2, 6, 1)],
    "early-stopping": [
        {"epochs": 30, "learning_rate": 0.1, "early_stopping": 2},
        {"epochs": 30, "learning_rate": 0.1, "early_stopping": {"name": "rising", "epochs": 2}},
        {"epochs": 8, "learning_rate": 0.1, "early_stopping": 0},
        {
            "epochs": "auto",
            "learning_rate": 0.1,
            "early_stopping": {"name": "no-improvement", "epochs": 3, "least": 0.01},
        },
    ],
    "keep": [{"keep": "best", "learning_rate": 0.3, "epochs": 7}, {"keep": "last", "learning_rate": 0.3, "epochs": 7}],
    "reports": [{"log_every": 1}, {"log_every": 1, "seed": 2}],
    "last-batch-joined": [{"batch_size": 199}, {"batch_size": 199, "seed": 2}],
    "whole-batches": [{"batch_size": 50}, {"batch_size": 50, "seed": 2}],
    "all-at-once": [{"batch_size": "all", "epochs": 20}, {"batch_size": "all", "epochs": 10}],
}


@pytest.mark.parametrize("case", CASES)
def test_settings(case: str) -> None:
    pairs = [
        pair(perceptron(number), settings(**{"seed": number, **given}), fold=number)
        for number, given in enumerate(CASES[case])
    ]
    require_law(pairs, *samples())


@pytest.mark.parametrize("case", ["momentum", "adam", "schedules"])
def test_settings_in_single_precision(case: str) -> None:
    inputs, targets = samples(torch.float32)
    pairs = [pair(perceptron(number, torch.float32), settings(**given)) for number, given in enumerate(CASES[case])]
    require_law(pairs, inputs, targets)


@pytest.mark.parametrize("case", ["momentum", "adam", "l1-and-l2", "max-norm", "clip", "epochs", "keep"])
def test_settings_of_any_network(case: str) -> None:
    """As one by torch.func, with buffers that change."""
    pairs = [
        pair(normalised(number), settings(**{"seed": number, **given}), fold=number)
        for number, given in enumerate(CASES[case])
    ]
    require_law(pairs, *samples())


def normalised(seed: int, share: float = 0.3) -> nn.Module:
    reseed(seed)
    layers = [nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(share), nn.Linear(16, 3)]
    return nn.Sequential(*layers).double()


def convolutional(seed: int) -> nn.Module:
    reseed(seed)
    layers = [
        nn.Unflatten(1, (1, 2, 3)),
        nn.Conv2d(1, 4, 2, padding=1),
        nn.BatchNorm2d(4),
        nn.Dropout2d(0.1 * (seed + 1)),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(8, 3),
    ]
    return nn.Sequential(*layers).double()


def twice_the_same(seed: int) -> nn.Module:
    reseed(seed)
    tied = nn.Linear(6, 6)
    return nn.Sequential(tied, nn.PReLU(), nn.LayerNorm(6), tied, nn.Dropout(0.2), nn.Linear(6, 3)).double()


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "dropout": lambda seed: perceptron(seed, hidden=[16, 8], dropout=0.1 + 0.2 * seed),
    "dropout-of-some": lambda seed: perceptron(seed, dropout=0.25 * seed),
    "wide-dropout": lambda seed: nn.Sequential(
        nn.Dropout(0.1), perceptron(seed), WideDropout(0.1 * seed), nn.Dropout(0.2), nn.Linear(3, 3).double()
    ),
    "no-bias": lambda seed: perceptron(seed, bias=False, activation="tanh"),
    "gelu": lambda seed: perceptron(seed, hidden=[8, 8, 8], activation="gelu"),
    "swish": lambda seed: perceptron(seed, activation="swish"),
    "learned-swish": lambda seed: perceptron(seed, activation={"name": "swish", "beta": "learned"}),
    "softmax": lambda seed: perceptron(seed, activation="softmax"),
    "batch-norm": lambda seed: normalised(seed, 0.1 * seed),
    "convolutions": convolutional,
    "tied": twice_the_same,
    "frozen": lambda seed: frozen(perceptron(seed)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str) -> None:
    pairs = [
        pair(NETWORKS[name](seed), settings(seed=seed, optimizer="adamw", weight_decay=0.01)) for seed in (0, 1, 2)
    ]
    require_law(pairs, *samples())


FAMILIES: dict[str, dict[str, Any]] = {
    "cnn": {"channels": [4], "hidden": [8], "spatial_dropout": 0.1},
    "realmlp": {"hidden": [16, 16]},
    "residual-mlp": {"width": 16},
}


@pytest.mark.parametrize("name", FAMILIES)
def test_families(name: str) -> None:
    inputs, targets = samples()
    pictures = torch.cat([inputs, inputs.sin(), inputs[:, :4]], 1).view(-1, 1, 4, 4)
    given = pictures if name == "cnn" else inputs
    shape = tuple(given.shape[1:])
    pairs = [
        pair(
            build(name, {**FAMILIES[name], "dropout": 0.1 * (1 + seed)}, inputs=shape, outputs=3, seed=seed).double(),
            settings(seed=seed, epochs=2, optimizer="adamw"),
        )
        for seed in range(2)
    ]
    require_law(pairs, given, targets)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["dropout", "batch-norm"])
def test_networks_on_a_gpu(name: str) -> None:
    """Which draws and rounds as it likes: the losses agree, not each weight."""
    inputs, targets = (each.cuda() for each in samples(torch.float32))
    pairs = [pair(NETWORKS[name](seed).float().cuda(), settings(seed=seed, epochs=2)) for seed in range(3)]
    outcomes = fit_together([each.individual for each in pairs], inputs, targets, way="stacked")
    for each, outcome in zip(pairs, outcomes, strict=True):
        assert outcome.error is None
        train_twin(each, inputs, targets)
        mine, its = each.told[-2], each.twin_told[-2]
        assert isinstance(mine, EpochDone)
        assert isinstance(its, EpochDone)
        assert mine.metrics["validation/loss"] == pytest.approx(its.metrics["validation/loss"], rel=0.05)


TASKS: dict[str, list[dict[str, Any]]] = {
    "smoothing": [{"loss": {"name": "cross-entropy", "label_smoothing": share}} for share in (0.0, 0.1, 0.3)],
    "class-weights": [{"class_weight": "balanced"}, {"class_weight": {"0": 1.0, "1": 4.0, "2": 0.5}}],
    "both": [
        {"class_weight": "balanced", "loss": {"name": "cross-entropy", "label_smoothing": share}} for share in (0, 0.2)
    ],
    "kl-divergence": [{"loss": "kl-divergence"}, {"loss": "kl-divergence"}],
    "kl-divergence-smoothed": [{"loss": {"name": "kl-divergence", "label_smoothing": share}} for share in (0.0, 0.2)],
    "metrics": [{"metrics": ["accuracy"]}, {"metrics": ["macro-f1", "log-loss"]}],
}


@pytest.mark.parametrize("name", TASKS)
def test_tasks(name: str) -> None:
    pairs = [
        pair(perceptron(number), settings(seed=number), fold=number, task=classes(**given))
        for number, given in enumerate(TASKS[name])
    ]
    require_law(pairs, *samples())
