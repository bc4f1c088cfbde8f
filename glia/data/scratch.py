"""Arrays on disk for what memory cannot hold: files without a name, gone with the process that made them.

They lie in the folder of the cache (`GLIA_CACHE`), for a temporary folder is often in memory itself. A file has no name
from its first moment on where the system can do that, so neither `kill -9` nor a power cut leaves any behind.
"""

import contextlib
import errno
import math
import mmap
import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from glia.data.download import cache_folder
from glia.errors import DataError

SPARE = 2**28  # bytes of the disk that are left to others


class Scratch:
    """Makes arrays on disk, which live as long as anybody uses them.

    Args:
        title: what they are made for, in messages.
        folder: where; None: the cache.
    """

    def __init__(self, title: str, folder: Path | None = None) -> None:
        self.title = title
        self._folder = folder or cache_folder()
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()

    def array(self, shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of zeros.

        Raises:
            DataError: the disk has no room for it.
        """
        kind, sides = np.dtype(dtype), (shape,) if isinstance(shape, int) else shape
        size = math.prod(sides) * kind.itemsize
        if not size:
            return np.empty(sides, kind)
        self.require(size)
        with tempfile.TemporaryFile(dir=self._folder) as file:
            try:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)  # a full disk is told now, not by a signal later
                else:
                    file.truncate(size)
            except OSError as error:
                if error.errno == errno.ENOSPC:
                    raise self._no_room(size) from None
                raise DataError(f"'{self._folder}' cannot be written to: {error}. {_ELSEWHERE}") from None
            mapped = mmap.mmap(file.fileno(), size)
        self._maps.add(mapped)
        return np.frombuffer(mapped, kind).reshape(sides)

    def require(self, size: int) -> None:
        """Refuse what the disk has no room for.

        Args:
            size: bytes that will be asked for.

        Raises:
            DataError: it has less.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            raise DataError(f"'{self._folder}' cannot be written to: {error}. {_ELSEWHERE}") from None
        if free < size + SPARE:
            raise self._no_room(size)

    def release(self) -> None:
        """Let go of the memory through which the arrays were read and written; what they hold stays."""
        for mapped in list(self._maps):
            with contextlib.suppress(AttributeError):  # not every system knows the advice
                mapped.madvise(mmap.MADV_DONTNEED)

    def _no_room(self, size: int) -> DataError:
        free = shutil.disk_usage(self._folder).free
        return DataError(
            f"'{self.title}' is too large for memory and takes {size / 1e9:.1f} GB of disk while it is learned from; "
            f"'{self._folder}' has {free / 1e9:.1f} GB free. Make room. {_ELSEWHERE}"
        )


_ELSEWHERE = "Or name another folder for it in GLIA_CACHE."
