"""A power cut: everything up to the last completed sync is there, and there is one a second while the disk keeps up."""

import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import cast

import pytest

from glia.tracking.folder.reader import RunReader
from glia.tracking.log import writer as writers
from glia.tracking.log.records import NoteRecord, to_text
from glia.tracking.log.segment_reader import SegmentReader
from glia.tracking.log.segments import HEADER_BYTES, SLOT_BYTES
from glia.tracking.log.sinks import Way
from glia.tracking.log.writer import SegmentWriter
from tests.durability.conftest import BreakingDisk
from tests.durability.kept import RECORDS, check
from tests.durability.nursery import nursery
from tests.tracking.runs import recording

SECTOR = 512
NOTES = [NoteRecord(text="n" * (7 * index)) for index in range(120)]
needs_names = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not name open files")


class Disk:
    """What a disk holds of one file: that of the last sync, and of what came since, whatever the kernel wrote back."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.synced = b""
        self.slots = 0  # that were synced

    def cuts(self, chance: random.Random) -> Iterator[bytes]:
        """What may be found after the cut: shorter, or with sectors as they were before."""
        now = self.path.read_bytes()
        kept = max(HEADER_BYTES + self.slots * SLOT_BYTES, SECTOR)
        for length in range(-(-kept // SECTOR) * SECTOR, len(now) + 1, SECTOR):
            yield now[:length]
        before = self.synced.ljust(len(now), b"\0")
        for share in (0.1, 0.5, 0.9):
            for _ in range(20):
                cut = bytearray(now)
                for at in range(kept // SECTOR * SECTOR, len(now), SECTOR):
                    if chance.random() < share:
                        cut[at : at + SECTOR] = before[at : at + SECTOR]
                yield bytes(cut)


def read(path: Path) -> tuple[list[int], list[NoteRecord], SegmentReader]:
    reader = SegmentReader(path)
    news = list(reader.refresh())
    steps = [step for each in news for step in each.values["step"].tolist()]
    assert [value for each in news for value in each.values["value"].tolist()] == [step / 2 for step in steps]
    return steps, [record for each in news for _, record in each.records if isinstance(record, NoteRecord)], reader


def test_what_was_synced_is_there_and_nothing_is_torn(
    tmp_path: Path, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "SECONDS_BETWEEN_SYNCS", 3600.0)  # only where the test says so
    writer = SegmentWriter(tmp_path / "1.log", way=way)
    disk, cut, chance = Disk(writer.path), tmp_path / "cut.log", random.Random(5)
    for step, note in enumerate(NOTES):
        writer.append(1, step, 0, step / 2)
        writer.text(to_text(note))
        if step == 60:
            writer.sync()
            disk.synced, disk.slots = writer.path.read_bytes(), writer.slots_on_disk
    cuts = 0
    for content in disk.cuts(chance):
        cut.write_bytes(content)
        steps, notes, reader = read(cut)
        assert steps == list(range(len(steps)))
        assert len(steps) > 60
        assert len(notes) > 60
        assert notes == NOTES[: len(notes)]
        assert reader.slots >= disk.slots
        assert reader.damaged == 0
        assert reader.verify() == []
        cuts += 1
    writer.close()
    assert cuts > 80


class Nudged(SimpleQueue[None]):
    """What wakes the writer's thread: here only the test does, and knows when the thread waits again."""

    def __init__(self) -> None:
        self.put_in = self.asked = 0
        self.changed = threading.Condition()

    def put(self, item: None, block: bool = True, timeout: float | None = None) -> None:
        with self.changed:
            self.put_in += 1
        super().put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> None:
        with self.changed:
            self.asked += 1
            self.changed.notify_all()
        return super().get()

    def turn(self) -> None:
        """Have the thread look around once, and wait until it is done with that."""
        self.put(None)
        with self.changed:
            assert self.changed.wait_for(lambda: self.asked > self.put_in, timeout=60)


def test_a_second_is_the_longest_between_two_syncs(tmp_path: Path, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    now, synced = [100.0], []
    fdatasync = os.fdatasync
    clock = SimpleNamespace(monotonic=lambda: now[0], time=lambda: 0.0, time_ns=lambda: 0)
    monkeypatch.setattr(writers, "time", clock)
    monkeypatch.setattr(writers, "SimpleQueue", Nudged)
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: (fdatasync(descriptor), synced.append(now[0]))[0])
    writer = SegmentWriter(tmp_path / "1.log", way=way)
    nudged = cast(Nudged, writer._wake)
    nudged.turn()
    for quarter in range(1, 21):
        writer.append(1, quarter, 0, 0.5)
        now[0] = 100 + quarter / 4
        nudged.turn()
        if quarter % 4 == 0:
            assert writer.slots_on_disk == writer.slots
    assert synced == [101, 102, 103, 104, 105]
    writer.close()


@needs_names
def test_files_are_on_disk_before_the_records_that_name_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk: set[str] = set()
    said: list[str] = []
    replace, text = Path.replace, SegmentWriter.text

    def sync(descriptor: int) -> None:
        on_disk.add(os.readlink(f"/proc/self/fd/{descriptor}"))

    def renamed(self: Path, target: Path) -> Path:
        if str(self) in on_disk:
            on_disk.discard(str(self.parent))  # its folder has a name more
            on_disk.add(str(target))
        return replace(self, target)

    def checked(self: SegmentWriter, record: bytes) -> None:
        for medium in (home / "runs").glob("*/media/*"):
            if medium.name.encode() in record:
                assert {str(medium), str(medium.parent), str(medium.parent.parent)} <= on_disk
                said.append(medium.name)
        text(self, record)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", renamed)
    monkeypatch.setattr(SegmentWriter, "text", checked)
    with recording(home, recipe_toml="[train]\n") as recorder:
        unfinished = f"{home}/runs/.new-{recorder.id}"
        assert {f"{unfinished}/run.json", f"{unfinished}/recipe.toml", unfinished} <= on_disk
        for content in (b"first", b"second"):
            recorder.media("picture", content, suffix=".bin", kind="file")
    assert len(said) == 2


@needs_names
def test_the_folders_of_a_log_are_on_disk_with_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    for name in ("fsync", "fdatasync"):
        monkeypatch.setattr(os, name, lambda fd: order.append(Path(os.readlink(f"/proc/self/fd/{fd}")).name))
    with recording(home) as recorder:
        recorder.log({"loss": 1.0})
        del order[:]
        recorder.sync()
        log = f"{recorder.writer}.log"
        assert {"runs", recorder.id, "log"} <= set(order[: order.index(log)])


@pytest.mark.parametrize("most", [200, 210, 430])
def test_the_power_of_a_real_disk_is_cut(breaking_disk: BreakingDisk, way: Way, most: int) -> None:
    code = RECORDS.replace("say(step)", "run._recorder.sync() if step == 200 else None; say(step)")
    home = breaking_disk.folder / ".glia"
    with nursery(code) as children:
        children.bear(home, way, 10**9)
        said = children.lines()
        pid = int(next(said).split()[1])
        folder = Path(next(said))
        for line in said:
            if int(line) >= most:
                break
        breaking_disk.cut_power()
        reported = int(([line, *children.kill(pid)])[-1])
    breaking_disk.start_again()
    assert 200 <= check(RunReader(folder)) <= reported + 1
