"""Disks that are really small, or really break: root may mount them, elsewhere these tests are skipped."""

import os
import shutil
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glia.tracking.log.sinks import Way

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

EXT4_IOC_SHUTDOWN = 0x8004587D
WITHOUT_THE_JOURNAL = 2
UMOUNT_SECONDS = 20
WAYS: list[Way] = ["map", "write"] if hasattr(os, "posix_fallocate") else ["write"]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    """How slots reach the kernel; on a disk of its own, only one of them would be taken."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not _done("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder):
        pytest.skip("mounting a small file system needs root")
    yield folder
    _done("umount", "--lazy", folder)


class BreakingDisk:
    """An ext4 of its own that can lose its power: what was not synced is gone, and nothing works from then on."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.image = image
        self.folder = folder

    def cut_power(self) -> None:
        """As the plug being pulled, as far as the file system can tell; the processes live on and get errors."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_THE_JOURNAL))
        finally:
            os.close(descriptor)

    def start_again(self) -> None:
        """The machine comes up again: the journal is replayed."""
        patience = time.monotonic() + UMOUNT_SECONDS  # what a process leaves behind may keep the disk busy for a moment
        while not _done("umount", self.folder):
            assert time.monotonic() < patience
        assert _done("mount", "-o", "loop", self.image, self.folder)


@pytest.fixture
def breaking_disk(tmp_path: Path) -> Iterator[BreakingDisk]:
    """An ext4 of 32 MiB in a file."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(32 << 20)
    if not (_done("mkfs.ext4", "-q", image) and _done("mount", "-o", "loop", image, folder)):
        pytest.skip("mounting a file system in a file needs root, a loop device and mkfs.ext4")
    yield BreakingDisk(image, folder)
    _done("umount", "--lazy", folder)


@pytest.fixture
def remount() -> Callable[[Path, str], None]:
    """Change the options of a mounted disk, such as its size."""

    def change(folder: Path, options: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)

    return change


def _done(program: str, *arguments: object) -> bool:
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    command = [path or "", *map(str, arguments)]
    return path is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0
