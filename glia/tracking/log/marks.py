"""Places in a run's log: how far each segment goes, and what a checkpoint remembers of it."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from glia.tracking.log.segment_reader import has_slot
from glia.tracking.log.segments import HEADER_BYTES, SLOT_BYTES, read_header


@dataclass(frozen=True)
class Mark:
    """A place in a run's log: by phase the last step, by segment the number of slots."""

    steps: Mapping[str, int]
    slots: Mapping[str, int]


def slots_of(segment: Path) -> int:
    """How many slots a segment has, found by halving: a long run has many.

    Raises:
        OSError: it cannot be read.
        DataError: it is no segment.
    """
    with segment.open("rb") as file:
        head = file.read(HEADER_BYTES)
    if len(head) < HEADER_BYTES or not any(head):
        return 0
    salt = read_header(head, str(segment)).salt
    room = (segment.stat().st_size - HEADER_BYTES) // SLOT_BYTES
    return bisect_left(range(room), True, key=lambda number: not has_slot(segment, number, salt))
