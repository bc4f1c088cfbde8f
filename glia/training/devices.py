"""Where the arithmetic happens, and in which precision."""

from contextlib import AbstractContextManager, nullcontext

import torch

from glia.errors import ConfigError, did_you_mean

KINDS = ("auto", "cpu", "cuda", "mps")


def choose(name: str) -> torch.device:
    """The device a recipe names; `auto` takes a GPU when there is one.

    Raises:
        ConfigError: an unknown device, or one that this machine does not have.
    """
    if name == "auto":
        kind = next((kind for kind in ("cuda", "mps") if _available(kind)), "cpu")
        return torch.device(kind)
    kind, _, number = name.partition(":")
    if kind not in KINDS or (number and not number.isdigit()):
        raise ConfigError(f"Unknown device '{name}'.{did_you_mean(kind, KINDS)}")
    if not _available(kind):
        raise ConfigError(f"Device '{name}' is not here: torch {torch.__version__} finds no {kind}. Use --device auto.")
    if kind == "cuda" and number and int(number) >= torch.cuda.device_count():
        raise ConfigError(f"Device '{name}' is not here: there are {torch.cuda.device_count()}, counted from 0.")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """The device in words, such as `cpu, 2 threads` or `cuda: NVIDIA H100`."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    threads = torch.get_num_threads()
    return f"cpu, {threads} thread{'s' if threads > 1 else ''}" if device.type == "cpu" else device.type


def precision(device: torch.device) -> AbstractContextManager[object]:
    """Mixed precision (bfloat16, which needs no loss scaling) on GPUs that have it; full precision elsewhere."""
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()


def _available(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available()
    if kind == "mps":
        return torch.backends.mps.is_available()
    return kind == "cpu"
