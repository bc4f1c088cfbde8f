"""Whether the process that writes a segment still runs, told by a lock that dies with it.

A writer holds a POSIX lock on a file beside its segment. The kernel gives it back when the process is gone, however it
went, and a forked child does not inherit it: so whoever finds it free knows that the writer is dead. (`flock` would be
kept by an orphaned worker.) The lock is lost as soon as the process closes *any* descriptor of that file; therefore a
reader in the writer's own process asks the table below and never opens the file.

Without such locks (Windows, some network file systems) the process is known by its number and start time.
"""

import contextlib
import os
import platform
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

START_TOLERANCE_SECONDS = 2.0  # start times move a little when the clock is set
SECONDS_OF_ASKING = 0.001  # far more than a reader needs to see whether a lock is held
LOCK_ATTEMPTS = 50

_guard = threading.RLock()
_held: dict[tuple[int, int], int] = {}  # (device, inode) of a lock file → its descriptor, locked by this process


@dataclass(frozen=True)
class Process:
    """A process, told apart from all others on all machines."""

    host: str
    boot: str  # a new one each time a machine starts; empty where the system gives none
    pid: int
    start: float  # seconds since 1970; 0 where the system does not tell

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Process":
        """From plain values, which may have more beside them.

        Raises:
            KeyError, TypeError, ValueError: something is missing or wrong.
        """
        return cls(str(fields["host"]), str(fields["boot"]), int(fields["pid"]), float(fields["start"]))


def this_process() -> Process:
    """The process that asks."""
    return _describe(os.getpid())


class Hold:
    """A lock held for as long as this process lives, or until `release`; `renew` it now and then."""

    def __init__(self, path: Path) -> None:
        self._key: tuple[int, int] | None = None
        with _guard:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            if not _lock(descriptor):
                os.close(descriptor)
                return
            status = os.fstat(descriptor)
            self._key = (status.st_dev, status.st_ino)
            _held[self._key] = descriptor

    def renew(self) -> None:
        """Take the lock again if it was lost, because something in this process read the file: a copy, a backup."""
        with _guard:
            if self._key is not None and self._key in _held:
                _lock(_held[self._key])

    def release(self) -> None:
        """Let go; doing so twice changes nothing."""
        with _guard:
            if self._key is not None and self._key in _held:
                os.close(_held.pop(self._key))
            self._key = None


def is_alive(process: Process, lock: Path) -> bool | None:
    """Whether the writer of a segment still runs; None if that cannot be known from this machine."""
    here = this_process()
    same_kernel = process.boot == here.boot if process.boot and here.boot else process.host == here.host
    if not same_kernel:
        return False if process.host == here.host else None  # this machine was started anew since, or it is another
    held = is_held(lock)
    return _runs(process) if held is None else held


def _lock(descriptor: int) -> bool:
    """Take the lock; False where there are none."""
    if fcntl is None:
        return False
    for _ in range(LOCK_ATTEMPTS):
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            time.sleep(SECONDS_OF_ASKING)  # a reader asks at this very moment
        except OSError:
            return False
        else:
            break
    return True


def is_held(path: Path) -> bool | None:
    """Whether some process holds that lock; None where locks do not tell."""
    if fcntl is None:
        return None
    with _guard:
        try:
            status = path.stat()
            if (status.st_dev, status.st_ino) in _held:
                return True
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return None
        try:
            # Shared, so that two who ask at the same moment do not take each other for the writer.
            fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
        except OSError:
            return None
        finally:
            os.close(descriptor)
    return False


def _runs(process: Process) -> bool:
    try:
        started = psutil.Process(process.pid).create_time()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
    return not process.start or abs(started - process.start) < START_TOLERANCE_SECONDS


@lru_cache(maxsize=1)
def _describe(pid: int) -> Process:
    boot = ""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    start = 0.0
    with contextlib.suppress(psutil.Error):
        start = psutil.Process(pid).create_time()
    return Process(platform.node(), boot, pid, start)


def _forget_in_child() -> None:
    global _guard
    _guard = threading.RLock()
    for descriptor in _held.values():
        os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
