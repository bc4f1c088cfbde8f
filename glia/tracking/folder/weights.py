"""Which run a file of weights came from, found by what is in it.

Two files hold *the same weights* if they hold tensors of the same names, types, shapes and bytes. Neither the format of
the file nor the order in it matters, nor a beginning that all names share (`module.` of a data-parallel network,
`model.` of a wrapper), nor whether tied tensors are written once (with a note, as safetensors' `save_model` leaves it)
or twice. Values that were rounded, or a tensor more or less, make other weights.

A checkpoint holds several sets: `model/layer.weight` belongs to the part `model`. Each part has a hash of its own,
made as the hash of a file that holds it alone; so a checkpoint is found by the model saved from it. What optimizers and
schedules keep (`NO_WEIGHTS`) does not count: before the first step it is the same everywhere.

The hash is BLAKE3 over the JSON of [name, type, shape, BLAKE3 of the bytes] for each tensor, by name; types are named
as safetensors names them, bytes are little-endian, in C order.
"""

import json
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from glia.errors import DataError, GliaError
from glia.tracking.folder.home import run_folders
from glia.tracking.log.records import WeightsRecord, from_text
from glia.tracking.log.segment_reader import SegmentReader

WHOLE = ""  # the part that is everything in a file
NO_WEIGHTS = ("optim", "running", "scheduler", "lr_scheduler", "scaler", "loops", "callbacks", "rng")
LONGEST_HEADER = 100_000_000  # bytes; the format's own limit


@dataclass(frozen=True)
class Tensor:
    """What counts of a tensor."""

    type: str  # as in safetensors: F32, BF16, I64, …
    shape: tuple[int, ...]
    digest: str  # of the bytes


@dataclass(frozen=True)
class Found:
    """A file of a run that holds, or held, the weights asked for."""

    run: str  # the id
    file: str
    part: str
    step: int | None


def hashes_of(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """The hash of a set of tensors, and that of each of its parts, by the name of the part.

    Args:
        tensors: those that count; what stands before the first `/` of a name names the part.

    Example:
        >>> one = Tensor("F32", (2,), "ab")
        >>> hashes_of({"model/a": one, "model/b": one})["model"] == hashes_of({"net.a": one, "net.b": one})[""]
        True
    """
    if not tensors:
        return {}
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        part, slash, rest = name.partition("/")
        if slash:
            parts.setdefault(part, {})[rest] = tensor
    hashes = {part: _hash(inside) for part, inside in parts.items()}
    return {WHOLE: _hash(tensors), **hashes}


def counts(name: str) -> bool:
    """Whether a tensor of that name is one of a model's, and not of an optimizer's or the like.

    Example:
        >>> counts("model/0.weight"), counts("optimizer/0.momentum")
        (True, False)
    """
    part, slash, _ = name.partition("/")
    return not (slash and part.startswith(NO_WEIGHTS))


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The tensors that count in a safetensors file, read without any library of arrays.

    Raises:
        DataError: it is no such file.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= LONGEST_HEADER:
            raise DataError(f"'{path}' is not a safetensors file: it does not begin with the length of a header.")
        text = file.read(length)
        try:
            header = json.loads(text)
            about = header.pop("__metadata__", None) or {}
            placed = {name: _placed(entry) for name, entry in header.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(f"'{path}' is not a safetensors file: its header cannot be read.") from None
        size = file.seek(0, 2) - 8 - length
        if any(not 0 <= begin <= end <= size for _, _, begin, end in placed.values()):
            raise DataError(f"'{path}' is cut off: it ends before the tensors that its header names.")
        tensors = _digested(file.fileno(), placed, 8 + length)
    # Tied tensors written once: `save_model` notes the names it left out, and which stands for each.
    tied = {name: tensors[kept] for name, kept in about.items() if kept in tensors and name not in tensors}
    return tensors | tied


def find(home: Path, hashes: Mapping[str, str]) -> list[Found]:
    """The files of all runs that hold one of the sets of tensors asked for.

    Args:
        home: the `.glia` folder.
        hashes: what `hashes_of` says of the file at hand.
    """
    wanted = set(hashes.values())
    found = []
    for folder in run_folders(home):
        for record in _recorded(folder):
            for part, digest in record.hashes.items():
                if digest in wanted:
                    run = folder.name if record.trial is None else f"{folder.name}/{record.trial}"
                    found.append(Found(run, record.file, part, record.step))
                    break
    return list(dict.fromkeys(found))


def _recorded(folder: Path) -> Iterator[WeightsRecord]:
    """What a run's log says of weights. Looks at no number and at no other text: there are many."""
    try:
        paths = sorted((folder / "log").glob("*.log"))
    except OSError:
        return
    for path in paths:
        try:
            for news in SegmentReader(path).refresh():
                for _, text in news.texts:
                    if text.startswith(b'{"type":"weights"') and isinstance(record := from_text(text), WeightsRecord):
                        yield record
        except (GliaError, OSError):
            continue  # a segment that cannot be read leads nowhere


def _hash(tensors: Mapping[str, Tensor]) -> str:
    named = {tuple(name.replace("/", ".").split(".")): tensor for name, tensor in tensors.items()}
    shared = _shared([*named])
    rows = sorted([".".join(name[shared:]), each.type, each.shape, each.digest] for name, each in named.items())
    return blake3(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def _shared(names: list[tuple[str, ...]]) -> int:
    """How many parts all names begin with; the last part of a name always counts."""
    shortest = min(len(name) for name in names) - 1
    for at in range(shortest):
        if len({name[at] for name in names}) > 1:
            return at
    return shortest


def _placed(entry: Mapping[str, Any]) -> tuple[str, tuple[int, ...], int, int]:
    begin, end = entry["data_offsets"]
    return str(entry["dtype"]), tuple(int(size) for size in entry["shape"]), int(begin), int(end)


def _digested(
    descriptor: int, placed: Mapping[str, tuple[str, tuple[int, ...], int, int]], start: int
) -> dict[str, Tensor]:
    tensors = {}
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as content:
        for name, (kind, shape, begin, end) in placed.items():
            if not counts(name):
                continue
            with content[start + begin : start + end] as part:
                tensors[name] = Tensor(kind, shape, digest(part))
    return tensors


def digest(content: "bytes | memoryview") -> str:
    """The hash of a tensor's bytes."""
    return blake3(content, max_threads=blake3.AUTO).hexdigest()
