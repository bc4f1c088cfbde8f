"""One segment read as it grows: each `refresh` reads what is new and nothing twice."""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glia.errors import DataError
from glia.tracking.log.records import ChecksumRecord, Record, from_text
from glia.tracking.log.segments import (
    BODY_BYTES,
    HEADER_BYTES,
    NUMBER_MASK,
    SLOT_BYTES,
    SLOTS,
    TAG,
    Header,
    Slots,
    read_contents,
    read_header,
    valid_slots,
)
from glia.tracking.log.sinks import read_at

FIRST_CHUNK = 1 << 11  # slots
LARGEST_CHUNK = 1 << 17


@dataclass(frozen=True)
class News:
    """What a stretch of a segment says."""

    numbers: NDArray[np.int64]  # of the slots below
    values: Slots
    texts: list[tuple[int, bytes]]  # with the slot each begins in

    @property
    def records(self) -> list[tuple[int, Record]]:
        """The texts that this Glia knows, with the slot each begins in."""
        return [(slot, record) for slot, text in self.texts if (record := from_text(text)) is not None]


class SegmentReader:
    """Reads one segment, also while it is written, from this process or another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.header: Header | None = None  # None until the file has one
        self.slots = 0  # read so far
        self.damaged = 0  # records whose checksum is wrong
        self._tail = np.empty(0, SLOTS)  # the beginning of a record whose end was not there yet

    @classmethod
    def after(cls, path: Path, slots: int, salt: int) -> "SegmentReader | None":
        """A reader that begins at the end of a segment; None if it does not end after so many slots.

        Args:
            path: the file.
            slots: how many it has, as was found earlier.
            salt: of its tags.
        """
        reader = cls(path)
        try:
            with path.open("rb") as file:
                reader.header = read_header(file.read(HEADER_BYTES), str(path))
                file.seek(HEADER_BYTES + max(0, slots - 1) * SLOT_BYTES)
                around = _slots(file.read((2 if slots else 1) * SLOT_BYTES))
        except (OSError, DataError):
            return None
        there = valid_slots(around, max(0, slots - 1), salt)
        if reader.header.salt != salt or there != (1 if slots else 0):
            return None
        reader.slots = slots
        return reader

    @property
    def lock(self) -> Path:
        """The file that the writer holds locked while it lives."""
        return self.path.with_suffix(".lock")

    def refresh(self) -> Iterator[News]:
        """What was written since the last time, in pieces.

        Raises:
            DataError: this is not a segment, or one that only a newer Glia reads.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:  # the run was deleted meanwhile
            return
        try:
            if self.header is None:
                head = read_at(descriptor, HEADER_BYTES, 0)
                if len(head) < HEADER_BYTES:
                    return
                self.header = read_header(head, str(self.path))
            chunk = FIRST_CHUNK
            while len(slots := self._next(descriptor, chunk)):
                yield self._news(slots)
                if len(slots) < chunk:
                    return
                chunk = min(2 * chunk, LARGEST_CHUNK)
        finally:
            os.close(descriptor)

    def verify(self) -> list[tuple[int, int]]:
        """Blocks that are not what was written: (first slot, slots). Reads the whole file again."""
        fresh, wrong = SegmentReader(self.path), []
        with self.path.open("rb") as file:
            for news in fresh.refresh():
                for _, record in news.records:
                    if isinstance(record, ChecksumRecord):
                        for index, checksum in enumerate(record.sums):
                            first = record.first + index * record.slots
                            file.seek(HEADER_BYTES + first * SLOT_BYTES)
                            if zlib.crc32(file.read(record.slots * SLOT_BYTES)) != checksum:
                                wrong.append((first, record.slots))
        return wrong

    def _next(self, descriptor: int, most: int) -> Slots:
        salt = self.header.salt if self.header else 0
        place = HEADER_BYTES + self.slots * SLOT_BYTES
        once = _slots(read_at(descriptor, most * SLOT_BYTES, place))
        valid = valid_slots(once, self.slots, salt)
        # Read again: of a slot written just then, the first reading may have its tag without all that stands before it.
        return _slots(read_at(descriptor, valid * SLOT_BYTES, place)) if valid else once[:0]

    def _news(self, fresh: Slots) -> News:
        slots = np.concatenate([self._tail, fresh])
        first = self.slots - len(self._tail)
        contents = read_contents(slots)
        self.slots += len(fresh)
        self.damaged += contents.damaged
        self._tail = slots[contents.used :]
        texts = [(first + at, text) for at, text in contents.texts]
        return News(first + contents.values, slots[contents.values], texts)


def records_of(run: Path) -> Iterator[Record]:
    """Every record of a run's log, segment by segment, without keeping its numbers.

    Raises:
        DataError: a segment is none, or one that only a newer Glia reads, or records of it are damaged.
    """
    for path in sorted((run / "log").glob("*.log")):
        reader = SegmentReader(path)
        for news in reader.refresh():
            for _, record in news.records:
                yield record
        if reader.damaged:
            raise DataError(f"'{path}' is damaged: of {reader.damaged} of its records nobody knows what they said.")


def has_slot(path: Path, number: int, salt: int) -> bool:
    """Whether a segment has that slot."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        return False
    try:
        tag = read_at(descriptor, TAG.size, HEADER_BYTES + number * SLOT_BYTES + BODY_BYTES)
    finally:
        os.close(descriptor)
    return tag == TAG.pack((number & NUMBER_MASK) ^ salt)


def _slots(data: bytes) -> Slots:
    return np.frombuffer(data[: len(data) // SLOT_BYTES * SLOT_BYTES], SLOTS)
