"""TensorBoard's event files, read as they grow: the numbers in them, without TensorBoard and without its libraries.

A file is a row of records (TFRecord): length u64, masked CRC-32C of the length u32, data, masked CRC-32C of the data
u32, all little-endian. The data is a protobuf message `Event`; of it are read the time, the step, and of the summary
each value's tag with its `simple_value`, or its tensor if that is a single number (as TensorFlow 2 writes scalars).

https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from glia.errors import DataError

PATTERN = "*tfevents*"
LARGEST = 1 << 20  # bytes; a longer record is a picture or a graph, and is passed over
HEAD = struct.Struct("<QI")
CRC = struct.Struct("<I")

_NUMBERS = {1: "<f", 2: "<d", 3: "<i", 9: "<q", 10: "<?", 19: "<e", 22: "<I", 23: "<Q"}  # by tensorflow's DataType
_LISTS = {1: 5, 2: 6, 3: 7, 9: 10, 10: 11, 19: 13, 22: 16, 23: 17}  # the field of a tensor that lists such numbers
_BFLOAT16 = 14


@dataclass(frozen=True)
class Scalar:
    """A number in an event file."""

    tag: str
    step: int
    time: float  # seconds since 1970
    value: float


class EventFile:
    """One event file, read on from where it was left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = 0
        self._broken = False

    def read(self) -> Iterator[Scalar]:
        """The numbers written since the last time; a record that is not whole yet comes the next time.

        Raises:
            DataError: a record is damaged; nothing after it can be read, and the next time there is nothing.
        """
        if self._broken:
            return
        with self.path.open("rb") as file:
            file.seek(self._place)
            while len(head := file.read(HEAD.size)) == HEAD.size:
                length, crc = HEAD.unpack(head)
                if masked_crc(head[:8]) != crc:
                    self._give_up("the length of a record is damaged")
                if length > LARGEST:
                    file.seek(length, 1)
                    tail = file.read(CRC.size)
                    data = None
                else:
                    data = file.read(length)
                    tail = file.read(CRC.size)
                if len(tail) < CRC.size:
                    return
                if data is not None and masked_crc(data) != CRC.unpack(tail)[0]:
                    self._give_up("a record is damaged")
                self._place = file.tell()
                if data is not None:
                    yield from _scalars(data)

    def _give_up(self, why: str) -> None:
        self._broken = True
        raise DataError(f"'{self.path}' cannot be read beyond byte {self._place}: {why}.")


class EventFolder:
    """A folder that TensorBoard's writers write to, with the folders in it. What was there before is not read.

    Args:
        folder: need not be there yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._old = set(self._paths())
        self._files: dict[Path, EventFile] = {}

    def read(self, problems: list[str]) -> Iterator[Scalar]:
        """The numbers written since the last time; those of a folder inside have its name before theirs.

        Args:
            problems: is told of what is damaged, once.
        """
        for path in self._paths():
            if path in self._old:
                continue
            inside = path.parent.relative_to(self.folder).as_posix()
            prefix = "" if inside == "." else f"{inside}/"
            try:
                for each in self._files.setdefault(path, EventFile(path)).read():
                    yield Scalar(f"{prefix}{each.tag}", each.step, each.time, each.value)
            except DataError as error:
                problems.append(str(error))
            except OSError:
                continue  # deleted meanwhile

    def _paths(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob(PATTERN) if path.is_file())


def masked_crc(data: bytes) -> int:
    """The CRC-32C of some bytes, turned and shifted as TFRecord wants it."""
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


def _scalars(event: bytes) -> Iterator[Scalar]:
    """The numbers in an `Event`: 1 wall_time, 2 step, 5 summary with 1 value."""
    try:
        fields = _fields(event)
        time = struct.unpack("<d", fields[1][-1])[0] if 1 in fields else 0.0
        step = _signed(fields[2][-1]) if 2 in fields else 0
        for summary in fields.get(5, []):
            for value in _fields(summary).get(1, []):
                number = _number(found := _fields(value))
                if number is not None and 1 in found:
                    yield Scalar(found[1][-1].decode(errors="replace"), step, time, number)
    except (IndexError, struct.error, TypeError, AttributeError):
        return  # not what it should be, although its checksum is right: somebody else's message


def _number(value: dict[int, list[Any]]) -> float | None:
    """A value's number: 2 simple_value, or 8 tensor."""
    if 2 in value:
        return float(struct.unpack("<f", value[2][-1])[0])
    return _single(_fields(value[8][-1])) if 8 in value else None


def _single(tensor: dict[int, list[Any]]) -> float | None:
    """The number in a tensor without dimensions: 1 dtype, 2 shape with 2 dim, 4 content, and lists by type."""
    kind = tensor[1][-1] if 1 in tensor else 0
    if any(2 in _fields(shape) for shape in tensor.get(2, [])) or (kind not in _NUMBERS and kind != _BFLOAT16):
        return None
    if 4 in tensor:
        content = tensor[4][-1]
        if kind == _BFLOAT16:
            return float(struct.unpack("<f", b"\0\0" + content)[0])
        return float(struct.unpack(_NUMBERS[kind], content)[0])
    listed = tensor.get(_LISTS.get(kind, 13), [0])[-1]
    if isinstance(listed, bytes) and kind in (1, 2):
        return float(struct.unpack_from(_NUMBERS[kind], listed)[0])
    whole = _varint(listed, 0)[0] if isinstance(listed, bytes) else int(listed)
    if kind in (19, _BFLOAT16):  # two bytes as a whole number
        two = struct.pack("<H", whole & 0xFFFF)
        return float(struct.unpack("<f", b"\0\0" + two)[0] if kind == _BFLOAT16 else struct.unpack("<e", two)[0])
    return float(_signed(whole) if kind in (3, 9) else whole)


def _fields(message: bytes) -> dict[int, list[Any]]:
    """The fields of a protobuf message by number: bytes, or whole numbers where they are written as such."""
    fields: dict[int, list[Any]] = {}
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        value: bytes | int
        if kind == 0:
            value, at = _varint(message, at)
        else:
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                if kind != 2:
                    raise IndexError
                size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
            if at > len(message):
                raise IndexError
        fields.setdefault(key >> 3, []).append(value)
    return fields


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
