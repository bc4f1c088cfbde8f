"""One process at a time: a lock on a file, given back by the system if the process dies."""

import errno
import math
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def file_lock(path: Path, patience: float = math.inf) -> Iterator[None]:
    """While inside, no other thread or process is inside with the same file. Waits for its turn.

    Raises:
        TimeoutError: `patience` seconds were not enough.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if patience == math.inf or fcntl is None:
            _lock(descriptor)
        else:
            _lock_within(descriptor, patience)
        yield
    finally:
        os.close(descriptor)


def _lock_within(descriptor: int, patience: float) -> None:
    """Somebody who holds the lock may have been suspended: then waiting must end."""
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)) from None
            time.sleep(random.uniform(0.001, 0.01))
        else:
            return


def _lock(descriptor: int) -> None:
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    import msvcrt  # Windows: tries for ten seconds at a time

    while True:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            continue
        return
