from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from glia.errors import DataError, NotFoundError
from glia.training import checkpoint
from glia.training.checkpoint import Checkpoint
from tests.training.parts import fitted, network, settings


def some() -> Checkpoint:
    model = network()
    shared = nn.Parameter(torch.ones(2))
    return Checkpoint(
        epoch=1,
        step=7,
        model={**model.state_dict(), "tied.one": shared, "tied.other": shared},
        optimizer={"0.step": torch.tensor(7.0)},
        best={},
        running={"window": torch.tensor([0.5])},
        progress={"best_loss": 0.1 + 0.2, "threads": 2},
    )


def test_everything_comes_back(tmp_path) -> None:
    checkpoint.write(tmp_path, some())
    back = checkpoint.read(tmp_path)
    assert (back.epoch, back.step, back.progress, back.best) == (1, 7, some().progress, {})
    for name, value in some().model.items():
        assert torch.equal(back.model[name], value)
    assert torch.equal(back.running["window"], torch.tensor([0.5]))


def test_a_write_that_fails_leaves_the_old_one_and_no_rubbish(tmp_path, monkeypatch) -> None:
    checkpoint.write(tmp_path, some())
    before = (tmp_path / checkpoint.FILE).read_bytes()

    def fails(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.write(tmp_path, some())
    assert (tmp_path / checkpoint.FILE).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.FILE]


def test_no_checkpoint_and_a_foreign_file_say_so(tmp_path) -> None:
    with pytest.raises(NotFoundError, match="There is no checkpoint in"):
        checkpoint.read(tmp_path)
    (tmp_path / checkpoint.FILE).write_bytes(b"something else")
    with pytest.raises(DataError, match=r"last\.safetensors' is not a checkpoint that Glia wrote"):
        checkpoint.read(tmp_path)


def test_another_number_of_threads_is_told(tmp_path) -> None:
    recipe = settings(batch_size=50_000)  # worth several threads
    fitted(network(), recipe, checkpoints=tmp_path, stop_after=1)
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        told = fitted(network(), recipe, checkpoints=tmp_path, resume=True)
    finally:
        torch.set_num_threads(threads)
    assert f"began with {threads} threads and goes on with {threads + 1}" in told[0].message  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "averaged-sgd", "adagrad", "radam", {"name": "lbfgs", "max_iter": 3, "history_size": 12}],
    ids=str,
)
def test_every_optimizer_goes_on_with_the_same_bits(optimizer: Any, tmp_path: Path) -> None:
    recipe = settings(optimizer=optimizer, epochs=6, batch_size=100, learning_rate=0.05, log_every=1)
    whole, halved = network(), network()
    fitted(whole, recipe)
    fitted(halved, recipe, checkpoints=tmp_path, stop_after=5)
    halved = network(seed=1)
    fitted(halved, recipe, checkpoints=tmp_path, resume=True)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, halved.state_dict()[name]), name
