import pytest
import torch

from glia.errors import ConfigError
from glia.training import devices


def test_an_unknown_device_names_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"Unknown device 'gpu'\. Did you mean 'cpu'\?"):
        devices.choose("gpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test wants missing")
def test_a_device_that_is_not_there_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"'cuda' is not here: torch .* finds no cuda\. Use --device auto"):
        devices.choose("cuda")


def test_the_cpu_says_its_threads() -> None:
    assert devices.describe(devices.choose("cpu")).startswith(f"cpu, {torch.get_num_threads()} thread")


@pytest.mark.gpu
def test_the_gpu_is_taken_by_itself() -> None:
    assert devices.choose("auto").type == "cuda"
