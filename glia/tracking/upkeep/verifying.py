"""Every byte of a run's log read again: checksums, torn ends, files that records name. Memory does not grow with it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from glia.errors import GliaError, counted
from glia.store.blobs import Blobs
from glia.tracking.folder.account import derive
from glia.tracking.folder.home import TRIALS, resuming, run_folders, trial_of
from glia.tracking.folder.reader import read_facts
from glia.tracking.log.columns import NAME as COLUMNS
from glia.tracking.log.columns import Columns, DamagedError
from glia.tracking.log.liveness import Process, is_held
from glia.tracking.log.records import ArtifactRecord, MediaRecord, StateRecord
from glia.tracking.log.segment_reader import SegmentReader
from glia.tracking.log.segments import HEADER_BYTES, SLOT_BYTES, SLOTS, tags
from glia.tracking.log.sinks import read_at
from glia.tracking.upkeep.findings import Finding, ok, problem, warning

CHUNK_SLOTS = 1 << 15
MOST_NAMED = 5


@dataclass
class _Segment:
    """What one segment was found to hold."""

    slots: int = 0
    said: StateRecord | None = None
    files: set[str] = field(default_factory=set)  # of media, within the run's folder
    blobs: set[str] = field(default_factory=set)


def check_runs(home: Path, only: Path | None = None) -> Iterator[Finding]:
    """Verify one run, or all of them; whatever is wrong, and at the end how much was read."""
    runs = slots = 0
    if only is not None and (place := trial_of(only)):
        only = place[0]  # in whose log it lies
    for folder in [only] if only else run_folders(home):
        runs += 1
        for finding in check_run(home, folder):
            if isinstance(finding, Finding):
                yield finding
            else:
                slots += finding
    yield ok("runs", f"{counted(runs, 'run')} verified, {counted(slots, 'entry', 'entries')}")


def check_run(home: Path, folder: Path) -> Iterator[Finding | int]:
    """What is wrong with one run, and how many slots each of its segments has."""
    subject = f"run {folder.name[:6]}"
    try:
        facts = read_facts(folder)
        process = Process.read(facts["process"])
    except (GliaError, KeyError, TypeError, ValueError) as error:
        yield problem(subject, str(error), f"Look at '{folder}'; its log is readable without run.json.")
        return
    segments: list[tuple[SegmentReader, _Segment]] = []
    for path in sorted((folder / "log").glob("*.log")):
        reader, found = SegmentReader(path), _Segment()
        segments.append((reader, found))
        yield from _check_segment(subject, reader, found)
        yield found.slots
    yield from _check_files(subject, home, folder, [found for _, found in segments])
    if why := damage_of(folder):
        text = f"{COLUMNS} is damaged ({why}): the log is read instead, which takes longer"
        yield warning(subject, text, "Remove it, and it is made anew: glia doctor --repair")
    stated = [(found.said, reader) for reader, found in segments if found.said is not None]
    said, witness = max(stated, key=lambda each: each[0].time, default=(None, None))
    if said is not None and witness is not None and witness.header is not None:
        if derive(said.state, witness.header.process, witness.lock) == "crashed":
            yield _crashed(subject, str(facts.get("kind")), folder.name, witness.header.process)
    elif not segments and derive("starting", process, folder / "log" / "none.lock") == "crashed":
        yield _crashed(subject, str(facts.get("kind")), folder.name, process)


def damage_of(folder: Path) -> str:
    """What is wrong with the columns of a run; empty if nothing is, or if it has none. Reads them whole."""
    try:
        wrong = Columns(folder / COLUMNS).verify()
    except FileNotFoundError:
        return ""
    except DamagedError:
        return "not what was written, or of another Glia"
    except OSError as error:
        return str(error.strerror)
    return f"{counted(len(wrong), 'block')} of 64 KiB" if wrong else ""


def _check_segment(subject: str, reader: SegmentReader, found: _Segment) -> Iterator[Finding]:
    name = reader.path.name
    try:
        for news in reader.refresh():
            for _, record in news.records:
                if isinstance(record, StateRecord) and record.trial is None:
                    found.said = record if found.said is None or record.time >= found.said.time else found.said
                elif isinstance(record, MediaRecord):
                    within = "" if record.trial is None else f"{TRIALS}/{record.trial}/"
                    found.files.add(f"{within}media/{record.file}")
                elif isinstance(record, ArtifactRecord):
                    found.blobs.add(record.blob)
        wrong = reader.verify()
    except (GliaError, OSError) as error:
        yield problem(subject, str(error), "Restore the file from a backup, or move it out of the run's folder.")
        return
    found.slots = reader.slots
    if wrong or reader.damaged:
        lost = ", ".join(f"slots {first:,} to {first + count - 1:,}" for first, count in wrong[:MOST_NAMED])
        text = f"{name} is not what was written: {lost or counted(reader.damaged, 'record')}"
        yield problem(subject, text, "The disk may be failing: copy .glia elsewhere. What is shown may be wrong there.")
    if reader.header is None or is_held(reader.lock):
        return
    torn, hidden = _after_the_end(reader, reader.header.salt)
    if hidden:
        text = f"{name}: {counted(hidden, 'entry', 'entries')} after slot {reader.slots:,} are behind a gap, not shown"
        yield problem(subject, text, "A power cut took what was not synced yet, or the disk is failing.")
    elif torn:
        text = f"{name} has {torn:,} bytes after its last whole entry, from a crash"
        yield warning(subject, text, "Nothing to do: they belong to something whose call had not returned.")


def _after_the_end(reader: SegmentReader, salt: int) -> tuple[int, int]:
    """Behind the last valid slot: bytes until the last that is not zero, and slots that are valid nevertheless."""
    torn = hidden = 0
    number = reader.slots
    descriptor = os.open(reader.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        while chunk := read_at(descriptor, CHUNK_SLOTS * SLOT_BYTES, HEADER_BYTES + number * SLOT_BYTES):
            slots = np.frombuffer(chunk[: len(chunk) // SLOT_BYTES * SLOT_BYTES], SLOTS)
            hidden += int((slots["tag"] == tags(number, len(slots), salt)).sum())
            if used := len(chunk.rstrip(b"\0")):
                torn = (number - reader.slots) * SLOT_BYTES + used
            number += CHUNK_SLOTS
    finally:
        os.close(descriptor)
    return torn, hidden


def _check_files(subject: str, home: Path, folder: Path, found: list[_Segment]) -> Iterator[Finding]:
    media = {Path(file).name for segment in found for file in segment.files if not (folder / file).is_file()}
    blobs = Blobs(home / "blobs")
    missing = {blob for segment in found for blob in segment.blobs if not blobs.has(blob)}
    for what, names in (("media", media), ("artifacts", missing)):
        if names:
            some = ", ".join(sorted(names)[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
            yield problem(subject, f"{len(names):,} {what} are named but not there: {some}", "Restore from a backup.")


def _crashed(subject: str, kind: str, run: str, process: Process) -> Finding:
    way = resuming(kind, run)
    advice = f"Go on with it: {way}" if way else "It cannot be gone on with: start it again."
    return warning(subject, f"crashed: process {process.pid} on {process.host} is gone", advice)
