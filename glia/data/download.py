"""Files from the network, checked: several addresses tried in order, resumed where they were cut, kept in a cache.

A file arrives beside its place and is moved there once its checksum is right, so that what is in the cache is whole.
"""

import gzip
import hashlib
import http.client
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from glia.errors import DataError

Progress: TypeAlias = Callable[[str, int, int], None]
"""Hears the file's name, the bytes that are here, and the bytes in all (0 where the server does not say)."""

TIMEOUT_SECONDS = 30.0
CHUNK_BYTES = 1 << 18
PARTIAL, RANGE_NOT_SATISFIABLE = 206, 416


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A gzipped file and how to know it.

    Attributes:
        name: of the file in caches and mirrors.
        urls: tried in order.
        sha256: of the contents. Preferred: the same contents are found in different wrappers.
        packed_sha256: of the wrapper, where nobody published a checksum of the contents.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str = ""
    packed_sha256: str = ""


def cache_folder() -> Path:
    """Where downloads are kept: GLIA_CACHE, or glia/ in XDG_CACHE_HOME, or ~/.cache/glia."""
    if os.environ.get("GLIA_CACHE"):
        return Path(os.environ["GLIA_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "glia"


def contents_of(file: RemoteFile, path: Path) -> bytes:
    """The unpacked contents of a file on disk.

    Raises:
        DataError: its checksum is another one.
    """
    packed = path.read_bytes()
    if file.packed_sha256:
        _check(path, "the file", file.packed_sha256, packed)
    try:
        contents = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"'{path}' is not the gzip file it should be: {error}.") from None
    if file.sha256:
        _check(path, "its contents", file.sha256, contents)
    return contents


def fetch(file: RemoteFile, folder: Path, progress: Progress | None = None) -> bytes:
    """The contents of a file, from `folder` or else from the network (and then kept there).

    Raises:
        DataError: no address gave the file; the message has the reason of each.
    """
    path = folder / file.name
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        if path.exists():
            try:
                return contents_of(file, path)
            except DataError:
                path.unlink()  # spoiled since it was put there
        failures = []
        for url in file.urls:
            try:
                arrived = _download(url, path, progress)
                contents = contents_of(file, arrived)
            except DataError as error:
                failures.append(f"  {url}: {error}")
                _partial(path, url).unlink(missing_ok=True)
            except (OSError, http.client.HTTPException, ValueError) as error:
                failures.append(f"  {url}: {_reason(error)}")
            else:
                os.replace(arrived, path)
                return contents
    raise DataError(f"'{file.name}' could not be downloaded:\n" + "\n".join(failures))


def _download(url: str, path: Path, progress: Progress | None) -> Path:
    """All bytes at `url` in a file beside `path`, going on where an earlier attempt was cut."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"'{url}' is not an http address")
    part = _partial(path, url)
    while True:
        before = _size(part)
        try:
            _receive(url, part, path.name, progress)
            return part
        except HTTPError:
            raise
        except (OSError, http.client.HTTPException):
            if _size(part) <= before:  # as long as each attempt brings something, go on
                raise


def _receive(url: str, part: Path, name: str, progress: Progress | None) -> None:
    have = _size(part)
    headers = {"User-Agent": "glia"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        response = urlopen(Request(url, headers=headers), timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        if error.code != RANGE_NOT_SATISFIABLE:
            raise
        error.close()
        return  # nothing is missing; the checksum judges
    with response:
        have = have if response.status == PARTIAL else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else 0
        with part.open("ab" if have else "wb") as out:
            while chunk := response.read(CHUNK_BYTES):
                out.write(chunk)
                have += len(chunk)
                if progress:
                    progress(name, have, total)
    if total and have < total:
        raise ConnectionError(f"the connection was cut after {have:,} of {total:,} bytes")


def _partial(path: Path, url: str) -> Path:
    # One for each address: another wrapper of the same contents must not be glued to it.
    return path.with_name(f"{path.name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _check(path: Path, what: str, expected: str, content: bytes) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise DataError(f"the checksum of {what} is wrong: '{path.name}' has SHA-256 {found}, expected {expected}")


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"the server answered {error.code} {error.reason}"
    return str(error.reason if isinstance(error, URLError) else error) or type(error).__name__


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time downloads into a folder; the others find the files when it is done."""
    try:
        import fcntl
    except ImportError:  # Windows: two downloads at once cost bandwidth, the checksum still judges
        yield
        return
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
