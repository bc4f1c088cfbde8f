"""Files of weights of any kind: what they hold, read without running anything that came with them."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from glia.errors import DataError, GliaError, NotFoundError
from glia.tracking.folder.weights import Tensor, counts, digest, hashes_of, read_safetensors
from glia.tracking.recording.scribe import Scribe

SAFETENSORS = ".safetensors"
TORCH = (".pth", ".pt", ".bin", ".ckpt")
_TYPES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "complex64": "C64",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
}  # torch's names to those of safetensors


def weights_in(path: str | Path) -> dict[str, Tensor]:
    """What counts of the tensors in a file (see `glia.tracking.folder.weights`).

    Args:
        path: `.safetensors`, or what `torch.save` wrote: `.pth .pt .bin .ckpt`.

    Raises:
        NotFoundError: there is no such file.
        DataError: another kind of file, a damaged one, or one that holds more than weights.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFoundError(f"There is no file '{path}'.")
    ending = path.suffix.lower()
    if ending == SAFETENSORS:
        tensors = read_safetensors(path)
    elif ending in TORCH:
        tensors = _read_torch(path)
    else:
        raise DataError(f"'{path}' is not a file of weights: its name ends in none of {SAFETENSORS} {' '.join(TORCH)}.")
    if not tensors:
        raise DataError(f"'{path}' holds no weights.")
    return tensors


def note_weights(recorder: Scribe, path: Path, file: str, *, step: int | None = None) -> None:
    """Record which weights a file holds, or each file of a folder, so that they lead to the run.

    What is no file of weights is passed over, and so is one that cannot be read.

    Args:
        recorder: of the run.
        path: the file or folder.
        file: what it is called in the run.
        step: at which the weights were such.
    """
    with contextlib.suppress(OSError):
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for each in inside:
            if each.suffix.lower() in (SAFETENSORS, *TORCH) and each.is_file():
                name = file if each == path else f"{file}/{each.relative_to(path).as_posix()}"
                with contextlib.suppress(GliaError, OSError):
                    recorder.weights(name, hashes_of(weights_in(each)), step=step)


def _read_torch(path: Path) -> dict[str, Tensor]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises what it likes
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(
            f"'{path}' cannot be read as weights alone, and what else it may hold is not executed ({reason[:200]}). "
            "Save the weights by themselves: torch.save(model.state_dict(), FILE)"
        ) from None
    return {name: _tensor(path, name, value) for name, value in _flat(content, "") if counts(name)}


def _flat(content: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Every tensor with its name; those of nested parts are joined with `/`."""
    import torch

    if isinstance(content, torch.Tensor):
        yield prefix.removesuffix("/") or "tensor", content
    elif isinstance(content, Mapping):
        for name, value in content.items():
            yield from _flat(value, f"{prefix}{name}/")
    elif isinstance(content, list | tuple):
        for number, value in enumerate(content):
            yield from _flat(value, f"{prefix}{number}/")


def _tensor(path: Path, name: str, tensor: Any) -> Tensor:
    import torch

    if tensor.layout != torch.strided or tensor.is_quantized:
        raise DataError(f"'{path}': '{name}' is {tensor.layout} or quantized, which has no bytes to compare.")
    kind = str(tensor.dtype).removeprefix("torch.")
    # resolve: a conjugated or negated view has other bytes than its values
    flat = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    content = memoryview(flat.view(torch.uint8).numpy()) if flat.numel() else b""
    return Tensor(_TYPES.get(kind, kind), tuple(tensor.shape), digest(content))
