"""The law for networks of other widths and functions in one stack: zeros beside them change nothing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from glia.models.building import build
from glia.nn.dropout import WideDropout
from glia.nn.random import reseed
from glia.training.diverged import DivergenceError
from glia.training.events import EpochDone, Warned
from glia.training.population import fitting
from glia.training.population.stack import Stack
from glia.training.population.together import Way, fit_together
from tests.training.population.parts import (
    frozen,
    pair,
    perceptron,
    require_law,
    require_same_events,
    require_same_weights,
    samples,
    settings,
    short_of_memory,
    train_twin,
)
from tests.training.population.test_law import CASES
from tests.training.population.test_together import OPTIMIZERS

SHAPES: list[dict[str, Any]] = [
    {"hidden": [16], "activation": "relu"},
    {"hidden": [5], "activation": "sigmoid", "dropout": 0.2},
    {"hidden": [11], "activation": "tanh", "dropout": 0.4},
    {"hidden": [8], "activation": "sigmoid"},
]
ALL_SAME = {"rates", "seeds", "sgd", "dampening", "schedules", "reports", "whole-batches", "all-at-once"}
"""Cases that say no more of other widths than those that are left."""


def mixed(seed: int, dtype: torch.dtype = torch.float64, **options: Any) -> nn.Module:
    return perceptron(seed, dtype, **{**SHAPES[seed % len(SHAPES)], **options})


@pytest.mark.parametrize("case", sorted(set(CASES) - ALL_SAME))
def test_settings(case: str) -> None:
    recipes = [settings(**{"seed": number, "epochs": 2, **given}) for number, given in enumerate(CASES[case])]
    recipes = [*recipes, *(replace(recipe, seed=7) for recipe in recipes)][:4]
    require_law([pair(mixed(place), each, fold=place) for place, each in enumerate(recipes)], *samples())


def test_in_single_precision() -> None:
    inputs, targets = samples(torch.float32)
    require_law([pair(mixed(seed, torch.float32), settings(seed=seed)) for seed in range(4)], inputs, targets)


def _with_functions(seed: int) -> nn.Module:
    """Functions beside none, before and behind dropout, one after the other, in place; inputs left out."""
    reseed(seed)
    between: list[list[nn.Module]] = [
        [nn.ReLU(inplace=True)],
        [nn.Dropout(0.3)],
        [nn.Dropout(0.2), nn.Tanh(), nn.Softplus(), WideDropout(0.1), nn.Dropout(0.1)],
        [nn.Sigmoid(), nn.ReLU(inplace=True)],
    ]
    first: list[nn.Module] = [nn.Dropout(0.1)] * (seed % 2)
    width = 3 + 4 * seed
    return nn.Sequential(*first, nn.Linear(6, width), *between[seed], nn.Linear(width, 3)).double()


def _tied(seed: int) -> nn.Module:
    reseed(seed)
    width = (4, 9)[seed % 2]
    twice = nn.Linear(width, width)
    layers = [nn.Linear(6, width), nn.Sigmoid(), twice, nn.Tanh(), twice, nn.Sigmoid(), nn.Linear(width, 3)]
    return nn.Sequential(*layers).double()


NETWORKS: dict[str, Callable[[int], nn.Module]] = {
    "layers": lambda seed: perceptron(seed, hidden=[[4, 9, 16], [16, 3, 5], [7, 7, 7], [1, 16, 2]][seed], dropout=0.2),
    "functions": _with_functions,
    "what-makes-something-of-zero": lambda seed: perceptron(
        seed,
        hidden=[9 - seed, 4 + seed],
        activation=[
            "softplus",
            {"name": "step", "gradient": "straight-through"},
            "sigmoid",
            {"name": "capped-relu", "threshold": 0.5, "slope": 0.1},
        ][seed],
    ),
    "slopes": lambda seed: perceptron(
        seed, hidden=[9 - seed], activation={"name": "leaky-relu", "slope": 0.1 * (1 + seed)}
    ),
    "none-and-some": lambda seed: perceptron(
        seed, hidden=[4 + seed], activation=["linear", "gelu", "linear", "elu"][seed], dropout=0.1 * seed
    ),
    "no-bias": lambda seed: perceptron(seed, hidden=[4 + 3 * seed], activation="sigmoid", bias=False),
    "tied": _tied,
    "frozen": lambda seed: frozen(mixed(seed)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name: str) -> None:
    recipes = [settings(seed=seed, epochs=2, optimizer="adamw", weight_decay=0.01) for seed in range(4)]
    require_law([pair(NETWORKS[name](seed), recipe) for seed, recipe in enumerate(recipes)], *samples())


def test_inputs_of_any_shape() -> None:
    inputs, targets = samples()
    shapes = [{"hidden": [5], "dropout": 0.2}, {"hidden": [9], "activation": "sigmoid"}]
    models = [build("mlp", options, inputs=(2, 3), outputs=3, seed=0).double() for options in shapes]
    require_law([pair(model, settings()) for model in models], inputs.view(-1, 2, 3), targets)


@pytest.mark.parametrize(
    ("given", "ways"),
    [
        *((given, ("stacked", "stacked")) for given in OPTIMIZERS),
        (OPTIMIZERS[0], ("stacked", "alone")),
        (OPTIMIZERS[0], ("alone", "stacked")),
    ],
    ids=str,
)
def test_a_fit_left_after_some_epochs_goes_on_as_if_it_never_was(given: dict[str, Any], ways: tuple[Way, Way]) -> None:
    pairs = [pair(mixed(seed), settings(seed=seed, epochs=5, early_stopping=4, **given)) for seed in range(3)]
    halves = [replace(each.individual, last_epoch=2) for each in pairs]
    first = fit_together(halves, *samples(), states=True, way=ways[0])
    rest = [
        replace(each.individual, model=mixed(seed), state=outcome.state)
        for seed, (each, outcome) in enumerate(zip(pairs, first, strict=True))
    ]
    outcomes = fit_together(rest, *samples(), states=True, way=ways[1])
    assert {outcome.together for outcome in outcomes} == {3 if ways[1] == "stacked" else 1}
    for each, one, outcome in zip(pairs, rest, outcomes, strict=True):
        train_twin(each, *samples())
        require_same_weights(one.model, each.twin)
        epochs = [event for event in each.told if isinstance(event, EpochDone)]
        require_same_events(epochs, [event for event in each.twin_told if isinstance(event, EpochDone)], 1e-6)
        assert outcome.state is not None
        shapes = {tuple(tensor.shape) for tensor in outcome.state.optimizer.values()}
        assert shapes <= {tuple(parameter.shape) for parameter in one.model.parameters()} | {()}
        require_same_names_and_shapes(outcome.state.model, one.model)


def require_same_names_and_shapes(found: Any, model: nn.Module) -> None:
    assert {name: each.shape for name, each in found.items()} == {
        name: each.shape for name, each in model.state_dict().items()
    }


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "adam", "l1": 0.01, "weight_decay": 0.1},
        {"optimizer": {"name": "sgd", "nesterov": True}, "momentum": 0.9, "max_norm": 0.5, "penalised": "weights"},
        {"optimizer": "adamax", "gradient_clip": 0.1, "l2": 0.1, "penalised": "all"},
        {"optimizer": "rmsprop", "performance_ratio": 0.5},
    ],
    ids=str,
)
def test_what_is_filled_up_stays_zero(given: dict[str, Any]) -> None:
    some = [pair(mixed(seed), settings(seed=seed, **given)).individual for seed in range(4)]
    inputs, targets = samples()
    stack = Stack(some, inputs[:16], targets[:16], lambda message: None)
    for number in range(1, 6):
        rates = torch.full((4,), 0.1)
        stack.learn(inputs[:16], targets[:16], rates, number, seeds=range(number, number + 4), apart=False)
    for place, filled in enumerate(stack._weights):
        parameters = [list(one.model.parameters())[place] for one in some]
        assert any(_beyond(torch.ones_like(filled[0]), own).any() for own in parameters) or place == 3
        assert not any(_beyond(each, own).any() for each, own in zip(filled.detach(), parameters, strict=True))


def _beyond(filled: Tensor, own: Tensor) -> Tensor:
    rest = filled.clone()
    rest[tuple(slice(size) for size in own.shape)] = 0
    return rest


def test_the_stack_becomes_narrower_when_the_widest_have_left(monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[tuple[int, int]] = []
    keep = Stack.keep

    def kept(self: Stack, places: list[int]) -> None:
        keep(self, places)
        state = self._optimizer._states[0]["exp_avg"]
        assert state.shape == self._weights[0].shape == self._best[0].shape
        widths.append((len(self), self._weights[0].shape[1]))

    monkeypatch.setattr(fitting.Stack, "keep", kept)
    recipes = [settings(epochs=epochs, seed=epochs, weight_decay=0.01) for epochs in (2, 6, 3, 4)]
    require_law([pair(mixed(place), recipe) for place, recipe in enumerate(recipes)], *samples())
    assert widths == [(3, 11), (2, 8), (1, 5)]


def test_one_that_diverges_leaves_narrower_ones_alone() -> None:
    recipes = [settings(seed=seed, optimizer="sgd", learning_rate=1e200 if seed == 0 else 0.01) for seed in range(4)]
    pairs = [pair(mixed(seed), recipe) for seed, recipe in enumerate(recipes)]
    outcomes = fit_together([each.individual for each in pairs], *samples(), way="stacked")
    assert isinstance(outcomes[0].error, DivergenceError)
    with pytest.raises(DivergenceError) as alone:
        train_twin(pairs[0], *samples())
    assert str(outcomes[0].error) == str(alone.value)
    for each in pairs[1:]:
        train_twin(each, *samples())
        require_same_weights(each.individual.model, each.twin)


def test_parts_that_memory_suffices_for(monkeypatch: pytest.MonkeyPatch) -> None:
    short_of_memory(monkeypatch, most=3)
    pairs = [pair(mixed(seed), settings(seed=seed)) for seed in range(5)]
    outcomes = fit_together([each.individual for each in pairs], *samples(), way="stacked")
    assert [outcome.together for outcome in outcomes] == [5] * 5
    for each in pairs:
        assert any(isinstance(event, Warned) for event in each.told)
        train_twin(each, *samples())
        require_same_weights(each.individual.model, each.twin)


def test_other_widths_over_inputs_that_are_no_rows_are_trained_one_after_the_other() -> None:
    def sequential(width: int) -> nn.Module:
        reseed(width)
        return nn.Sequential(nn.Linear(3, width), nn.ReLU(), nn.Linear(width, 1), nn.Flatten()).double()

    inputs, targets = samples()
    inputs, targets = torch.cat([inputs, inputs[:, :3]], 1).view(-1, 3, 3), targets
    for widths in ([4, 4], [4, 5]):
        pairs = [pair(sequential(width), settings(seed=place)) for place, width in enumerate(widths)]
        outcomes = fit_together([each.individual for each in pairs], inputs, targets, way="stacked")
        equal = widths[0] == widths[1]
        assert [outcome.together for outcome in outcomes] == ([2, 2] if equal else [1, 1])
        assert all(("no rows" in outcome.alone) is not equal for outcome in outcomes)
        for each in pairs:
            train_twin(each, inputs, targets)
            require_same_weights(each.individual.model, each.twin)
