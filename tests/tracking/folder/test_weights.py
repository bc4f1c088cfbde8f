import json
import struct
from pathlib import Path
from typing import Any

import pytest

from glia.errors import DataError
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.weights import Found, Tensor, find, hashes_of, read_safetensors
from tests.tracking.runs import recording

Entries = dict[str, tuple[str, list[int], bytes]]

SMALL: Entries = {
    "a.weight": ("F32", [2, 2], struct.pack("<4f", 1, 2, 3, 4)),
    "a.bias": ("BF16", [2], b"\x80\x3f\x00\x40"),
    "b.steps": ("I64", [], struct.pack("<q", 7)),
}


def write(path: Path, entries: Entries, about: dict[str, str] | None = None) -> Path:
    """A safetensors file, byte by byte as its format says."""
    header: dict[str, Any] = {"__metadata__": about} if about else {}
    content = b""
    for name, (kind, shape, data) in entries.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(content), len(content) + len(data)]}
        content += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)
    return path


def whole(path: Path) -> str:
    return hashes_of(read_safetensors(path))[""]


def test_order_does_not_matter(tmp_path: Path) -> None:
    one = write(tmp_path / "one", SMALL)
    other = write(tmp_path / "other", dict(reversed(SMALL.items())), {"format": "pt"})
    assert whole(one) == whole(other)


@pytest.mark.parametrize(
    "other",
    [
        SMALL | {"a.weight": ("F32", [2, 2], struct.pack("<4f", 1, 2, 3, 5))},
        SMALL | {"a.weight": ("F32", [4], SMALL["a.weight"][2])},
        SMALL | {"a.weight": ("I32", [2, 2], SMALL["a.weight"][2])},
        {name: entry for name, entry in SMALL.items() if name != "a.bias"},
        {name.replace("bias", "offset"): entry for name, entry in SMALL.items()},
        SMALL | {"more": ("U8", [1], b"x")},
    ],
    ids=["value", "shape", "type", "missing", "name", "more"],
)
def test_other_weights_have_another_hash(tmp_path: Path, other: Entries) -> None:
    assert whole(write(tmp_path / "one", SMALL)) != whole(write(tmp_path / "other", other))


@pytest.mark.parametrize("prefix", ["module.", "model/", "_orig_mod.module.", "net.0."])
def test_what_all_names_begin_with_does_not_matter(tmp_path: Path, prefix: str) -> None:
    other = write(tmp_path / "other", {f"{prefix}{name}": entry for name, entry in SMALL.items()})
    assert whole(other) == whole(write(tmp_path / "one", SMALL))


def test_a_part_of_a_checkpoint_is_found_by_the_model_alone(tmp_path: Path) -> None:
    best = SMALL | {"b.steps": ("I64", [], struct.pack("<q", 6))}
    checkpoint = {f"model/{name}": entry for name, entry in SMALL.items()}
    checkpoint |= {f"best/{name}": entry for name, entry in best.items()}
    moments = {"optimizer/0.momentum": ("F32", [1], bytes(4)), "running/loss": ("F32", [1], bytes(4))}
    hashes = hashes_of(read_safetensors(write(tmp_path / "checkpoint", checkpoint | moments)))
    assert set(hashes) == {"", "model", "best"}
    assert hashes["model"] == whole(write(tmp_path / "model", SMALL))
    assert hashes["best"] == whole(write(tmp_path / "best", best))
    assert hashes[""] == whole(write(tmp_path / "without", checkpoint))  # what the optimizer keeps does not count


def test_tied_tensors_may_be_written_once(tmp_path: Path) -> None:
    twice = write(tmp_path / "twice", SMALL | {"head.weight": SMALL["a.weight"]})
    once = write(tmp_path / "once", SMALL, {"head.weight": "a.weight", "format": "pt"})
    assert whole(once) == whole(twice)


def test_empty_tensors_and_empty_files_are_read(tmp_path: Path) -> None:
    assert read_safetensors(write(tmp_path / "a", {"x": ("F32", [0, 3], b"")}))["x"].shape == (0, 3)
    assert hashes_of(read_safetensors(write(tmp_path / "b", {}))) == {}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "does not begin with the length"),
        (b"\xff" * 100, "does not begin with the length"),
        (struct.pack("<Q", 9) + b"not json!", "its header cannot be read"),
        (struct.pack("<Q", 2) + b"[]", "its header cannot be read"),
        (struct.pack("<Q", 18) + b'{"x":{"dtype":"A"}', "its header cannot be read"),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(DataError, match=said):
        read_safetensors(tmp_path / "x.safetensors")


def test_a_file_cut_off_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.safetensors", SMALL)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match="is cut off"):
        read_safetensors(path)


def test_the_hash_is_the_documented_one() -> None:
    from blake3 import blake3

    rows = '[["a","F32",[2],"ab"],["b","I64",[],"cd"]]'
    given = {"b": Tensor("I64", (), "cd"), "a": Tensor("F32", (2,), "ab")}
    assert hashes_of(given) == {"": blake3(rows.encode()).hexdigest()}


def test_runs_are_found_by_what_they_recorded(home: Path, tmp_path: Path) -> None:
    hashes = hashes_of(read_safetensors(write(tmp_path / "x", SMALL)))
    with recording(home) as one, recording(home) as other:
        one.log({"loss": 0.5})
        one.weights("model/weights.safetensors", hashes, step=9)
        one.weights("checkpoints/last.safetensors", {"": "0", "model": hashes[""]})
        other.weights("model/weights.safetensors", {"": "1"})
    assert find(home, hashes) == [
        Found(one.id, "model/weights.safetensors", "", 9),
        Found(one.id, "checkpoints/last.safetensors", "model", None),
    ]
    assert find(home, {"": "2"}) == []
    assert [record.file for record in RunReader(one.folder).weights] == [
        "model/weights.safetensors",
        "checkpoints/last.safetensors",
    ]
