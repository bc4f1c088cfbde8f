"""One process's segment of a run's log: values and texts in, slots out, in the order they came.

When `append` or `text` has returned, killing the process loses nothing. A thread makes room ahead, syncs to disk once a
second and adds checksums. When there is no room (the disk is full, the folder cannot be written) what comes waits in
memory, in order and bounded, is told once, and goes out when there is room again; nothing is ever raised for that. If
there is none until the close, values are lost, which is told, and the newest records go where the sink kept room.

Checksums are records of the log itself (`checksum`: first slot, slots per block, a CRC-32 per block of 64 KiB), so they
travel with the file and need no second one. At the close the last, shorter block gets one too.
"""

import contextlib
import errno
import logging
import os
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import cast

from glia.store.disks import sync_path
from glia.tracking.log.liveness import Hold, this_process
from glia.tracking.log.records import ChecksumRecord, WarningRecord, to_text
from glia.tracking.log.segments import BODY, BODY_BYTES, HEADER_BYTES, SLOT_BYTES, Header, pack_text
from glia.tracking.log.sinks import MappedFile, Sink, Way, WrittenFile, best_way, read_at, write_at

SECONDS_BETWEEN_SYNCS = 1.0
MOST_WAITING_BYTES = 64 << 20
RESERVED_FOR_TEXT = 1 << 20
MOST_AT_ONCE = 1 << 16  # slots of a backlog written in one go, which is how long a caller may have to wait
BLOCK_SLOTS = (64 << 10) // SLOT_BYTES

log = logging.getLogger("glia")


class SegmentClosed(Exception):  # noqa: N818  (no error: the recorder begins another segment)
    """This segment takes nothing any more."""


