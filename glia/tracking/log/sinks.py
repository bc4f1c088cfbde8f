"""Where slots go: into a mapped file where that is safe, else out by plain writes. Both leave the same bytes.

A sink keeps one promise: what it says was written is in the kernel's hands, so killing this process loses none of it.
When there is no room it writes less and says so, and raises nothing. All methods but `prepare` are called under the
writer's lock.
"""

import contextlib
import ctypes
import errno
import mmap
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

import numpy as np

from glia.store.disks import kind_of_disk
from glia.tracking.log.segments import (
    BODY_BYTES,
    HEADER_BYTES,
    NUMBER_MASK,
    SLOT,
    SLOT_BYTES,
    TAG,
    with_tags,
)

Way = Literal["map", "write"]
MAPPED_DISKS = frozenset({"ext4", "xfs", "tmpfs"})
FIRST_EXTENT_BYTES = 64 << 10
LARGEST_EXTENT_BYTES = 8 << 20
RESERVED_BYTES = 4096  # a page
RESERVED_SLOTS = RESERVED_BYTES // SLOT_BYTES

_put = SLOT.pack_into
_pack = SLOT.pack


def best_way(folder: Path) -> Way:
    """`map` where allocated extents are guaranteed to take what is written to them, else `write`."""
    able = hasattr(os, "posix_fallocate") and HEADER_BYTES % mmap.ALLOCATIONGRANULARITY == 0
    return "map" if able and kind_of_disk(folder) in MAPPED_DISKS else "write"


class Sink(ABC):
    """An open segment file whose header is written; something put into `wake` has `prepare` called soon."""

    def __init__(self, descriptor: int, salt: int, wake: SimpleQueue[None]) -> None:
        self.descriptor = descriptor
        self.salt = salt
        self.wake = wake
        self.problem = ""  # why the last attempt wrote less than was asked

    @abstractmethod
    def append(self, number: int, stream: int, step: int, time: int, value: float) -> bool:
        """Write one slot; False if there is no room. Writing the same number again is harmless."""

    @abstractmethod
    def write(self, number: int, bodies: bytes) -> int:
        """Write slots from `number` on; how many there was room for."""

    @abstractmethod
    def prepare(self) -> None:
        """Make room ahead, so that `append` need not. Called by the background thread, without the lock."""

    def open_reserve(self) -> int:
        """Let `write` use what was kept for the end, if anything was; how many slots that is."""
        return 0

    def holds(self, number: int) -> bool:
        """Whether that slot is written."""
        return read_at(self.descriptor, 4, _place(number) + BODY_BYTES) == TAG.pack((number & NUMBER_MASK) ^ self.salt)

    @abstractmethod
    def close(self, slots: int) -> None:
        """Cut off what was allocated beyond `slots` and close the file."""

    def abandon(self) -> None:
        """Close the file without touching it: it belongs to the process this one was forked from."""
        os.close(self.descriptor)


class WrittenFile(Sink):
    """Slots go out by one system call each. Works on every file system and every platform.

    They overwrite zeros that were written ahead, an extent at a time and a page more than is used, so that on a full
    disk there is still room to say how the run ended.
    """

    def __init__(self, descriptor: int, salt: int, wake: SimpleQueue[None]) -> None:
        super().__init__(descriptor, salt, wake)
        self._limit = 0  # slots before this one overwrite zeros
        self._reserved = RESERVED_SLOTS
        self._advance()

    def append(self, number: int, stream: int, step: int, time: int, value: float) -> bool:
        """One call, one slot."""
        if number >= self._limit and not self._advance():
            return False
        slot = _pack(stream, step, time, value, (number & NUMBER_MASK) ^ self.salt)
        return self._put_at(slot, _place(number)) == SLOT_BYTES

    def write(self, number: int, bodies: bytes) -> int:
        """As few calls as possible."""
        written, count = 0, len(bodies) // BODY_BYTES
        while written < count:
            at = number + written
            if at >= self._limit and not self._advance():
                break
            fitting = min(count - written, self._limit - at)
            some = bodies[written * BODY_BYTES : (written + fitting) * BODY_BYTES]
            put = self._put_at(with_tags(some, at, self.salt).tobytes(), _place(at)) // SLOT_BYTES
            written += put
            if put < fitting:
                break
        return written

    def prepare(self) -> None:
        """Zeros for an extent take microseconds."""

    def open_reserve(self) -> int:
        """The page after the last extent is overwritten, too."""
        self._reserved = 0
        return RESERVED_SLOTS

    def close(self, slots: int) -> None:
        """A slot that was half written when the disk was full is cut off."""
        try:
            os.ftruncate(self.descriptor, _place(slots))
        finally:
            os.close(self.descriptor)

    def _advance(self) -> bool:
        for size in (FIRST_EXTENT_BYTES, RESERVED_BYTES):  # on a disk that is nearly full, what still fits
            zeros = bytes(size + self._reserved * SLOT_BYTES)
            gained = self._put_at(zeros, _place(self._limit)) // SLOT_BYTES - self._reserved
            if gained > 0:
                self._limit += gained
                return True
        return False

    def _put_at(self, data: bytes, offset: int) -> int:
        try:
            written = write_at(self.descriptor, data, offset)
        except OSError as error:
            self.problem = error.strerror or str(error)
            return 0
        if written < len(data):
            self.problem = os.strerror(errno.ENOSPC)  # which is said only when nothing at all can be written
        return written


