"""Batches read window by window: every sample once an epoch, and the same wherever one begins."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from glia.data import windows
from glia.data.batches import TensorBatches
from glia.data.windows import Order, Stretches, WindowedBatches
from glia.nn.random import permutation


class Disk:
    """Samples that are their own numbers; remembers what was read together."""

    def __init__(self, count: int) -> None:
        self.numbers, self.read = torch.arange(count), list[list[int]]()

    def __call__(self, stretches: Stretches) -> tuple[Tensor, Tensor]:
        found = torch.cat([self.numbers[part] for part in stretches])
        self.read.append(found.tolist())
        return found[:, None].float(), found


def batches(disk: Disk, *, batch_size: int = 8, seed: int | None = 0) -> WindowedBatches:
    def make(inputs: Tensor, targets: Tensor, order: Order | None) -> TensorBatches:
        return TensorBatches(inputs, targets, batch_size=batch_size, order=order)

    return WindowedBatches(disk, make, samples=len(disk.numbers), sample_bytes=4, batch_size=batch_size, seed=seed)


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "STRETCH", 10)
    monkeypatch.setattr(windows, "WINDOW_BYTES", 4 * 80)


def epoch(given: WindowedBatches) -> list[list[int]]:
    return [targets.tolist() for _, targets in given]


@pytest.mark.parametrize("count", [7, 64, 65, 80, 81, 320, 321, 500, 513, 1000, 1601])
def test_every_sample_comes_once_an_epoch_in_batches_of_the_same_size(count: int) -> None:
    train = batches(Disk(count))
    for _ in range(3):
        seen = epoch(train)
        assert sorted(number for batch in seen for number in batch) == list(range(count))
        assert len(seen) == len(train)
        assert all(len(batch) == 8 for batch in seen[:-1])
        assert len(seen[-1]) in range(2, 10) or count == 1


def test_a_window_holds_stretches_from_anywhere_and_no_more_than_fits() -> None:
    disk = Disk(1600)
    epoch(batches(disk))
    assert all(len(read) <= 80 for read in disk.read)
    apart = [max(read) - min(read) for read in disk.read]
    assert min(apart) > 200, "of neighbours alone, a sorted table would be learned in its order"
    assert all(sum(b - a == 1 for a, b in pairwise(read)) >= 0.9 * (len(read) - 8) for read in disk.read)


def test_stretches_begin_elsewhere_each_epoch() -> None:
    disk = Disk(1600)
    train = batches(disk)
    epoch(train)
    first = {tuple(sorted(read)) for read in disk.read}
    disk.read.clear()
    epoch(train)
    assert not first & {tuple(sorted(read)) for read in disk.read}


@pytest.mark.parametrize("step", [0, 1, 9, 10, 11, 57, 124])
def test_a_place_that_is_sought_gives_the_rest_of_that_epoch(step: int) -> None:
    whole = batches(Disk(1000))
    epochs = [epoch(whole), epoch(whole), epoch(whole)]
    disk = Disk(1000)
    sought = batches(disk)
    sought.seek(1, step)
    assert epoch(sought) == epochs[1][step:]
    assert len(disk.read) <= 13 - step * 8 // 80, "windows that were passed are not read"
    assert epoch(sought) == epochs[2]


def test_another_seed_has_another_order() -> None:
    assert epoch(batches(Disk(1000), seed=0)) == epoch(batches(Disk(1000), seed=0))
    assert epoch(batches(Disk(1000), seed=0)) != epoch(batches(Disk(1000), seed=1))


def test_what_fits_in_one_window_comes_in_the_order_of_samples_in_memory() -> None:
    numbers = torch.arange(70)
    plain = TensorBatches(
        numbers[:, None].float(), numbers, batch_size=8, order=lambda epoch: permutation(3, epoch, 70)
    )
    windowed = batches(Disk(70), seed=3)
    for _ in range(2):
        assert epoch(windowed) == [targets.tolist() for _, targets in plain]


def test_without_a_seed_samples_come_as_they_lie() -> None:
    assert [number for batch in epoch(batches(Disk(1001), seed=None)) for number in batch] == list(range(1001))
