"""Memory on the CPU kept between steps instead of handed back after each.

Every step allocates the same large tensors. The C library gives blocks of that size back to the system at once and
asks for them again, and the system clears each page anew: a quarter of a convolutional network's step
(benchmarks/loop.py). GPUs do not have the problem: torch keeps their memory itself.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of <malloc.h>, glibc
LARGEST = 2**30


@contextmanager
def kept_between_steps() -> Iterator[None]:
    """While inside, freed memory stays with the process; afterwards it goes back. Does nothing outside glibc."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "gnu_get_libc_version"):
        yield
        return
    library.mallopt(M_MMAP_THRESHOLD, LARGEST)
    library.mallopt(M_TRIM_THRESHOLD, LARGEST)
    try:
        yield
    finally:
        library.malloc_trim(0)
