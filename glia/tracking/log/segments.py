"""The format of the run log: a header, then slots of 32 bytes. Pure functions; nothing here opens a file.

    header   4096 bytes: magic, length u32, JSON {format, writer, salt, host, boot, pid, start}, zeros
    slots    stream u32 · step i64 · time_ns i64 · value f64 · tag u32, little-endian, without gaps

The tag is the slot's number (its low 31 bits) xor the salt. A salt has its highest bit set, so no tag is zero and the
zeros of a file that was allocated ahead are never taken for a slot; and because the highest byte of a tag is written
last, neither is a tag that was half written. 32 divides a sector, so a slot is on disk as a whole or not at all.

Stream 0 is text: `0 u32 · length u32 · CRC-32 u32`, then the text over the 28 bytes before the tags of as many slots as
it takes. Text is UTF-8 without NUL, so no slot inside a text looks like the beginning of one.
"""

import json
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glia.errors import ConfigError, DataError
from glia.tracking.log.liveness import Process

MAGIC = b"GLIALOG1"
FORMAT = 1
HEADER_BYTES = 4096
SLOT_BYTES = 32
BODY_BYTES = 28
NUMBER_MASK = 0x7FFFFFFF
MOST_TEXT_BYTES = 16 << 20

SLOT = struct.Struct("<IqqdI")
BODY = struct.Struct("<Iqqd")
TAG = struct.Struct("<I")
SLOTS = np.dtype([("stream", "<u4"), ("step", "<i8"), ("time", "<i8"), ("value", "<f8"), ("tag", "<u4")])

_TEXT_HEAD = struct.Struct("<III")

Slots = NDArray[np.void]
"""An array of the type `SLOTS`."""


@dataclass(frozen=True)
class Header:
    """What a segment says of itself: who wrote it, and the salt of its tags."""

    writer: str
    salt: int
    process: Process

    def to_bytes(self) -> bytes:
        """The first 4096 bytes of the file."""
        process = self.process
        fields = {
            "format": FORMAT,
            "writer": self.writer,
            "salt": self.salt,
            "host": process.host,
            "boot": process.boot,
            "pid": process.pid,
            "start": process.start,
        }
        text = json.dumps(fields).encode()
        return (MAGIC + TAG.pack(len(text)) + text).ljust(HEADER_BYTES, b"\0")


def read_header(head: bytes, where: str) -> Header:
    """The inverse of `Header.to_bytes`.

    Args:
        head: the first 4096 bytes of a file.
        where: the file named in errors.

    Raises:
        DataError: not a log, damaged, or in a format that only a newer Glia reads.
    """
    if head[:7] != MAGIC[:7]:
        raise DataError(f"'{where}' is not a log of Glia: it begins with {head[:8]!r}, not with {MAGIC!r}.")
    try:
        fields = json.loads(head[12 : 12 + TAG.unpack_from(head, 8)[0]])
        if fields["format"] != FORMAT:
            raise DataError(
                f"'{where}' is written in log format {fields['format']}, and this Glia reads format {FORMAT}. "
                "Upgrade Glia: pip install --upgrade glia"
            )
        return Header(str(fields["writer"]), int(fields["salt"]), Process.read(fields))
    except (ValueError, KeyError, TypeError, struct.error) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"The first {HEADER_BYTES} bytes of '{where}' are damaged: {error}.") from None


def tags(first: int, count: int, salt: int) -> NDArray[np.uint32]:
    """The tags of `count` slots from number `first` on."""
    numbers = np.arange(first, first + count, dtype=np.int64) & NUMBER_MASK
    return (numbers ^ salt).astype(np.uint32)


def valid_slots(slots: Slots, first: int, salt: int) -> int:
    """How many slots at the beginning of `slots` are written; the first of them has the number `first`."""
    wrong = np.flatnonzero(slots["tag"] != tags(first, len(slots), salt))
    return int(wrong[0]) if len(wrong) else len(slots)


def with_tags(bodies: bytes, first: int, salt: int) -> NDArray[np.uint32]:
    """Bodies of 28 bytes each as slots, in rows of eight words; the last word of a row is the tag."""
    words = np.frombuffer(bodies, dtype="<u4").reshape(-1, BODY_BYTES // 4)
    return np.column_stack([words, tags(first, len(words), salt)])


def pack_text(text: bytes) -> bytes:
    """A text as the bodies of consecutive slots.

    Raises:
        ConfigError: more than 16 MiB.
    """
    if len(text) > MOST_TEXT_BYTES:
        raise ConfigError(
            f"A record of {len(text):,} bytes is too long for the log, which takes {MOST_TEXT_BYTES:,}. "
            f"It begins with {text[:60].decode(errors='replace')!r}. Keep large things as files: run.save_artifact"
        )
    packed = _TEXT_HEAD.pack(0, len(text), zlib.crc32(text)) + text
    return packed.ljust(slots_of_text(len(text)) * BODY_BYTES, b"\0")


@dataclass(frozen=True)
class Contents:
    """What a stretch of valid slots holds."""

    values: NDArray[np.intp]  # which slots are values
    texts: list[tuple[int, bytes]]  # where each text begins, and the text
    used: int  # slots; those after it are the beginning of a text whose end is still to come
    damaged: int  # texts whose checksum is wrong


def read_contents(slots: Slots) -> Contents:
    """Tell values from texts, and put the texts together."""
    is_value = slots["stream"] != 0
    bodies = slots.view(np.uint8).reshape(-1, SLOT_BYTES)[:, :BODY_BYTES]
    texts: list[tuple[int, bytes]] = []
    used, after, damaged = len(slots), 0, 0
    for start in np.flatnonzero(~is_value).tolist():
        if start < after:
            continue
        _, length, checksum = _TEXT_HEAD.unpack_from(bodies[start])
        after = start + slots_of_text(length) if length <= MOST_TEXT_BYTES else start + 1
        if after > len(slots):
            used = start
            break
        is_value[start:after] = False
        text = bodies[start:after].tobytes()[_TEXT_HEAD.size : _TEXT_HEAD.size + length]
        if zlib.crc32(text) == checksum and length <= MOST_TEXT_BYTES:
            texts.append((start, text))
        else:
            damaged += 1
    return Contents(np.flatnonzero(is_value[:used]), texts, used, damaged)


def slots_of_text(length: int) -> int:
    """How many slots a text of so many bytes takes."""
    return -(-(_TEXT_HEAD.size + length) // BODY_BYTES)
