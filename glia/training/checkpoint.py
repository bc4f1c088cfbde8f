"""Everything needed to go on from a step, in one file that is there whole or not at all.

Since every random draw is a function of its place (glia.nn.random), no generator states are kept: a checkpoint is the
weights, the optimizer, the position, and the best weights so far. The file is safetensors; what is not a tensor stands
as JSON in its header.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor
from torch.optim import Optimizer

from glia.errors import DataError, NotFoundError

FILE = "last.safetensors"
PARTS = ("model", "optimizer", "best", "running")


@dataclass(frozen=True)
class Checkpoint:
    """The state of a fit between two steps."""

    epoch: int  # whole epochs done
    step: int  # steps done in all
    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]  # "<parameter number>.<name>"
    best: Mapping[str, Tensor]  # empty before the first epoch is over
    running: Mapping[str, Tensor]  # losses, outputs and targets of the epoch begun
    progress: Mapping[str, Any] = field(default_factory=dict)  # plain values: what epochs came to, seconds, threads

    def copied(self) -> "Checkpoint":
        """One of its own memory, as it would be read from a file."""
        parts: dict[str, Any] = {}
        for part in PARTS:
            parts[part] = {name: own_copy(each) for name, each in getattr(self, part).items()}
        return replace(self, **parts)


def write(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint atomically: readers see the old one or the new one, also after a power cut.

    Raises:
        OSError: the disk is full or the folder cannot be written; the old checkpoint is untouched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{part}/{name}": own_copy(tensor) for part in PARTS for name, tensor in getattr(checkpoint, part).items()
    }
    about = {"epoch": checkpoint.epoch, "step": checkpoint.step, "progress": dict(checkpoint.progress)}
    return replace_file(folder / FILE, save(tensors, {"glia": json.dumps(about)}))


def read(folder: Path, device: str = "cpu") -> Checkpoint:
    """The last checkpoint in a folder.

    Raises:
        NotFoundError: there is none.
        DataError: the file is not a checkpoint of Glia.
    """
    path = folder / FILE
    if not path.is_file():
        raise NotFoundError(f"There is no checkpoint in '{folder}': the run ended before its first one was written.")
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
    try:
        with safe_open(path, framework="pt", device=device) as file:
            about = json.loads(file.metadata()["glia"])
            for key in file.keys():  # noqa: SIM118  (not a mapping)
                part, _, name = key.partition("/")
                parts[part][name] = file.get_tensor(key)
    except (SafetensorError, KeyError, TypeError) as error:
        raise DataError(f"'{path}' is not a checkpoint that Glia wrote: {error}.") from error
    return Checkpoint(epoch=about["epoch"], step=about["step"], progress=about["progress"], **parts)


def optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """The state of an optimizer as flat tensors, parameters by number as torch counts them.

    What is a plain number there has a name that ends in `#`; the items of a list have their places in theirs.
    """
    tensors: dict[str, Tensor] = {}
    for number, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            if isinstance(value, list):
                is_scratch = any(item is None for item in value)  # L-BFGS fills such a list anew at each step
                items = [] if is_scratch else [(f"{number}.{name}.{at}", item) for at, item in enumerate(value)]
            else:
                items = [(f"{number}.{name}", value)]
            for key, item in items:
                if isinstance(item, Tensor):
                    tensors[key] = item
                elif isinstance(item, int | float):
                    tensors[f"{key}#"] = torch.tensor(item, dtype=torch.float64 if type(item) is float else torch.int64)
    return tensors


def restore_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put flat tensors back into an optimizer built from the same recipe."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in sorted(tensors.items(), key=lambda pair: _places(pair[0])):
        number, name, *place = key.removesuffix("#").split(".")
        parameter = parameters[int(number)]
        value: Any
        if key.endswith("#"):
            value = tensor.item()
        elif tensor.shape == parameter.shape:
            # Fused kernels walk memory, not indices: a moment must lie as its parameter does (channels last).
            value = torch.empty_like(parameter, requires_grad=False).copy_(tensor)
        else:
            value = tensor.clone()  # what lies in the file's memory at odd addresses is summed in another order
        values = state.setdefault(int(number), {})
        if place:
            values.setdefault(name, []).append(value)
        else:
            values[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def _places(key: str) -> tuple[int, str, int]:
    """A key in the order of its numbers, so that the tenth item of a list comes after the ninth."""
    number, name, *place = key.removesuffix("#").split(".")
    return int(number), name, int(place[0]) if place else 0


def own_copy(tensor: Tensor) -> Tensor:
    """A tensor as files keep it: on the CPU, in plain order, sharing its memory with no other (tied weights do)."""
    return tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)


def replace_file(path: Path, content: bytes) -> Path:
    """Write a whole file under its name at once, on disk before it is seen."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
