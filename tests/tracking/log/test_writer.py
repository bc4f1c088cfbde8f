"""What every way of writing promises: one suite, run over all of them."""

import errno
import os
import signal
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glia.tracking.log import sinks
from glia.tracking.log import writer as writers
from glia.tracking.log.records import ChecksumRecord, NoteRecord, WarningRecord, to_text
from glia.tracking.log.segment_reader import SegmentReader
from glia.tracking.log.segments import BODY_BYTES, HEADER_BYTES, SLOT_BYTES
from glia.tracking.log.sinks import FIRST_EXTENT_BYTES, Way
from glia.tracking.log.writer import BLOCK_SLOTS, SegmentClosed, SegmentWriter

WAYS: list[Way] = ["map", "write"] if hasattr(os, "posix_fallocate") else ["write"]
Make = Callable[..., SegmentWriter]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def make(tmp_path: Path, way: Way) -> Iterator[Make]:
    made: list[SegmentWriter] = []

    def make(**options: Any) -> SegmentWriter:
        made.append(SegmentWriter(tmp_path / f"{len(made) + 1}.log", way=way, **options))
        return made[-1]

    yield make
    for writer in made:
        writer.close()


class Read:
    """All that is in a segment."""

    def __init__(self, path: Path) -> None:
        self.reader = SegmentReader(path)
        news = list(self.reader.refresh())
        self.steps = [step for each in news for step in each.values["step"].tolist()]
        self.values = [value for each in news for value in each.values["value"].tolist()]
        self.streams = [stream for each in news for stream in each.values["stream"].tolist()]
        self.records = [record for each in news for _, record in each.records]


def test_what_was_written_is_read_at_once(make: Make) -> None:
    writer = make()
    for step in range(5):
        writer.append(3, step, 17 * step, step / 2)
        assert Read(writer.path).steps == list(range(step + 1))
    read = Read(writer.path)
    assert (read.streams, read.values) == ([3] * 5, [0, 0.5, 1, 1.5, 2])


def test_values_over_many_extents_come_back_in_order(make: Make) -> None:
    writer, count = make(), 5 * FIRST_EXTENT_BYTES // SLOT_BYTES
    for step in range(count):
        writer.append(1, step, 0, 0.5)
    assert Read(writer.path).steps == list(range(count))
    writer.close()
    assert Read(writer.path).steps == list(range(count))


def test_texts_longer_than_an_extent_stand_between_values(make: Make) -> None:
    writer = make()
    note = NoteRecord(text="x" * (2 * FIRST_EXTENT_BYTES))
    writer.append(1, 1, 0, 0.5)
    writer.text(to_text(note))
    writer.append(1, 2, 0, 0.5)
    read = Read(writer.path)
    assert (read.steps, read.records) == ([1, 2], [note])


def test_numbers_that_are_not_finite_and_extremes_are_kept(make: Make) -> None:
    writer = make()
    for step, value in ((-(2**63), float("nan")), (2**63 - 1, float("inf")), (0, -float("inf")), (1, 5e-324)):
        writer.append(2**32 - 1, step, -(2**63), value)
    read = Read(writer.path)
    assert read.steps == [-(2**63), 2**63 - 1, 0, 1]
    assert str(read.values) == "[nan, inf, -inf, 5e-324]"


def test_a_value_beyond_its_range_is_refused_and_leaves_no_trace(make: Make) -> None:
    writer = make()
    writer.append(1, 1, 0, 0.5)
    with pytest.raises(struct.error):
        writer.append(1, 2**63, 0, 0.5)
    writer.append(1, 2, 0, 0.5)
    assert Read(writer.path).steps == [1, 2]


def test_closing_gives_back_what_was_allocated_ahead(make: Make) -> None:
    writer = make()
    writer.append(1, 1, 0, 0.5)
    writer.close()
    reader = Read(writer.path).reader
    assert writer.path.stat().st_size == HEADER_BYTES + reader.slots * SLOT_BYTES < FIRST_EXTENT_BYTES


def test_after_the_close_nothing_is_taken(make: Make) -> None:
    writer = make()
    writer.close()
    with pytest.raises(SegmentClosed):
        writer.append(1, 1, 0, 0.5)
    with pytest.raises(SegmentClosed):
        writer.text(b"{}")
    writer.close()


def test_a_segment_is_for_its_owner_only(make: Make) -> None:
    assert make().path.stat().st_mode & 0o777 == 0o600