class SegmentWriter:
    """Writes one segment. Safe for threads, and for signal handlers that log.

    Args:
        path: the file to make, `log/<writer>.log`; beside it lies the lock that says this process lives.
        way: `map` or `write`; None takes the better one for the file system.
        told: hears in words that the disk is full, and that there is room again.
        most_waiting: bytes of values that may wait for room.
    """

    def __init__(
        self,
        path: Path,
        *,
        way: Way | None = None,
        told: Callable[[str], None] = log.warning,
        most_waiting: int = MOST_WAITING_BYTES,
    ) -> None:
        self.path = path
        self.dropped = 0  # values for which there was no room even in memory
        self.slots_on_disk = 0  # all slots before this one outlive a power cut
        self._way = way or best_way(path.parent)
        self._told = told
        self._most_waiting = most_waiting
        self._lock = threading.RLock()
        self._busy = False
        self._number = 0  # of the next slot
        self._waiting = bytearray()  # bodies of slots
        self._texts: deque[tuple[int, int]] = deque()  # of those that wait: the first slot, and the one after the last
        self._stuck = ""  # why; empty while there is room
        self._checked = 0  # slots before this one are covered by checksums
        # The folders that lead to the file: to be on disk with it.
        self._also: deque[Path] = deque([path.parent.parent.parent, path.parent.parent, path.parent])
        self._ending = False  # asked to close
        self._closed = False  # and done so
        self._unsynced = False  # told that syncing fails
        self._wake: SimpleQueue[None] = SimpleQueue()  # unlike an Event, a signal handler may put into it at any time
        self._syncing = threading.Lock()
        salt = int.from_bytes(os.urandom(4), "little") | 1 << 31
        self.header = Header(path.stem, salt, this_process())
        self._hold: Hold | None = None
        self._sink: Sink | None = None
        with self._lock:
            self._open()
        self._thread = threading.Thread(target=self._tend, name=f"glia log {path.stem}", daemon=True)
        with contextlib.suppress(RuntimeError):  # a program that is ending starts no threads
            self._thread.start()

    @property
    def slots(self) -> int:
        """How many slots are written."""
        return self._number

    @property
    def position(self) -> int:
        """The number that the next slot will have, when those that wait are written."""
        return self._number + len(self._waiting) // BODY_BYTES

    def append(self, stream: int, step: int, time_ns: int, value: float) -> None:
        """Write one value.

        Raises:
            SegmentClosed: `close` was called.
            struct.error: a number beyond its range.
        """
        with self._lock:
            # `_busy` is true here only for a signal handler that interrupted this very thread while it wrote.
            if self._busy or self._waiting or self._sink is None:
                self._take(BODY.pack(stream, step, time_ns, value), self._most_waiting)
                return
            self._busy = True
            try:
                if self._sink.append(self._number, stream, step, time_ns, value):
                    self._number += 1
                else:
                    self._take(BODY.pack(stream, step, time_ns, value), self._most_waiting)
            except BaseException:
                # Ctrl-C between writing a slot and counting it: count it, or the next value would overwrite it.
                self._number += self._sink.holds(self._number)
                raise
            finally:
                self._busy = False
            if self._waiting:
                self._drain()

    def text(self, text: bytes) -> None:
        """Write one record: UTF-8 without NUL.

        Raises:
            SegmentClosed: `close` was called.
            ConfigError: more than 16 MiB.
        """
        with self._lock:
            first = self.position
            self._take(pack_text(text), self._most_waiting + RESERVED_FOR_TEXT)
            if self._waiting and self.position > first:
                self._texts.append((first, self.position))

    def sync(self) -> None:
        """Return when everything written so far outlives a power cut."""
        with self._syncing:
            self._sync(self._number // BLOCK_SLOTS * BLOCK_SLOTS)

    def close(self, timeout: float = 1.0) -> None:
        """Take nothing more; sync, give back what was allocated ahead, let go of the lock.

        Returns after `timeout` seconds at the latest. What the thread has not finished then, it goes on with while the
        process lives; what was written is in the kernel's hands in any case.
        """
        self._ending = True
        self._wake.put(None)
        if self._thread.ident is None:
            self._finish()
        else:
            self._thread.join(timeout)

    def abandon(self) -> None:
        """For a forked child: forget this segment, which belongs to its parent, whatever the parent was doing in it."""
        if self._sink is not None:
            self._sink.abandon()

    def _take(self, bodies: bytes, most: int) -> None:
        """Write what did not go the short way, after what waits already."""
        if self._closed:
            raise SegmentClosed
        if len(self._waiting) + len(bodies) > most:
            self.dropped += len(bodies) // BODY_BYTES
            return
        self._waiting += bodies
        if not self._stuck:  # else the thread tries again, once a second
            self._drain()

    def _drain(self) -> None:
        """Write what waits, as far as there is room."""
        if self._busy or not self._waiting or (self._sink is None and not self._open()):
            return
        sink = cast(Sink, self._sink)
        self._busy = True
        try:
            while self._waiting:
                some = bytes(self._waiting[: MOST_AT_ONCE * BODY_BYTES])
                written = sink.write(self._number, some)
                # Nothing is called between these two, so that Ctrl-C finds both done or none.
                self._number += written
                del self._waiting[: written * BODY_BYTES]
                if written * BODY_BYTES < len(some):
                    self._tell_stuck(sink.problem)
                    return
        finally:
            self._busy = False
        self._texts.clear()
        if self._stuck:
            self._tell_free()

    def _open(self) -> bool:
        try:
            if self._hold is None:
                # Before the segment can be seen, so that nobody finds a segment whose writer seems dead.
                self._hold = Hold(self.path.with_suffix(".lock"))
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            self._tell_stuck(error.strerror or str(error))
            return False
        try:
            if write_at(descriptor, self.header.to_bytes(), 0) != HEADER_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._sink = (MappedFile if self._way == "map" else WrittenFile)(descriptor, self.header.salt, self._wake)
        except OSError as error:
            os.close(descriptor)
            self._tell_stuck(error.strerror or str(error))
            return False
        return True

    def _tend(self) -> None:
        due = time.monotonic() + SECONDS_BETWEEN_SYNCS
        while not self._ending:
            with contextlib.suppress(Empty):
                self._wake.get(timeout=max(0.0, due - time.monotonic()))
            if self._sink is not None:
                self._sink.prepare()
            with self._lock:
                self._drain()
            if time.monotonic() >= due:
                if self._number > self.slots_on_disk or self._also:
                    self.sync()
                if self._hold is not None:
                    self._hold.renew()
                self._notice_removal()
                due = time.monotonic() + SECONDS_BETWEEN_SYNCS
        self._finish()

    def _notice_removal(self) -> None:
        """What goes into a deleted file is lost; so let the recorder begin another segment."""
        if self._sink is not None and os.fstat(self._sink.descriptor).st_nlink == 0:
            self._told(f"'{self.path}' was deleted while it was written. What was logged so far is lost.")
            self._ending = True

    def _finish(self) -> None:
        with self._lock:
            self._drain()
            lost = self._give_up()
        with self._syncing:
            self._sync(self._number)
            with self._lock, contextlib.suppress(OSError):
                sink, self._sink, self._closed = self._sink, None, True
                if sink is not None:
                    sink.close(self._number)
        if self._hold is not None:
            self._hold.release()
        if lost:
            self._told(f"'{self.path}' is closed while it cannot be written ({self._stuck}): {lost} lost.")

    def _give_up(self) -> str:
        """Of what still waits, write the newest records and no values; says what is lost."""
        at, sink = self._number, self._sink
        texts = [(first, end) for first, end in self._texts if end > at]
        lost = self.position - at - sum(end - max(first, at) for first, end in texts) + self.dropped
        waiting = [self._waiting[max(first - at, 0) * BODY_BYTES : (end - at) * BODY_BYTES] for first, end in texts]
        if lost:
            warning = WarningRecord(time=time.time_ns(), text=f"{_values(lost)} lost: {self._stuck}.")
            waiting.append(bytearray(pack_text(to_text(warning))))
        room = sink.open_reserve() * BODY_BYTES if sink is not None and waiting else 0
        begun = 1 if texts and texts[0][0] < at else 0  # one that is half written is finished, or it hides the rest
        kept = list(waiting)
        while sum(map(len, kept)) > room and len(kept) > begun:
            del kept[begun]
        if sink is not None and kept:
            self._number += sink.write(at, b"".join(kept))
        self._closed = bool(self._stuck)  # what comes from now on waits in another segment
        self._waiting.clear()
        if lost:
            return _values(lost)
        return "the last records are" if len(kept) < len(waiting) else ""

    def _sync(self, checked: int) -> None:
        """Add checksums for the slots before `checked`, then bring everything to disk."""
        if self._sink is None:
            return
        try:
            self._add_checksums(checked // BLOCK_SLOTS * BLOCK_SLOTS)
            self._add_checksums(checked)
            while self._also:
                with contextlib.suppress(OSError):  # gone again
                    sync_path(self._also.popleft())
            slots = self._number
            getattr(os, "fdatasync", os.fsync)(self._sink.descriptor)
            self.slots_on_disk, self._unsynced = slots, False
        except OSError as error:
            if not self._unsynced:
                self._unsynced = True
                self._told(f"'{self.path}' cannot be synced to disk: {error.strerror}. A power cut would lose its end.")

    def _add_checksums(self, until: int) -> None:
        """Cover the slots before `until` by checksums: whole blocks, or what is left at the end of the segment."""
        first, sums = self._checked, []
        if self._sink is None or self._stuck or until <= first:
            return
        size = min(BLOCK_SLOTS, until - first)
        while self._checked < until:
            # Where reading moves the file's position, nobody may write meanwhile; elsewhere nobody shall wait for it.
            with contextlib.nullcontext() if hasattr(os, "pread") else self._lock:
                block = read_at(self._sink.descriptor, size * SLOT_BYTES, HEADER_BYTES + self._checked * SLOT_BYTES)
            sums.append(zlib.crc32(block))
            self._checked += size
        self.text(to_text(ChecksumRecord(time=time.time_ns(), first=first, slots=size, sums=tuple(sums))))

    def _tell_stuck(self, problem: str) -> None:
        if not self._stuck:
            self._stuck = problem or "no room"
            self._told(
                f"'{self.path}' cannot be written: {self._stuck}. The program goes on; up to "
                f"{self._most_waiting // BODY_BYTES:,} values wait in memory until there is room."
            )

    def _tell_free(self) -> None:
        lost = f", but {self.dropped:,} for which memory had no room are lost" if self.dropped else ""
        self._told(f"'{self.path}' can be written again: what waited is kept{lost}.")
        self._stuck, self.dropped = "", 0


def _values(count: int) -> str:
    return "1 value is" if count == 1 else f"{count:,} values are"
