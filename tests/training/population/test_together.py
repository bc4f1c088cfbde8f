"""Who is trained with whom, and what becomes of those that fail, stop, or go on later."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from glia.errors import ConfigError
from glia.models.building import build
from glia.nn.random import permutation
from glia.training import checkpoint
from glia.training.diverged import DivergenceError
from glia.training.events import EpochDone, Event, FitDone, FitStarted, Warned
from glia.training.loop import Control, fit
from glia.training.population.individuals import Individual, Outcome
from glia.training.population.samples import OwnBatches, SharedSamples
from glia.training.population.together import Way, fit_together
from tests.training.population.parts import (
    Pair,
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

WAYS: tuple[Way, ...] = ("stacked", "alone")


def fitted(pairs: list[Pair], **given: Any) -> list[Outcome]:
    return fit_together([each.individual for each in pairs], *samples(), **{"way": "stacked", **given})


def test_networks_of_several_kinds_in_one_call_keep_their_order() -> None:
    pairs = [
        pair(perceptron(seed, hidden=[8] * (1 + seed % 2)), settings(seed=seed, optimizer=optimizer))
        for seed, optimizer in enumerate(["adam", "adam", "adam", "sgd", "adam", "radam"])
    ]
    outcomes = fitted(pairs)
    assert [outcome.together for outcome in outcomes] == [3, 1, 3, 1, 3, 1]
    assert "radam" in outcomes[5].alone
    for each in pairs:
        train_twin(each, *samples())
        require_same_weights(each.individual.model, each.twin)
        require_same_events(each.told, each.twin_told, 1e-6)


def test_folds_of_other_sizes_to_be_judged_by() -> None:
    inputs, targets = samples()
    judged = [torch.arange(200, 300), torch.arange(200, 270), torch.arange(0), torch.arange(100, 200)]
    require_law([pair(perceptron(seed), settings(), judged=each) for seed, each in enumerate(judged)], inputs, targets)


def test_the_same_rows_in_one_order_are_gathered_once() -> None:
    pairs = [pair(perceptron(seed), settings(learning_rate=10.0 ** -(seed + 1), epochs=2 + seed)) for seed in range(3)]
    require_law(pairs, *samples())


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_samples_that_are_finished_by_batches(dropout: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glia.training.population.samples.FINISHED_BYTES", 0)
    monkeypatch.setattr("glia.training.population.samples.GATHERED_BYTES", 16 * 6 * 8 * 5)
    inputs, targets = samples()
    pairs = [pair(perceptron(seed, dropout=dropout), settings(seed=seed)) for seed in range(2)]
    fit_together(
        [each.individual for each in pairs], inputs * 4, targets, finish=lambda batch: batch / 4, way="stacked"
    )
    for each in pairs:
        train_twin(each, inputs, targets)
        require_same_weights(each.individual.model, each.twin)


@pytest.mark.parametrize("way", WAYS)
def test_one_that_diverges_leaves_the_others_alone(way: Way) -> None:
    recipes = [settings(seed=0), settings(seed=1, optimizer="sgd", learning_rate=1e200), settings(seed=2)]
    recipes = [replace(each, optimizer="sgd") for each in recipes]
    pairs = [pair(perceptron(seed), recipe) for seed, recipe in enumerate(recipes)]
    outcomes = fitted(pairs, way=way)
    assert isinstance(outcomes[1].error, DivergenceError)
    assert outcomes[1].done is None
    with pytest.raises(DivergenceError) as alone:
        train_twin(pairs[1], *samples())
    assert str(outcomes[1].error) == str(alone.value)
    require_same_events(pairs[1].told, pairs[1].twin_told, 1e-6)
    for each in (pairs[0], pairs[2]):
        train_twin(each, *samples())
        require_same_weights(each.individual.model, each.twin)
        require_same_events(each.told, each.twin_told, 1e-6)


def test_one_that_diverges_later_keeps_its_best_epoch() -> None:
    recipes = [
        settings(
            optimizer="sgd",
            epochs=6,
            log_every=4,
            learning_rate=0.1,
            schedule={"name": "lambda", "factor": factor},
        )
        for factor in ("1", "1 + 1e300 * max(0, t - 2)")
    ]
    pairs = [pair(perceptron(seed), recipe) for seed, recipe in enumerate(recipes)]
    outcomes = fitted(pairs)
    with pytest.raises(DivergenceError, match="The weights of epoch") as alone:
        train_twin(pairs[1], *samples())
    assert str(outcomes[1].error) == str(alone.value)
    require_same_weights(pairs[1].individual.model, pairs[1].twin)
    assert isinstance(outcomes[0].done, FitDone)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", [FitStarted, EpochDone, FitDone])
def test_a_listener_that_raises_ends_its_network_only(way: Way, kind: type[Event]) -> None:
    pairs = [pair(perceptron(seed), settings(seed=seed)) for seed in range(3)]

    def raise_at(event: Event) -> None:
        if isinstance(event, kind):
            raise ValueError(f"no {kind.__name__} here")

    individuals = [each.individual for each in pairs]
    individuals[1] = replace(individuals[1], listen=raise_at)
    outcomes = fit_together(individuals, *samples(), way=way)
    assert isinstance(outcomes[1].error, ValueError)
    assert outcomes[0].error is outcomes[2].error is None
    for place in (0, 2):
        train_twin(pairs[place], *samples())
        require_same_weights(pairs[place].individual.model, pairs[place].twin)


def test_a_task_that_raises_for_one_network_ends_that_one() -> None:
    class Odd:
        def __init__(self, fails: bool) -> None:
            self._fails = fails

        def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
            return nn.functional.cross_entropy(outputs, targets)

        def metrics(self, outputs: Tensor, targets: Tensor) -> dict[str, float]:
            if self._fails:
                raise ArithmeticError("no metrics of these")
            return {"loss": float(self.loss(outputs, targets))}

    pairs = [pair(perceptron(seed), settings(seed=seed), task=Odd(seed == 1)) for seed in range(3)]
    outcomes = fitted(pairs)
    assert isinstance(outcomes[1].error, ArithmeticError)
    for place in (0, 2):
        assert outcomes[place].together == 3
        train_twin(pairs[place], *samples())
        require_same_weights(pairs[place].individual.model, pairs[place].twin)


def test_settings_that_are_refused_are_the_error_of_that_network() -> None:
    given: list[dict[str, Any]] = [
        {},
        {"momentum": 0.5},
        {"optimizer": {"name": "sgd", "nesterov": True}},
        {"schedule": "saw"},
        {},
    ]
    pairs = [pair(perceptron(seed), settings(**each)) for seed, each in enumerate(given)]
    outcomes = fitted(pairs)
    assert [type(outcome.error) for outcome in outcomes] == [
        type(None),
        ConfigError,
        ConfigError,
        ConfigError,
        type(None),
    ]
    assert [outcomes[0].together, outcomes[4].together] == [2, 2]


@pytest.mark.parametrize("way", WAYS)
def test_stopping_is_asked_for_after_every_epoch(way: Way) -> None:
    asked: list[int] = []

    def stops() -> bool:
        asked.append(1)
        return len(asked) == 2

    pairs = [
        pair(perceptron(0), settings(epochs=5, keep="last"), should_stop=stops),
        pair(perceptron(1), settings(epochs=5, keep="last"), last_epoch=3),
        pair(perceptron(2), settings(epochs=5, keep="last")),
    ]
    ends = [outcome.done for outcome in fitted(pairs, way=way)]
    assert [(end.epoch, end.step, end.reason) for end in ends if end is not None] == [
        (2, 26, "stopped"),
        (3, 39, "stopped"),
        (5, 65, "epochs"),
    ]


OPTIMIZERS: list[dict[str, Any]] = [
    {"optimizer": "adam", "weight_decay": 0.01},
    {"optimizer": "sgd", "momentum": 0.9},
    {"optimizer": "rmsprop", "momentum": 0.5},
    {"optimizer": "adagrad"},
    {"optimizer": "adadelta"},
    {"optimizer": "adamax"},
]


@pytest.mark.parametrize("ways", [("stacked", "stacked"), ("stacked", "alone"), ("alone", "stacked")])
@pytest.mark.parametrize("given", OPTIMIZERS, ids=lambda given: str(given["optimizer"]))
def test_a_fit_left_after_some_epochs_goes_on_as_if_it_never_was(given: dict[str, Any], ways: tuple[Way, Way]) -> None:
    recipes = [settings(seed=seed, epochs=6, early_stopping=5, **given) for seed in range(3)]
    pairs = [pair(perceptron(seed, dropout=0.2), recipe) for seed, recipe in enumerate(recipes)]
    halves = [replace(each.individual, last_epoch=2) for each in pairs]
    first = fit_together(halves, *samples(), states=True, way=ways[0])
    rest = [
        replace(each.individual, model=perceptron(9, dropout=0.2), state=outcome.state)
        for each, outcome in zip(pairs, first, strict=True)
    ]
    fit_together(rest, *samples(), states=True, way=ways[1])
    for each, other in zip(pairs, rest, strict=True):
        train_twin(each, *samples())
        require_same_weights(other.model, each.twin)
        epochs = [event for event in each.told if isinstance(event, EpochDone)]
        require_same_events(epochs, [event for event in each.twin_told if isinstance(event, EpochDone)], 1e-6)


def test_a_state_is_a_checkpoint_that_the_loop_goes_on_from(tmp_path: Path) -> None:
    recipe = settings(epochs=5, keep="last")
    pairs = [pair(perceptron(seed), recipe, last_epoch=2) for seed in range(2)]
    outcomes = fitted(pairs, states=True)
    for each, outcome in zip(pairs, outcomes, strict=True):
        assert outcome.state is not None
        checkpoint.write(tmp_path, outcome.state)
        one, shared = each.individual, SharedSamples(*samples(), None, torch.device("cpu"))
        model = perceptron(9)
        fit(
            model,
            one.task,
            OwnBatches(shared, one.train, 16, lambda epoch: permutation(0, epoch, 200)),
            OwnBatches(shared, one.judged, 64),
            recipe,
            control=Control(checkpoints=tmp_path, resume=True),
        )
        train_twin(each, *samples())
        require_same_weights(model, each.twin)


def test_memory_that_does_not_suffice_halves_the_stack_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    short_of_memory(monkeypatch, most=2)
    pairs = [pair(perceptron(seed, dropout=0.2), settings(seed=seed, l2=0.01)) for seed in range(5)]
    outcomes = fitted(pairs)
    assert [outcome.together for outcome in outcomes] == [5] * 5
    for each in pairs:
        warned = [event.message for event in each.told if isinstance(event, Warned)]
        assert [message[:46] for message in warned] == ["Memory does not suffice for 5 networks at once"] * 2
        train_twin(each, *samples())
        require_same_weights(each.individual.model, each.twin)


def test_batch_norm_that_ran_out_of_memory_counts_a_step_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from glia.training.population.stack import Stack
    from tests.training.population.test_law import normalised

    gradients, calls = Stack._gradients, list[int]()

    def fail_once(self: Stack, *given: Any, **named: Any) -> Any:
        found = gradients(self, *given, **named)
        calls.append(1)
        if len(calls) == 5:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes.")
        return found

    monkeypatch.setattr(Stack, "_gradients", fail_once)
    pairs = [pair(normalised(seed), settings(seed=seed)) for seed in range(3)]
    assert [outcome.together for outcome in fitted(pairs)] == [3, 3, 3]
    assert len(calls) > 52 + 1
    for each in pairs:
        train_twin(each, *samples())
        require_same_weights(each.individual.model, each.twin)


def test_stacks_are_as_large_as_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glia.training.population.together.most_at_once", lambda *given: 2)
    pairs = [pair(perceptron(seed), settings(seed=seed)) for seed in range(5)]
    assert [outcome.together for outcome in fitted(pairs)] == [2, 2, 2, 2, 1]


def test_a_model_that_learns_at_once_is_fitted_too() -> None:
    model = build("logistic-regression", {}, inputs=(6,), outputs=3, seed=0)
    inputs, targets = samples(torch.float32)
    each = pair(model, settings())
    outcome = fit_together([each.individual], inputs, targets)[0]
    assert outcome.error is None
    assert outcome.alone == "it learns from all samples at once"
    assert [type(event) for event in each.told] == [FitStarted, EpochDone, FitDone]


def test_none_at_all() -> None:
    assert fit_together([], *samples()) == []


def test_the_models_are_left_with_no_more_than_their_weights() -> None:
    pairs = [pair(perceptron(seed), settings(seed=seed)) for seed in range(2)]
    before = [set(each.individual.model.state_dict()) for each in pairs]
    fitted(pairs)
    assert [set(each.individual.model.state_dict()) for each in pairs] == before
    assert all(p.requires_grad and p.grad is None for each in pairs for p in each.individual.model.parameters())
    copy.deepcopy(pairs[0].individual.model)


def test_individuals_are_compared_as_objects() -> None:
    one = pair(perceptron(0), settings()).individual
    assert one != replace(one)
    assert isinstance(one, Individual)
