"""Networks trained each by itself, side by side: each ends as if there were no other."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from glia.training.events import EpochDone, Event, FitDone
from glia.training.population import beside
from glia.training.population.beside import Workers, train_each, workers_for
from glia.training.population.individuals import Individual, Outcome
from glia.training.population.samples import SharedSamples
from glia.training.population.trying import Step
from tests.training.population.parts import Pair, numbers, pair, perceptron, samples, settings, timeless, train_twin
from tests.training.population.test_choosing import Noisy

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def three_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(beside, "_tried", lambda *given: Workers(3, 1))
    monkeypatch.setattr(beside, "_found", {})
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(1)


def convolutions(seed: int, share: float = 0.0) -> nn.Module:
    torch.manual_seed(seed)
    layers = [nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 8, 3, padding=1), nn.ReLU(), nn.Dropout(share), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(48, 3)).double()


def shared() -> SharedSamples:
    return SharedSamples(*samples(), None, CPU)


def trained(pairs: Sequence[Pair]) -> list[Outcome]:
    return train_each([each.individual for each in pairs], shared(), [""] * len(pairs), states=True)


def require_twins(pairs: Sequence[Pair]) -> None:
    torch.set_num_threads(1)
    for each in pairs:
        train_twin(each, *samples())
        for mine, its in zip(each.individual.model.parameters(), each.twin.parameters(), strict=True):
            assert torch.equal(mine, its)
        for told, expected in zip(each.told, each.twin_told, strict=True):
            assert timeless(told) == timeless(expected)
            assert torch.equal(numbers(told), numbers(expected))


def test_each_has_its_own_draws() -> None:
    models = [convolutions(seed, share) for seed, share in enumerate([0.3, 0.0, 0.3, 0.5, 0.0])]
    pairs = [pair(model, settings(seed=seed, epochs=6)) for seed, model in enumerate([*models, Noisy(), Noisy()])]
    outcomes = trained(pairs)
    assert torch.get_num_threads() == 3
    assert [outcome.error for outcome in outcomes] == [None] * 7
    assert all(outcome.state is not None and outcome.state.epoch == 6 for outcome in outcomes)
    require_twins(pairs)


def test_those_of_unlike_kinds_are_side_by_side_and_small_ones_in_turn() -> None:
    threads: dict[int, set[int]] = {}
    pairs = [pair(convolutions(seed), settings(batch_size=8 * 2**seed)) for seed in range(3)]
    pairs.append(pair(perceptron(0), settings()))
    for number, each in enumerate(pairs):

        def listen(event: Event, number: int = number, heard: Callable[[Event], None] = each.individual.listen) -> None:
            threads.setdefault(number, set()).add(threading.get_ident())
            heard(event)

        each.individual = replace(each.individual, listen=listen)
    trained(pairs)
    assert threads[3] == {threading.get_ident()}
    assert all(len(threads[number]) == 1 and threads[number] != threads[3] for number in range(3))
    require_twins(pairs)


def test_they_are_heard_one_at_a_time() -> None:
    talking: list[int] = []
    most = [0]

    def listen(event: Event) -> None:
        talking.append(1)
        most[0] = max(most[0], len(talking))
        threading.Event().wait(0.001)
        talking.pop()

    pairs = [pair(convolutions(seed), settings(log_every=1, epochs=1)) for seed in range(4)]
    assert len({id(outcome) for outcome in trained([_with(each, listen=listen) for each in pairs])}) == 4
    assert most == [1]


def test_one_that_fails_leaves_the_others_alone() -> None:
    def listen(event: Event) -> None:
        if isinstance(event, EpochDone):
            raise OSError("the disk is full")

    pairs = [pair(convolutions(seed), settings(seed=seed)) for seed in range(4)]
    pairs[1] = _with(pairs[1], listen=listen)
    outcomes = trained(pairs)
    assert [type(outcome.error) for outcome in outcomes] == [type(None), OSError, type(None), type(None)]
    require_twins([pairs[0], pairs[2], pairs[3]])


def test_all_stop_when_they_are_asked_to() -> None:
    pairs = [pair(convolutions(seed), settings(epochs=2000)) for seed in range(5)]
    outcomes = trained([_with(each, should_stop=lambda: len(pairs[0].told) > 10) for each in pairs])
    for each, outcome in zip(pairs, outcomes, strict=True):
        assert outcome.error is None
        assert (outcome.done.reason if outcome.done else "") == ("stopped" if each.told else "")
    assert pairs[0].told
    assert not pairs[4].told, "what has not begun does not"


def test_an_interrupt_ends_them_all() -> None:
    asked = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch > 20 and not asked.is_set():  # all threads have started
            asked.set()
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # programs begun in the background ignore it
    pairs = [pair(convolutions(seed), settings(epochs=2000)) for seed in range(5)]
    try:
        with pytest.raises(KeyboardInterrupt):
            trained([_with(each, listen=listen) for each in pairs])
    finally:
        signal.signal(signal.SIGINT, before)
    assert not [each.name for each in threading.enumerate() if each.name.startswith("ThreadPoolExecutor")]
    assert torch.get_num_threads() == 3


def test_a_state_goes_on_side_by_side_with_the_same_bits() -> None:
    pairs = [pair(convolutions(seed, 0.2), settings(seed=seed), last_epoch=2) for seed in range(3)]
    outcomes = trained(pairs)
    rest = [
        replace(each.individual, last_epoch=None, state=its.state) for each, its in zip(pairs, outcomes, strict=True)
    ]
    found = train_each(rest, shared(), [""] * 3, states=False)
    torch.set_num_threads(1)
    for each, outcome in zip(pairs, found, strict=True):
        train_twin(each, *samples())
        done = each.twin_told[-1]
        assert isinstance(done, FitDone)
        assert outcome.done is not None
        assert outcome.done.metrics == done.metrics
        for mine, its in zip(each.individual.model.parameters(), each.twin.parameters(), strict=True):
            assert torch.equal(mine, its)


@pytest.mark.parametrize(
    ("one_thread", "three_threads", "together", "expected"),
    [(3.0, 2.0, 1.0, (3, 1)), (3.0, 0.9, 1.0, (1, 3)), (0.8, 0.9, 1.0, (1, 1))],
)
def test_what_is_fastest_is_chosen(
    monkeypatch: pytest.MonkeyPatch, one_thread: float, three_threads: float, together: float, expected: tuple[int, int]
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(beside, "_found", {})

    def seconds_of(step: Step, device: torch.device, *, threads: int) -> float:
        return one_thread if threads == 1 else three_threads

    def seconds_beside(steps: Sequence[Step]) -> float:
        assert len(steps) == 3
        return together

    monkeypatch.setattr(beside, "seconds_of", seconds_of)
    monkeypatch.setattr(beside, "seconds_beside", seconds_beside)
    found = workers_for(_convolutional(5), shared())
    assert (found.count, found.threads) == expected


def test_it_is_measured_by_steps_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(beside, "_found", {})
    some = _convolutional(4)
    before = [each.clone() for each in some[0].model.parameters()]
    found = workers_for(some, shared())
    assert found.seconds > 0
    assert found is workers_for(some, shared())
    assert all(torch.equal(one, other) for one, other in zip(before, some[0].model.parameters(), strict=True))


class Broken(nn.Module):
    """Cannot be used."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        raise ValueError("of no use")


def test_what_fails_at_every_step_is_said_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(beside, "_found", {})
    outcomes = trained([pair(Broken(), settings()) for _ in range(3)])
    assert [str(outcome.error) for outcome in outcomes] == ["of no use"] * 3


def _convolutional(count: int) -> list[Individual]:
    return [pair(convolutions(seed), settings()).individual for seed in range(count)]


def _with(each: Pair, **given: Any) -> Pair:
    return Pair(replace(each.individual, **given), each.told, each.twin, each.twin_told)
