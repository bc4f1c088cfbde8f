from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from glia.models.building import build
from glia.training.population.individuals import Individual
from glia.training.population.kinds import kind, structure, why_alone
from tests.training.population.parts import classes, pair, perceptron, settings


def individual(model: nn.Module | None = None, **given: Any) -> Individual:
    learned = given.pop("learned", 200)
    task = classes(**given.pop("task", {}))
    return pair(model or perceptron(0), settings(**given), task=task, learned=learned).individual


@pytest.mark.parametrize(
    "given",
    [
        {"learning_rate": 0.5},
        {"momentum": 0.0, "weight_decay": 0.1},
        {"l1": 0.1, "l2": 0.1, "max_norm": 2.0, "gradient_clip": 1.0, "performance_ratio": 0.5},
        {"seed": 7, "epochs": 9, "early_stopping": 3, "keep": "last"},
        {"schedule": "linear", "warmup": 1.0},
        {"task": {"loss": {"name": "cross-entropy", "label_smoothing": 0.2}}},
        {"model": perceptron(1, hidden=[17])},
        {"model": perceptron(1, activation="tanh", dropout=0.2)},
        {"model": perceptron(1, activation={"name": "leaky-relu", "slope": 0.2})},
        {"model": perceptron(1, activation="linear")},
    ],
    ids=str,
)
def test_what_may_differ(given: dict[str, Any]) -> None:
    other = individual(given.pop("model", perceptron(1)), **given)
    assert kind(individual()) == kind(other)
    assert hash(kind(individual())) == hash(kind(other))


def test_layers_of_any_other_network_must_agree() -> None:
    first, second = (nn.Sequential(nn.Linear(6, width), nn.BatchNorm1d(width)) for width in (3, 4))
    assert structure(first) == structure(nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3)))
    assert structure(first) != structure(second)


def test_rows_of_layers_tied_otherwise_are_another_structure() -> None:
    first, second = nn.Linear(6, 6), nn.Linear(6, 6)
    assert structure(nn.Sequential(first, second, first)) != structure(nn.Sequential(first, second, second))


def test_nothing_is_filled_up_where_an_optimizer_would_divide_zero_by_zero() -> None:
    optimizer = {"name": "adam", "eps": 0.0}
    narrow, wide = (individual(perceptron(0, hidden=[width]), optimizer=optimizer) for width in (8, 16))
    assert kind(wide) == kind(individual(optimizer=optimizer))
    assert kind(wide) != kind(narrow)


@pytest.mark.parametrize(
    "given",
    [
        {"batch_size": 32},
        {"optimizer": "sgd"},
        {"optimizer": {"name": "adam", "eps": 1e-3}},
        {"log_every": 7},
        {"penalised": "all"},
        {"learned": 150},
        {"task": {"loss": "kl-divergence"}},
        {"model": perceptron(0, hidden=[16, 16])},
        {"model": perceptron(0, hidden=[])},
        {"model": perceptron(0, activation={"name": "swish", "beta": "learned"})},
        {"model": perceptron(0, activation="softmax")},
        {"model": perceptron(0, bias=False)},
        {"model": perceptron(0, torch.float32)},
    ],
    ids=str,
)
def test_what_must_agree(given: dict[str, Any]) -> None:
    assert kind(individual()) != kind(individual(given.pop("model", None), **given))


@pytest.mark.parametrize(
    "make",
    [
        lambda share: perceptron(0, dropout=share),
        lambda share: build(
            "cnn", {"channels": [4], "spatial_dropout": share + 0.01}, inputs=(1, 8, 8), outputs=3, seed=0
        ),
        lambda share: nn.Sequential(nn.Conv1d(3, 2, 1), nn.Dropout1d(share)),
    ],
)
def test_shares_of_dropout_may_differ(make: Callable[[float], nn.Module]) -> None:
    assert structure(make(0.1)) == structure(make(0.4))
    assert hash(structure(make(0.1))) == hash(structure(make(0.1)))


def test_a_share_that_is_no_layer_of_its_own_must_agree() -> None:
    @dataclass(frozen=True)
    class Config:
        dropout: float

    class Own(nn.Module):
        def __init__(self, share: float) -> None:
            super().__init__()
            self.config, self.output = Config(share), nn.Linear(6, 3)

        def forward(self, x: Tensor) -> Tensor:
            outputs: Tensor = nn.functional.dropout(self.output(x), self.config.dropout, self.training)
            return outputs

    assert structure(Own(0.1)) == structure(Own(0.1))
    assert structure(Own(0.1)) != structure(Own(0.2))


def test_the_same_layers_tied_otherwise_are_another_structure() -> None:
    tied = nn.Linear(6, 6)
    assert structure(nn.Sequential(tied, nn.PReLU(), tied)) != structure(
        nn.Sequential(nn.Linear(6, 6), nn.PReLU(), nn.Linear(6, 6))
    )


def _hooked() -> nn.Module:
    model = perceptron(0)
    model.register_forward_hook(lambda module, given, found: None)
    return model


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"optimizer": "radam"}, "optimizer 'radam'"),
        ({"optimizer": "lbfgs"}, "optimizer 'lbfgs'"),
        ({"optimizer": {"name": "adam", "amsgrad": True}}, "amsgrad"),
        ({"compile": True}, "compile"),
        ({"max_norm": 1.0, "penalised": "all"}, "max_norm"),
        ({"momentum": 0.5}, "refused"),
        ({"augment": ["noise"]}, "train.augment"),
        ({"augment": "nois"}, "refused"),
        ({"model": _hooked()}, "hooks"),
        ({"model": build("tabm", {"members": 2}, inputs=(6,), outputs=3, seed=0)}, "many networks in one"),
        ({"model": build("random-forest", {}, inputs=(6,), outputs=3, seed=0)}, "all samples at once"),
        ({"model": perceptron(0).requires_grad_(False)}, "no weights"),
    ],
    ids=lambda given: str(given)[:30],
)
def test_who_is_trained_alone(given: dict[str, Any], reason: str) -> None:
    one = individual(given.pop("model", None), **given)
    assert reason in why_alone(one)
    assert kind(one) != kind(individual())


def test_networks_at_another_epoch_are_another_kind() -> None:
    from dataclasses import replace

    from glia.training.population.together import fit_together
    from tests.training.population.parts import samples

    one = replace(individual(), last_epoch=2)
    state = fit_together([one], *samples(), states=True, way="stacked")[0].state
    assert kind(one) != kind(replace(one, state=state))
