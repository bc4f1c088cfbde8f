"""Bytes kept by their hash: whole or not at all, once however often put."""

import errno
import os
import threading
from pathlib import Path

import pytest
from blake3 import blake3

from glia.errors import NotFoundError
from glia.store import blobs as module
from glia.store.blobs import SECONDS_TO_NAME, Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def test_bytes_and_files_come_back_under_their_hash(blobs: Blobs, tmp_path: Path) -> None:
    content = os.urandom(3 * module.CHUNK_BYTES + 17)
    file = tmp_path / "weights.bin"
    file.write_bytes(content)
    name = blobs.put(file)
    assert name == blake3(content).hexdigest() == blobs.put(content)
    with blobs.open(name) as stream:
        assert stream.read() == content
    assert (blobs.has(name), blobs.size(name)) == (True, len(content))
    assert [str(path.relative_to(blobs.folder)) for path in blobs.folder.rglob("*") if path.is_file()] == [
        f"{name[:2]}/{name}"
    ]


def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    assert blobs.size(blobs.put(b"")) == 0


def test_what_is_not_there_is_said(blobs: Blobs) -> None:
    name = "ab" * 32
    assert not blobs.has(name)
    assert list(blobs.hashes()) == []
    for asked in (blobs.open, blobs.size):
        with pytest.raises(NotFoundError, match=r"no blob 'abababababab…'.*never came here"):
            asked(name)
    blobs.delete(name)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_only_hashes_name_blobs(blobs: Blobs, name: str) -> None:
    with pytest.raises(NotFoundError, match="64 hexadecimal digits"):
        blobs.open(name)


def test_a_full_disk_leaves_nothing_behind(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs.put(b"before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        blobs.put(b"after")
    assert list(blobs.hashes()) == [blake3(b"before").hexdigest()]
    assert [path.name for path in blobs.folder.iterdir() if path.name.startswith(".")] == []


def test_a_blob_is_on_disk_before_it_has_its_name(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: done.append("sync"))
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, target: (done.append("name"), replace(self, target))[1])
    blobs.put(b"content")
    assert done[:2] == ["sync", "name"]
    assert "sync" in done[2:], "the folder's entry is synced too"


def test_threads_that_put_the_same_bytes_keep_them_once(blobs: Blobs) -> None:
    begin = threading.Barrier(8)
    names: list[str] = []

    def put() -> None:
        begin.wait(30)
        names.extend(blobs.put(b"same" * 1000) for _ in range(20))

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names) == 160
    assert list(blobs.hashes()) == [names[0]]


def test_what_was_put_lately_is_not_offered_for_removal(blobs: Blobs) -> None:
    old, again = blobs.put(b"old"), blobs.put(b"put again")
    for name in (old, again):
        os.utime(blobs.folder / name[:2] / name, (1, 1))
    blobs.put(b"put again")
    new = blobs.put(b"new")
    assert list(blobs.hashes(SECONDS_TO_NAME)) == [old]
    assert sorted(blobs.hashes()) == sorted([old, again, new])
    blobs.delete(old)
    assert not blobs.has(old)


def test_what_a_killed_process_left_is_cleared_in_time(blobs: Blobs) -> None:
    blobs.put(b"content")
    fresh, stale = blobs.folder / ".new-fresh", blobs.folder / ".new-stale"
    for path in (fresh, stale):
        path.write_bytes(b"half")
    os.utime(stale, (1, 1))
    assert list(blobs.unfinished()) == [stale]
    assert len(list(blobs.hashes())) == 1


def test_what_is_put_while_it_is_being_deleted_stays(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever removes what no record names looked at the blob's age before: it may have been put since."""
    name = blobs.put(b"content")
    path = blobs.folder / name[:2] / name
    blobs.delete(name, SECONDS_TO_NAME)
    assert blobs.has(name)

    os.utime(path, (1, 1))
    rename = Path.rename

    def put_before(self: Path, target: Path) -> Path:
        monkeypatch.undo()
        blobs.put(b"content")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", put_before)
    blobs.delete(name, SECONDS_TO_NAME)
    assert blobs.has(name)

    os.utime(path, (1, 1))

    def put_after(self: Path, target: Path) -> Path:
        monkeypatch.undo()
        renamed = rename(self, target)
        blobs.put(b"content")
        return renamed

    monkeypatch.setattr(Path, "rename", put_after)
    blobs.delete(name, SECONDS_TO_NAME)
    assert blobs.has(name)

    os.utime(path, (1, 1))
    blobs.delete(name, SECONDS_TO_NAME)
    assert not blobs.has(name)
    assert list(blobs.folder.glob(".new-*")) == []
