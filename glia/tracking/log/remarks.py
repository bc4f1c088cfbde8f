"""What is added to a run by somebody who does not record it: a wish that it stop, tags, notes, its deletion.

Each remark is a segment of its own, written whole and closed at once. Its name ends in `-remark`, so that the recording
process, which looks for wishes while it runs, opens no segment that grows.
"""

import getpass
import os
import time
from dataclasses import replace
from pathlib import Path

from glia.errors import StoreError
from glia.tracking.log.records import Record, to_text
from glia.tracking.log.writer import SegmentWriter

ENDING = "-remark.log"


def remark(folder: Path, record: Record, *, after: int = 0) -> None:
    """Add a record to a run's log; when this returns it is on disk.

    Args:
        folder: `runs/<id>`.
        record: what is said; its time is set here.
        after: nanoseconds since 1970 of what it is newer than, so that a clock set back does not make it old.

    Raises:
        StoreError: it cannot be written.
    """
    log = folder / "log"
    try:
        log.mkdir(exist_ok=True)
    except OSError as error:
        raise StoreError(f"Nothing can be added to the run in '{folder}': {error.strerror}.") from None
    count = sum(1 for _ in log.glob("*.log"))
    problems: list[str] = []
    writer = SegmentWriter(log / f"{count + 1}-{os.urandom(4).hex()}{ENDING}", told=problems.append)
    writer.text(to_text(replace(record, time=max(time.time_ns(), after + 1))))
    writer.close()
    if problems:
        raise StoreError(f"Nothing can be added to the run in '{folder}': {problems[0]}")


def user_name() -> str:
    """Who works here, as the system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a number without a name, as in some containers
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "somebody"
