import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from glia.training.threads import suited_to


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("model", "batch_size", "threads"),
    [
        (nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)), 32, 1),
        (nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)), 4096, 2),
        (nn.Linear(784, 1000), 64, 2),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)), 1, 2),
        (nn.LSTM(4, 4), 1, 2),
        (nn.LazyLinear(3), 1, 2),
    ],
)
def test_small_dense_networks_get_one_thread(two_threads, model: nn.Module, batch_size: int, threads: int) -> None:
    with suited_to(model, batch_size):
        assert torch.get_num_threads() == threads
    assert torch.get_num_threads() == 2


def test_an_error_gives_the_threads_back(two_threads) -> None:
    with pytest.raises(ZeroDivisionError), suited_to(nn.Linear(2, 2), 1):
        _ = 1 / 0
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize(
    ("given", "spins"), [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")]
)
def test_threads_that_wait_give_way_unless_told_otherwise(given: dict[str, str], spins: str) -> None:
    named = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    environment = {key: value for key, value in os.environ.items() if key not in named} | given
    code = "import glia, os; print(os.environ.get('GOMP_SPINCOUNT'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == spins