def test_threads_are_kept_apart(make: Make) -> None:
    writer, count = make(), 2000

    def write(stream: int) -> None:
        for step in range(count):
            writer.append(stream, step, 0, stream)
            if step % 100 == 0:
                writer.text(to_text(NoteRecord(text=f"{stream} at {step}")))

    threads = [threading.Thread(target=write, args=[stream]) for stream in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    read = Read(writer.path)
    assert sum(isinstance(record, NoteRecord) for record in read.records) == 4 * count // 100
    for stream in range(1, 5):
        assert [step for step, each in zip(read.steps, read.streams, strict=True) if each == stream] == list(
            range(count)
        )


def test_a_signal_handler_may_log_while_the_program_logs(make: Make) -> None:
    writer = make()
    handled: list[int] = []

    def handler(*_: object) -> None:
        handled.append(len(handled))
        writer.append(2, len(handled), 0, 0.5)
        writer.text(to_text(NoteRecord(text=str(len(handled)))))

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        step = 0
        while len(handled) < 100:
            step += 1
            writer.append(1, step, 0, 0.5)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    read = Read(writer.path)
    assert read.streams.count(1) == step
    notes = sum(isinstance(record, NoteRecord) for record in read.records)  # a slow machine adds checksums
    assert read.streams.count(2) == notes == len(handled)


def test_an_interrupt_between_writing_and_counting_overwrites_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = make()
    sink: Any = writer._sink
    append = sink.append

    def interrupted(*arguments: Any) -> bool:
        append(*arguments)
        raise KeyboardInterrupt

    writer.append(1, 1, 0, 0.5)
    with monkeypatch.context() as patch:
        patch.setattr(sink, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            writer.append(1, 2, 0, 0.5)
    writer.append(1, 3, 0, 0.5)
    assert Read(writer.path).steps == [1, 2, 3]


def test_a_sync_says_how_far_it_reached(make: Make) -> None:
    writer = make()
    assert writer.slots_on_disk == 0
    for step in range(10):
        writer.append(1, step, 0, 0.5)
    writer.sync()
    assert writer.slots_on_disk == writer.slots == 10


def test_checksums_cover_whole_blocks_and_at_the_end_the_rest(make: Make) -> None:
    writer, count = make(), 2 * BLOCK_SLOTS + 100
    for step in range(count):
        writer.append(1, step, 0, 0.5)
    writer.sync()
    first = [record for record in Read(writer.path).records if isinstance(record, ChecksumRecord)]
    assert sum(len(record.sums) for record in first) == 2
    writer.close()
    sums = [record for record in Read(writer.path).records if isinstance(record, ChecksumRecord)]
    covered = sorted(
        (record.first + index * record.slots, record.slots) for record in sums for index in range(len(record.sums))
    )
    assert covered[:2] == [(0, BLOCK_SLOTS), (BLOCK_SLOTS, BLOCK_SLOTS)]
    assert covered[2][0] == 2 * BLOCK_SLOTS
    assert covered[2][1] >= 100
    assert SegmentReader(writer.path).verify() == []


def test_a_flipped_bit_is_found(make: Make) -> None:
    writer = make()
    for step in range(3 * BLOCK_SLOTS):
        writer.append(1, step, 0, 0.5)
    writer.close()
    data = bytearray(writer.path.read_bytes())
    data[HEADER_BYTES + (BLOCK_SLOTS + 5) * SLOT_BYTES + 20] ^= 4
    writer.path.write_bytes(data)
    assert SegmentReader(writer.path).verify() == [(BLOCK_SLOTS, BLOCK_SLOTS)]


def test_cut_at_every_sector_no_torn_record_is_shown(make: Make, tmp_path: Path) -> None:
    writer = make()
    notes = [NoteRecord(text="n" * (7 * index)) for index in range(40)]
    for step, note in enumerate(notes):
        writer.append(1, step, 0, step / 2)
        writer.text(to_text(note))
    writer.close()
    data, cut = writer.path.read_bytes(), tmp_path / "cut.log"
    seen = 0
    for length in range(0, len(data) + 1, 512):
        cut.write_bytes(data[:length])
        read = Read(cut)
        assert read.steps == list(range(len(read.steps)))
        assert read.values == [step / 2 for step in read.steps]
        said = [record for record in read.records if isinstance(record, NoteRecord)]
        assert said == notes[: len(said)]
        assert len(read.steps) >= seen
        assert read.reader.damaged == 0
        seen = len(read.steps)
    assert seen == len(notes)


def test_lost_pages_hide_what_follows_and_show_nothing_torn(make: Make, tmp_path: Path) -> None:
    writer = make()
    for step in range(1000):
        writer.append(1, step, 0, step / 2)
    writer.close()
    data = bytearray(writer.path.read_bytes())
    data[HEADER_BYTES + 2 * 4096 : HEADER_BYTES + 3 * 4096] = bytes(4096)  # never reached the disk
    (tmp_path / "cut.log").write_bytes(data)
    assert Read(tmp_path / "cut.log").steps == list(range(2 * 128))


def refuse(patch: pytest.MonkeyPatch, way: Way) -> None:
    """From now on the disk is full."""

    def full(*_: object) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    if way == "map":
        patch.setattr(os, "posix_fallocate", full)
    else:
        patch.setattr(sinks, "write_at", full)
        patch.setattr(writers, "write_at", full)


def test_on_a_full_disk_values_wait_and_are_told_once(make: Make, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    writer, count = make(told=told.append), 3 * FIRST_EXTENT_BYTES // SLOT_BYTES
    with monkeypatch.context() as patch:
        refuse(patch, way)
        for step in range(count):
            writer.append(1, step, 0, 0.5)
        writer.text(to_text(NoteRecord(text="late")))
        assert len(told) == 1
        assert "No space left on device" in told[0]
        assert str(writer.path) in told[0]
        assert "2,396,745 values wait in memory" in told[0]
        assert Read(writer.path).steps == list(range(writer.slots))
        assert writer.slots < count < writer.position
    writer.close()
    read = Read(writer.path)
    assert read.steps == list(range(count))
    assert NoteRecord(text="late") in read.records
    assert len(told) == 2
    assert told[1].endswith("can be written again: what waited is kept.")


def test_waiting_is_bounded_and_what_is_lost_is_counted(make: Make, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    writer = make(told=told.append, most_waiting=10 * BODY_BYTES)
    with monkeypatch.context() as patch:
        refuse(patch, way)
        step = 0
        while not writer.dropped:
            writer.append(1, step, 0, 0.5)
            step += 1
        for _ in range(4):
            writer.append(1, step, 0, 0.5)
        assert writer.dropped == 5
        writer.text(to_text(NoteRecord(text="the state is kept all the same")))
    writer.close()
    read = Read(writer.path)
    assert read.steps == list(range(step - 1))
    assert NoteRecord(text="the state is kept all the same") in read.records
    assert "but 5 for which memory had no room are lost" in told[1]


def test_space_that_returns_is_noticed_without_a_further_value(
    make: Make, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    again = threading.Event()
    writer = make(told=lambda text: (told.append(text), again.set() if len(told) == 2 else None)[0])
    with monkeypatch.context() as patch:
        refuse(patch, way)
        count = 0
        while not told:
            writer.append(1, count, 0, 0.5)
            count += 1
    assert again.wait(30)
    assert Read(writer.path).steps == list(range(count))
    assert writer.slots == writer.position


def test_ending_on_a_full_disk_says_how_much_is_lost(make: Make, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    with monkeypatch.context() as patch:
        writer = make(told=told.append)
        refuse(patch, way)
        while not told:
            writer.append(1, writer.position, 0, 0.5)
        for _ in range(4):
            writer.append(1, writer.position, 0, 0.5)
        writer.text(to_text(NoteRecord(text="not counted")))
        writer.close()
    assert told[-1].endswith("is closed while it cannot be written (No space left on device): 5 values are lost.")
    assert SegmentReader(writer.path).verify() == []


@pytest.mark.skipif("map" not in WAYS, reason="no mapped files here")
def test_a_page_is_kept_for_the_last_records_of_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    allocate = os.posix_fallocate
    writer = SegmentWriter(tmp_path / "1.log", way="map", told=told.append)

    def full(descriptor: int, offset: int, size: int) -> None:
        if offset + size > os.fstat(descriptor).st_size:
            raise OSError(errno.ENOSPC, "No space left on device")
        allocate(descriptor, offset, size)

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        for step in range(FIRST_EXTENT_BYTES // SLOT_BYTES - 1):
            writer.append(1, step, 0, 0.5)
        writer.text(to_text(NoteRecord(text="begins where the extent ends")))
        for number in range(100):
            writer.append(1, number, 0, 0.5)
            writer.text(to_text(NoteRecord(text=f"{number} " * 10)))
        writer.text(to_text(NoteRecord(text="the end")))
        writer.close()
    read = Read(writer.path)
    notes = [record.text for record in read.records if isinstance(record, NoteRecord)]
    warnings = [record.text for record in read.records if isinstance(record, WarningRecord)]
    assert len(read.steps) == FIRST_EXTENT_BYTES // SLOT_BYTES - 1
    assert read.reader.damaged == 0
    assert (notes[0], notes[-2:]) == ("begins where the extent ends", ["99 " * 10, "the end"])
    assert warnings == ["100 values are lost: No space left on device."]
    assert told[-1].endswith("100 values are lost.")


def test_a_segment_that_cannot_be_made_waits_whole(tmp_path: Path, way: Way) -> None:
    told: list[str] = []
    folder = tmp_path / "later"
    writer = SegmentWriter(folder / "1.log", way=way, told=told.append)
    for step in range(5):
        writer.append(1, step, 0, 0.5)
    assert "No such file or directory" in told[0]
    folder.mkdir()
    writer.close()
    assert Read(folder / "1.log").steps == list(range(5))


def test_syncing_that_fails_is_told_once_and_disturbs_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    writer = make(told=told.append)
    writer.append(1, 0, 0, 0.5)

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        writer.sync()
        writer.sync()
        writer.append(1, 1, 0, 0.5)
    assert writer.slots_on_disk == 0
    writer.sync()
    assert writer.slots_on_disk == 2
    assert len(told) == 1
    assert "cannot be synced to disk: Input/output error" in told[0]


def test_a_page_of_zeros_is_kept_where_nothing_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    write_at = sinks.write_at
    writer = SegmentWriter(tmp_path / "1.log", way="write", told=told.append)

    def full(descriptor: int, data: bytes, offset: int) -> int:
        room = os.fstat(descriptor).st_size - offset
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_at(descriptor, data[:room], offset)

    with monkeypatch.context() as patch:
        patch.setattr(sinks, "write_at", full)
        for step in range(2 * FIRST_EXTENT_BYTES // SLOT_BYTES):
            writer.append(1, step, 0, 0.5)
        writer.text(to_text(NoteRecord(text="the end")))
        writer.close()
    read = Read(writer.path)
    assert read.steps == list(range(FIRST_EXTENT_BYTES // SLOT_BYTES))
    assert [record.text for record in read.records if isinstance(record, NoteRecord)] == ["the end"]
    assert "2,048 values are lost: No space left on device." in [
        record.text for record in read.records if isinstance(record, WarningRecord)
    ]
    assert "cannot be written: No space left on device" in told[0]


def test_a_value_is_written_without_a_turn_for_other_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sinks._write_held is None:
        pytest.skip("this system's library has no pwrite that Python can call so")
    writer = SegmentWriter(tmp_path / "1.log", way="write")
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", None)  # the one that lets go of the interpreter's lock
        for step in range(100):
            writer.append(1, step, 0, 0.5)
    assert Read(writer.path).steps == list(range(100))
    writer.close()


def test_the_way_is_chosen_by_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, expected in (("ext4", "map"), ("xfs", "map"), ("overlay", "write"), ("nfs4", "write"), ("", "write")):
        monkeypatch.setattr(sinks, "kind_of_disk", lambda path, kind=kind: kind)
        assert sinks.best_way(tmp_path) == (expected if "map" in WAYS else "write")
    monkeypatch.setattr(sinks, "kind_of_disk", lambda path: "ext4")
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    assert sinks.best_way(tmp_path) == "write"


def test_without_positioned_writes_the_bytes_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "_write_held", None)  # as on Windows
    monkeypatch.delattr(os, "pwrite")
    monkeypatch.delattr(os, "pread")
    writer = SegmentWriter(tmp_path / "1.log", way="write")
    for step in range(BLOCK_SLOTS + 10):
        writer.append(1, step, 0, 0.5)
    writer.text(to_text(NoteRecord(text="hello")))
    writer.close()
    assert Read(writer.path).steps == list(range(BLOCK_SLOTS + 10))
    assert SegmentReader(writer.path).verify() == []


def test_both_ways_leave_the_same_bytes(tmp_path: Path) -> None:
    bodies = []
    for way in WAYS:
        writer = SegmentWriter(tmp_path / f"{way}.log", way=way)
        for step in range(100):
            writer.append(1, step, 5, step)
        writer.text(b'{"type": "note", "text": "hello"}')
        data = np.frombuffer(writer.path.read_bytes()[HEADER_BYTES:], np.uint8)[: writer.slots * SLOT_BYTES]
        bodies.append(data.reshape(-1, SLOT_BYTES)[:, :BODY_BYTES].tobytes())
        writer.close()
    assert len(set(bodies)) == 1
