"""Bytes kept by their hash: equal content is there once, however often it is put.

    blobs/ab/abcdef…    a blob, named by the BLAKE3 of its bytes (64 hexadecimal digits), never changed
    blobs/.new-…        one that is being written

A blob appears whole, and is on disk before `put` returns, so that a record may name it from then on. Whoever removes
blobs that no record names must leave those alone that were put lately, for their record is still to come: see `hashes`.
"""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blake3 import blake3

from glia.errors import NotFoundError

CHUNK_BYTES = 1 << 20
UNFINISHED = ".new-"
SECONDS_TO_NAME = 3600.0  # far more than lies between `put` and the record that names the blob

_HASH = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """The blobs of one `.glia` folder. Safe for threads and processes; made when something is first put.

    Args:
        folder: `.glia/blobs`.

    Example:
        >>> import tempfile
        >>> blobs = Blobs(Path(tempfile.mkdtemp()) / "blobs")
        >>> name = blobs.put(b"weights")
        >>> with blobs.open(name) as file:
        ...     file.read()
        b'weights'
        >>> blobs.size(name), list(blobs.hashes()) == [name]
        (7, True)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes | Path) -> str:
        """Keep bytes, or the bytes of a file; their hash.

        Raises:
            OSError: the file cannot be read, or the disk is full. Nothing is left behind.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self.folder / f"{UNFINISHED}{os.urandom(8).hex()}"
        try:
            with unfinished.open("xb") as target:
                name = _copy(content, target)
                if not self._renewed(name):
                    target.flush()
                    os.fsync(target.fileno())
            if not self._renewed(name):
                self._place(unfinished, name)
        finally:
            unfinished.unlink(missing_ok=True)
        return name

    def open(self, name: str) -> BinaryIO:
        """A blob's bytes, to be read and closed.

        Raises:
            NotFoundError: there is no such blob.
        """
        try:
            return self._path(name).open("rb")
        except FileNotFoundError:
            raise self._missing(name) from None

    def has(self, name: str) -> bool:
        """Whether there is a blob of that hash."""
        return self._path(name).is_file()

    def size(self, name: str) -> int:
        """How many bytes a blob has.

        Raises:
            NotFoundError: there is no such blob.
        """
        try:
            return self._path(name).stat().st_size
        except FileNotFoundError:
            raise self._missing(name) from None

    def delete(self, name: str, untouched_seconds: float = 0.0) -> None:
        """Remove a blob; one that is gone already is no error.

        Args:
            name: its hash.
            untouched_seconds: keep it if somebody put it in the last so many seconds, even at this very moment.
        """
        path = self._path(name)
        if not untouched_seconds:
            path.unlink(missing_ok=True)
            return
        # Put aside first, where `put` does not find it: what is put from now on is written anew.
        aside = self.folder / f"{UNFINISHED}{os.urandom(8).hex()}"
        with contextlib.suppress(FileNotFoundError):
            path.rename(aside)
            if aside.stat().st_mtime < time.time() - untouched_seconds:
                aside.unlink()
            else:
                aside.rename(path)

    def hashes(self, untouched_seconds: float = 0.0) -> Iterator[str]:
        """The hashes of all blobs, one shelf after the other, each in order.

        Args:
            untouched_seconds: only of blobs that nobody put in the last so many seconds. Whoever deletes what no
                record names gives `SECONDS_TO_NAME`.
        """
        latest = time.time() - untouched_seconds
        for shelf in _entries(self.folder):
            for name in _entries(self.folder / shelf):
                if _HASH.fullmatch(name) and name.startswith(shelf):
                    with contextlib.suppress(FileNotFoundError):
                        if not untouched_seconds or self._path(name).stat().st_mtime < latest:
                            yield name

    def unfinished(self) -> Iterator[Path]:
        """The files that processes left that were killed while they put something."""
        for name in _entries(self.folder):
            with contextlib.suppress(OSError):
                path = self.folder / name
                if name.startswith(UNFINISHED) and time.time() - path.stat().st_mtime > SECONDS_TO_NAME:
                    yield path

    def _renewed(self, name: str) -> bool:
        """Whether the blob is there; if so, it counts as put now."""
        try:
            os.utime(self._path(name))
        except FileNotFoundError:
            return False
        return True

    def _place(self, unfinished: Path, name: str) -> None:
        path = self._path(name)
        made = not path.parent.exists()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        unfinished.chmod(0o400)
        unfinished.replace(path)
        _sync_folder(path.parent)
        if made:
            _sync_folder(self.folder)

    def _path(self, name: str) -> Path:
        if not _HASH.fullmatch(name):
            raise NotFoundError(f"'{name[:80]}' is not the hash of a blob: those are 64 hexadecimal digits.")
        return self.folder / name[:2] / name

    def _missing(self, name: str) -> NotFoundError:
        return NotFoundError(f"There is no blob '{name[:12]}…' in '{self.folder}': it was removed, or never came here.")


def _copy(content: bytes | Path, target: BinaryIO) -> str:
    """Write and hash in one pass, so that the name is that of what was written even if the file changes meanwhile."""
    digest = blake3()
    if isinstance(content, bytes):
        digest.update(content)
        target.write(content)
        return digest.hexdigest()
    with content.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system syncs folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
