"""What kind of file system a file lies on, since some promises hold only on some of them; and how things get to it."""

import errno
import os
from pathlib import Path

LOCAL = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "tmpfs", "overlay"})
"""File systems of one machine, where processes that map the same file see the same bytes."""


def kind_of_disk(path: Path, table: Path = Path("/proc/self/mountinfo")) -> str:
    """The type of the file system below `path`, such as `ext4` or `nfs4`; empty where that cannot be found out.

    Args:
        path: a file or folder; it may not exist yet.
        table: the kernel's list of what is mounted where.
    """
    place = os.path.realpath(path)
    longest, kind = -1, ""
    try:
        lines = table.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = _unescaped(fields[4])
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= longest:  # of several at one place, the last mounted is the one that is seen
            longest, kind = len(point), after.split(" ")[0]
    return kind


def sync_path(path: Path) -> None:
    """Return when a file, or which files a folder has, outlives a power cut.

    Raises:
        OSError: it is gone, or the disk is broken.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        if not path.is_dir():
            raise
        return  # Windows opens no folders
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # folders cannot be synced on every file system
            raise
    finally:
        os.close(descriptor)


def _unescaped(point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point