class MappedFile(Sink):
    """Slots are stored into mapped memory: no system call, and the kernel has them at once.

    Only extents that `posix_fallocate` has filled with blocks are mapped: storing into a hole of a full disk would
    kill the process (SIGBUS). Each is twice as long as the one before, up to a limit. A page after the last extent is
    allocated and not used, so that on a full disk there is still room to say how the run ended.
    """

    def __init__(self, descriptor: int, salt: int, wake: SimpleQueue[None]) -> None:
        super().__init__(descriptor, salt, wake)
        self._growing = threading.Lock()
        self._view: Any = None  # the extent that is written to: a map once there is one
        self._first = self._limit = 0  # its slot numbers
        self._next: mmap.mmap | None = None  # the extent after it
        self._retired: list[mmap.mmap] = []
        self._reserved = RESERVED_BYTES
        self._advance()

    def append(self, number: int, stream: int, step: int, time: int, value: float) -> bool:
        """Fields in their order, the tag last: a reader that finds the tag finds the rest."""
        if number >= self._limit and not self._advance():
            return False
        _put(
            self._view,
            (number - self._first) * SLOT_BYTES,
            stream,
            step,
            time,
            value,
            (number & NUMBER_MASK) ^ self.salt,
        )
        return True

    def write(self, number: int, bodies: bytes) -> int:
        """All bodies of an extent, then their tags."""
        written, count = 0, len(bodies) // BODY_BYTES
        while written < count:
            at = number + written
            if at >= self._limit and not self._advance():
                break
            fitting = min(count - written, self._limit - at)
            some = bodies[written * BODY_BYTES : (written + fitting) * BODY_BYTES]
            slots = with_tags(some, at, self.salt)
            place = np.frombuffer(self._view, "<u4", fitting * 8, (at - self._first) * SLOT_BYTES).reshape(-1, 8)
            place[:, :7] = slots[:, :7]
            place[:, 7] = slots[:, 7]
            del place  # the map cannot be closed while an array looks into it
            written += fitting
        return written

    def prepare(self) -> None:
        """Allocate the extent after this one, and unmap those that are full."""
        while self._retired:
            self._retired.pop().close()
        with self._growing:
            if self._next is None and self._first:  # most runs need no second extent
                self._next = self._allocate()

    def open_reserve(self) -> int:
        """The page after the last extent becomes one."""
        self._reserved = 0
        return RESERVED_SLOTS

    def close(self, slots: int) -> None:
        """What was allocated ahead goes back to the disk."""
        self._unmap()
        try:
            os.ftruncate(self.descriptor, _place(slots))
        finally:
            os.close(self.descriptor)

    def abandon(self) -> None:
        """Unmap and close; the file is not touched."""
        self._growing = threading.Lock()  # another thread of the parent may have held it
        self._unmap()
        super().abandon()

    def _advance(self) -> bool:
        with self._growing:
            view = self._next or self._allocate()
            if view is None:
                return False
            if self._view is not None:
                self._retired.append(self._view)
            first, limit = self._limit, self._limit + len(view) // SLOT_BYTES
            # Nothing is called from here on, so that Ctrl-C finds the old extent or the new one, never half of each.
            self._view, self._next, self._first, self._limit = view, None, first, limit
        self.wake.put(None)
        return True

    def _allocate(self) -> mmap.mmap | None:
        offset = _place(self._limit)
        wanted = min(LARGEST_EXTENT_BYTES, max(FIRST_EXTENT_BYTES, offset - HEADER_BYTES))
        for size in (wanted, FIRST_EXTENT_BYTES, mmap.PAGESIZE):  # on a disk that is nearly full, what still fits
            try:
                os.posix_fallocate(self.descriptor, offset, size + self._reserved)
                return mmap.mmap(self.descriptor, size, offset=offset)
            except (OSError, ValueError) as error:  # ValueError: somebody has cut the file meanwhile
                self.problem = getattr(error, "strerror", None) or str(error)
        return None

    def _unmap(self) -> None:
        with self._growing:
            self._limit = 0
            for view in (self._view, self._next, *self._retired):
                if view is not None:
                    with contextlib.suppress(BufferError):  # in a fork: the parent was filling it
                        view.close()
            self._view = self._next = None
            self._retired = []


def read_at(descriptor: int, count: int, offset: int) -> bytes:
    """Up to `count` bytes from `offset` on."""
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows
    return os.read(descriptor, count)


def write_at(descriptor: int, data: bytes, offset: int) -> int:
    """Write `data` from `offset` on; how much of it was written.

    Raises:
        OSError: nothing could be written.
    """
    if _write_held is not None and len(data) == SLOT_BYTES == _write_held(descriptor, data, SLOT_BYTES, offset):
        return SLOT_BYTES
    if hasattr(os, "pwrite"):
        return os.pwrite(descriptor, data, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)  # Windows
    return os.write(descriptor, data)


def _place(number: int) -> int:
    return HEADER_BYTES + number * SLOT_BYTES


def _find_write_held() -> "Callable[[int, bytes, int, int], int] | None":
    """`pwrite` that does not let go of the interpreter's lock, where the system's library has it.

    `os.pwrite` does let go, and beside a thread that computes in Python it takes 5 ms to get the lock back, for every
    value. Copying 32 bytes into the kernel's memory takes less than letting go is worth. What went wrong is asked of
    `os.pwrite` afterwards.
    """
    if not hasattr(os, "pwrite"):
        return None
    library = ctypes.PyDLL(None)
    function: Any = getattr(library, "pwrite64", None) or (
        library.pwrite if ctypes.sizeof(ctypes.c_long) == 8 else None
    )
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int64)
        function.restype = ctypes.c_ssize_t
    return function  # type: ignore[no-any-return]


_write_held = _find_write_held()
