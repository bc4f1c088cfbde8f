from collections.abc import Callable, Iterator

import pytest
import torch

from glia.training.population.pace import LONGEST, Pace


@pytest.fixture
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def threads_of(steps: int, seconds: Callable[[int, int], float]) -> list[int]:
    """With how many threads each of so many steps is taken, if step n on t threads takes `seconds(n, t)`."""
    now, used = [0.0], list[int]()

    def step() -> None:
        used.append(torch.get_num_threads())
        now[0] += seconds(len(used), used[-1])

    with Pace(lambda: now[0]) as pace:
        for _ in range(steps):
            pace.take(step)
    return used


@pytest.mark.usefixtures("two_threads")
def test_all_threads_where_they_are_faster() -> None:
    used = threads_of(1000, lambda step, threads: 1 / threads)
    assert used[:4] == [1] * 4
    assert used.count(2) > 900
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_one_thread_where_others_wait_for_a_core() -> None:
    used = threads_of(2000, lambda step, threads: 10.0 if threads == 2 else 1.0)
    assert 0 < used.count(2) <= 8


@pytest.mark.usefixtures("two_threads")
def test_it_follows_the_machine() -> None:
    busy = range(300, 600)
    used = threads_of(3000, lambda step, threads: 10.0 if threads == 2 and step in busy else 1 / threads)
    assert used[100:300].count(2) > 180
    assert used[300 + LONGEST["all"] + 8 : 600].count(1) > 200
    assert used[-500:].count(2) > 400


def test_one_thread_is_left_alone() -> None:
    assert set(threads_of(50, lambda step, threads: 1.0)) == {1}


@pytest.mark.usefixtures("two_threads")
def test_threads_are_given_back_after_an_error() -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), Pace() as pace:
        pace.take(fail)
    assert torch.get_num_threads() == 2
