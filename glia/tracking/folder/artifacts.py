"""Files and folders kept with a run: their bytes in `.glia/blobs`, their names in records of the run's log.

A folder is kept as the list of its files, itself a blob: a line of JSON `[path, hash, bytes]` for each, in order. Links
and what is no file (sockets, devices) are left out, since what they lead to was not asked for.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from glia.errors import ConfigError, DataError, NotFoundError, did_you_mean
from glia.store.blobs import Blobs
from glia.tracking.folder.home import FOLDER, home_of
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.records import ArtifactRecord

LONGEST_NAME = 500


@dataclass(frozen=True)
class File:
    """A file of an artifact."""

    path: str  # within a folder, with `/`; of a single file its name
    blob: str
    bytes: int


@dataclass(frozen=True)
class Artifact:
    """A file or folder that a run keeps."""

    name: str
    kind: str  # file or folder
    files: int
    bytes: int
    time: datetime  # when it was kept, in UTC
    blob: str = field(repr=False)
    _blobs: Blobs = field(repr=False, compare=False)

    def contents(self) -> Iterator[File]:
        """Its files, in order.

        Raises:
            NotFoundError: the content was removed.
            DataError: the list of files is damaged.
        """
        if self.kind != "folder":
            yield File(PurePosixPath(self.name).name, self.blob, self.bytes)
            return
        with self._blobs.open(self.blob) as lines:
            for line in lines:
                yield _file(self.name, line)

    def open(self, path: str = "") -> BinaryIO:
        """The bytes of a file, to be read and closed.

        Args:
            path: which file of a folder.

        Raises:
            NotFoundError: it has no such file.
        """
        if self.kind != "folder" and path in ("", PurePosixPath(self.name).name):
            return self._blobs.open(self.blob)
        known = []
        for file in self.contents():
            if file.path == path:
                return self._blobs.open(file.blob)
            known.append(file.path)
        raise NotFoundError(f"Artifact '{self.name}' has no file '{path}'.{did_you_mean(path, known)}")

    def copy(self, to: str | Path) -> Path:
        """Write it into the folder `to` under its name, over what is there; where it is now.

        Raises:
            NotFoundError: the content was removed.
            OSError: it cannot be written.
        """
        target = Path(to) / self.name
        if self.kind != "folder":
            self._write(self.blob, target)
            return target
        target.mkdir(parents=True, exist_ok=True)
        for file in self.contents():
            self._write(file.blob, target / file.path)
        return target

    def _write(self, blob: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name[:100]}.{os.getpid()}")
        try:
            with self._blobs.open(blob) as source, unfinished.open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)


def artifacts_of(reader: RunReader) -> list[Artifact]:
    """What a run keeps, as its log says: the newest of each name. A name that leads elsewhere is passed over."""
    blobs = blobs_of(reader.folder)
    return [
        Artifact(
            name=record.name,
            kind=record.kind,
            files=record.files,
            bytes=record.bytes,
            time=datetime.fromtimestamp(record.time / 1e9, UTC),
            blob=record.blob,
            _blobs=blobs,
        )
        for record in reader.artifacts
        if is_path_within(record.name)
    ]


def find_artifact(reader: RunReader, name: str) -> Artifact:
    """The artifact of that name.

    Raises:
        NotFoundError: the run keeps none; the message names near ones.
    """
    artifacts = {each.name: each for each in artifacts_of(reader)}
    if name not in artifacts:
        raise NotFoundError(f"Run '{reader.name}' keeps no artifact '{name}'.{did_you_mean(name, artifacts)}")
    return artifacts[name]


def blobs_of(run: Path) -> Blobs:
    """The blobs of the `.glia` folder that a run's folder lies in."""
    return Blobs(home_of(run) / "blobs")


def keep(run: Path, path: Path, name: str) -> tuple[ArtifactRecord, list[str]]:
    """Put a file or folder into the blobs.

    Args:
        run: the run's folder.
        path: what to keep. It may be a link itself; links within it are not followed.
        name: what it is called in the run; `/` groups.

    Returns:
        What the run's log should say now that the bytes are on disk, and the paths that were left out.

    Raises:
        ConfigError: `name` leads out of a folder.
        NotFoundError: there is nothing at `path`.
        OSError: it cannot be read, or the disk is full.
    """
    if not is_path_within(name):
        raise ConfigError(f"name='{name}' is not the name of an artifact: write it as 'model.pt' or 'data/train'.")
    blobs, path = blobs_of(run), path.expanduser().resolve()
    if path.is_file():
        blob = blobs.put(path)
        return ArtifactRecord(name=name, blob=blob, bytes=blobs.size(blob)), []
    if not path.is_dir():
        raise NotFoundError(f"There is no file or folder '{path}' to keep as artifact '{name}'.")
    left_out: list[str] = []
    lines, count, size = [], 0, 0
    for file in _files(path, left_out):
        blob = blobs.put(file)
        length = blobs.size(blob)
        lines.append(json.dumps([file.relative_to(path).as_posix(), blob, length], separators=(",", ":")))
        count, size = count + 1, size + length
    listed = blobs.put("".join(f"{line}\n" for line in lines).encode())
    return ArtifactRecord(name=name, blob=listed, kind="folder", files=count, bytes=size), left_out


def is_path_within(name: str) -> bool:
    """Whether `name` is a relative path that stays within the folder it is appended to."""
    parts = name.split("/")
    return (
        0 < len(name) <= LONGEST_NAME
        and name.isprintable()
        and not any(part in ("", ".", "..") or part != part.strip() for part in parts)
        and not any(character in name for character in '\\:*?"<>|')
    )


def _files(folder: Path, left_out: list[str]) -> Iterator[Path]:
    """The files below a folder, in order; what is none, or is Glia's own, is added to `left_out`."""
    for place, folders, names in os.walk(folder):
        for each in sorted(folders):
            if each == FOLDER or Path(place, each).is_symlink():
                folders.remove(each)
                left_out.append(Path(place, each).relative_to(folder).as_posix())
        folders.sort()
        for each in sorted(names):
            path = Path(place, each)
            relative = path.relative_to(folder).as_posix()
            if path.is_symlink() or not path.is_file() or not _is_kept_path(relative):
                left_out.append(relative)
            else:
                yield path


def _file(artifact: str, line: bytes) -> File:
    try:
        path, blob, size = json.loads(line)
        if isinstance(path, str) and isinstance(blob, str) and isinstance(size, int) and _is_kept_path(path):
            return File(path, blob, size)
    except ValueError:
        pass
    raise DataError(f"The list of files of artifact '{artifact}' is damaged at {line[:80]!r}.")


def _is_kept_path(path: str) -> bool:
    """Whether a file may have that path within an artifact: any that is text and does not lead out."""
    parts = path.replace("\\", "/").split("/")
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in path and not Path(path).is_absolute() and not any(part in ("", ".", "..") for part in parts)
