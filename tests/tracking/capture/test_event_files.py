import struct
from pathlib import Path

import pytest

from glia.errors import DataError
from glia.tracking.capture.event_files import EventFile, EventFolder, Scalar, masked_crc
from tests import foreign


def varint(value: int) -> bytes:
    parts = []
    value &= (1 << 64) - 1
    while True:
        parts.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(parts)


def field(number: int, content: bytes | int | float, kind: str = "") -> bytes:
    if kind:
        packed = struct.pack(kind, content)
        return varint(number << 3 | (5 if len(packed) == 4 else 1)) + packed
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    assert isinstance(content, bytes)
    return varint(number << 3 | 2) + varint(len(content)) + content


def event(tag: str, value: bytes, step: int = 1, time: float = 1000.0) -> bytes:
    """A record as TensorBoard's writers write it."""
    summary = field(1, field(1, tag.encode()) + value)
    return framed(field(1, time, "<d") + field(2, step) + field(5, summary))


def framed(data: bytes) -> bytes:
    head = struct.pack("<Q", len(data))
    return head + struct.pack("<I", masked_crc(head)) + data + struct.pack("<I", masked_crc(data))


def simple(value: float) -> bytes:
    return field(2, value, "<f")


def tensor(kind: int, number: bytes, shape: bytes = b"") -> bytes:
    return field(8, field(1, kind) + field(2, shape) + number)


def test_the_checksum_is_the_documented_one() -> None:
    crc = 0xE3069283  # of "123456789", the check value of CRC-32C
    assert masked_crc(b"123456789") == (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (simple(0.5), 0.5),
        (tensor(1, field(4, struct.pack("<f", 0.5))), 0.5),
        (tensor(2, field(4, struct.pack("<d", 0.1))), 0.1),
        (tensor(1, field(5, struct.pack("<f", 0.25))), 0.25),  # packed
        (tensor(1, field(5, 0.25, "<f")), 0.25),
        (tensor(9, field(10, -3)), -3.0),
        (tensor(3, field(7, varint(-7))), -7.0),
        (tensor(10, field(11, 1)), 1.0),
        (tensor(19, field(13, 0x3C00)), 1.0),
        (tensor(14, field(13, 0x3F80)), 1.0),
        (tensor(14, field(4, b"\x80\x3f")), 1.0),
    ],
)
def test_numbers_are_read_in_every_form(tmp_path: Path, value: bytes, number: float) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(framed(field(1, 1.0, "<d") + field(3, b"brain.Event:2")) + event("loss", value, step=12))
    assert list(EventFile(path).read()) == [Scalar("loss", 12, 1000.0, number)]


@pytest.mark.parametrize(
    "value",
    [
        field(4, b"a picture"),
        tensor(7, field(8, b"text")),
        tensor(1, field(4, bytes(8)), shape=field(2, field(1, 2))),
        tensor(2, field(4, b"short")),
        b"\xff\xff\xff",
    ],
    ids=["picture", "text", "vector", "cut", "damaged"],
)
def test_what_is_no_number_is_passed_over(tmp_path: Path, value: bytes) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(event("x", value) + framed(b"\0" * 2_000_000) + event("loss", simple(0.5)))
    assert [each.tag for each in EventFile(path).read()] == ["loss"]


def test_a_file_is_read_as_it_grows_byte_by_byte(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    file, found = EventFile(path), []
    whole = b"".join(event("loss", simple(step), step=step) for step in range(3))
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        found += [each.step for each in file.read()]
    assert found == [0, 1, 2]


@pytest.mark.parametrize(("at", "said"), [(2, "the length of a record"), (20, "a record is damaged")])
def test_a_damaged_file_is_told_once_and_left(tmp_path: Path, at: int, said: str) -> None:
    good, bad = event("loss", simple(0.5)), bytearray(event("loss", simple(0.25)))
    bad[at] ^= 1
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(good + bytes(bad) + good)
    file, found = EventFile(path), []
    with pytest.raises(DataError, match=rf"cannot be read beyond byte {len(good)}: {said}"):
        found += [each.value for each in file.read()]
    assert list(file.read()) == []


def test_folders_inside_name_their_metrics_and_old_files_are_left(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "events.out.tfevents.old").write_bytes(event("old", simple(0.5)))
    folder = EventFolder(logs)
    (logs / "train").mkdir()
    (logs / "events.out.tfevents.1").write_bytes(event("lr", simple(0.5)))
    (logs / "train" / "events.out.tfevents.2").write_bytes(event("loss", simple(0.25)))
    (logs / "train" / "events.out.tfevents.3").write_bytes(b"\0" * 12)
    problems: list[str] = []
    assert [(each.tag, each.value) for each in folder.read(problems)] == [("lr", 0.5), ("train/loss", 0.25)]
    assert list(folder.read(problems)) == []
    assert len(problems) == 1


def test_a_folder_may_come_later(tmp_path: Path) -> None:
    folder = EventFolder(tmp_path / "later")
    assert list(folder.read([])) == []
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "x.tfevents").write_bytes(event("loss", simple(0.5)))
    assert [each.tag for each in folder.read([])] == ["loss"]


REAL = """
import sys
import numpy as np
from tensorboardX import SummaryWriter as X
from torch.utils.tensorboard import SummaryWriter as T
from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.scalar import summary_v2
from tensorboard.summary.writer.event_file_writer import EventFileWriter

for name, writer in (("x", X), ("torch", T)):
    with writer(f"{sys.argv[1]}/{name}") as w:
        for step in range(100):
            w.add_scalar("train/loss", 1 / (step + 1), step)
        w.add_histogram("h", np.arange(10), 1)
        w.add_image("i", np.zeros((3, 700, 700), np.float32), 1)
        w.add_text("t", "hello", 1)
with T(f"{sys.argv[1]}/torch") as w:
    w.add_scalar("exact", 0.1, 7, new_style=True, double_precision=True)
w = EventFileWriter(f"{sys.argv[1]}/tensorflow2")
w.add_event(event_pb2.Event(wall_time=5.0, step=9, summary=summary_v2.scalar_pb("loss", np.float32(1.5))))
w.close()
"""


@pytest.mark.foreign
def test_files_of_the_real_writers_are_read(tmp_path: Path) -> None:
    done = foreign.run(foreign.python_with("tensorboard", "tensorboardX", "tensorboard"), "-c", REAL, tmp_path)
    assert done.returncode == 0, done.stderr
    folder = EventFolder(tmp_path / "none")
    folder.folder = tmp_path
    problems: list[str] = []
    found = list(folder.read(problems))
    assert problems == []
    for name in ("x", "torch"):
        values = [(each.step, each.value) for each in found if each.tag == f"{name}/train/loss"]
        assert [step for step, _ in values] == list(range(100))
        assert values[9][1] == pytest.approx(0.1)
    assert [(each.step, each.value) for each in found if each.tag == "torch/exact"] == [(7, 0.1)]
    assert Scalar("tensorflow2/loss", 9, 5.0, 1.5) in found
    assert len(found) == 202
