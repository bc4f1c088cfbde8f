"""Batches over tensors: every sample once an epoch, the same wherever one begins."""

import pytest
import torch

from glia.data.batches import TensorBatches, channels_last
from glia.nn.random import permutation


def batches(count: int = 70, batch_size: int = 8, features: int = 3) -> TensorBatches:
    inputs = torch.arange(count * features, dtype=torch.float32).reshape(count, features)
    return TensorBatches(
        inputs, torch.arange(count), batch_size=batch_size, order=lambda epoch: permutation(5, epoch, count)
    )


def test_an_epoch_has_every_sample_once_with_its_target() -> None:
    seen = []
    for inputs, targets in batches():
        assert torch.equal(inputs[:, 0], targets * 3.0)
        seen += targets.tolist()
    assert sorted(seen) == list(range(70))
    assert seen != sorted(seen)


def test_the_last_batch_is_what_is_left() -> None:
    assert [len(targets) for _, targets in batches()] == [8] * 8 + [6]
    assert len(batches()) == 9


@pytest.mark.parametrize("count", [17, 65, 9])
def test_a_single_sample_left_over_joins_the_batch_before(count: int) -> None:
    sizes = [len(targets) for _, targets in batches(count=count)]
    assert sizes == [8] * (count // 8 - 1) + [9]
    assert len(batches(count=count)) == len(sizes)
    assert sorted(torch.cat([targets for _, targets in batches(count=count)]).tolist()) == list(range(count))
    sought = batches(count=count)
    sought.seek(0, len(sizes) - 1)
    assert [len(targets) for _, targets in sought] == [9]


def test_a_single_sample_after_a_gathered_block_joins_it() -> None:
    train = batches(count=16 * 64 + 1, batch_size=16)
    assert [len(targets) for _, targets in train] == [16] * 63 + [17]


def test_epochs_differ_and_come_back_when_sought() -> None:
    train = batches()
    first, second = [t.tolist() for _, t in train], [t.tolist() for _, t in train]
    assert first != second
    train.seek(0)
    assert [t.tolist() for _, t in train] == first
    train.seek(1, 4)
    assert [t.tolist() for _, t in train] == second[4:]
    assert [t.tolist() for _, t in train] != second, "the epoch after the one left in its middle"


def test_without_an_order_samples_come_as_they_lie() -> None:
    plain = TensorBatches(torch.zeros(5, 1), torch.arange(5), batch_size=3)
    assert [targets.tolist() for _, targets in plain] == [[0, 1, 2], [3, 4]]


def test_a_batch_lies_in_memory_as_if_the_epoch_had_been_begun_at_its_start() -> None:
    """Alignment can change the last bit of a sum, so a resumed epoch must gather the same blocks."""
    train = batches(count=4096, batch_size=16, features=4096)
    whole = [inputs.storage_offset() for inputs, _ in train]
    train.seek(0, 37)
    assert [inputs.storage_offset() for inputs, _ in train] == whole[37:]


def test_what_is_gathered_is_finished_before_it_is_handed_out() -> None:
    pictures = torch.zeros(10, 3, 4, 4, dtype=torch.uint8)
    train = TensorBatches(
        pictures, torch.zeros(10), batch_size=4, finish=lambda batch: channels_last(batch.float().add(1))
    )
    for inputs, _ in train:
        assert inputs.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(inputs, torch.ones(len(inputs), 3, 4, 4))
