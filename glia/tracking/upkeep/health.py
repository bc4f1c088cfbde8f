"""The `.glia` folder looked over: its place, its disk, its database, and what killed processes left in it."""

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from glia.errors import counted
from glia.store.database import set_aside
from glia.store.disks import kind_of_disk
from glia.store.schema import REVISION
from glia.tracking.folder.folders import SECONDS_TO_MAKE, UNFINISHED
from glia.tracking.folder.home import TRIALS, run_folders, runs_folder
from glia.tracking.index.index import Index
from glia.tracking.log.columns import NAME as COLUMNS
from glia.tracking.log.compaction import UNFINISHED as UNFINISHED_COLUMNS
from glia.tracking.log.liveness import is_held
from glia.tracking.log.sinks import best_way
from glia.tracking.log.writer import SegmentWriter
from glia.tracking.upkeep.findings import Finding, ok, problem, warning
from glia.tracking.upkeep.verifying import damage_of

LITTLE_ROOM_BYTES = 1 << 30
MOST_SYNCS = 200
SECONDS_OF_SYNCS = 2.0
SLOW_SYNC_SECONDS = 1.0  # a sync a second cannot be kept then
VALUES_LOGGED = 50_000
MOST_NAMED = 5


def check_place(home: Path) -> Iterator[Finding]:
    """Who owns the folder, who may read it, what disk it is on and how much room that has."""
    status = home.stat()
    owner = getattr(os, "getuid", lambda: status.st_uid)()
    if status.st_uid != owner:
        yield problem("folder", f"'{home}' belongs to user {status.st_uid}, not to you", "Work in your own folder.")
    elif os.name == "posix" and status.st_mode & 0o022:
        mode = f"{status.st_mode & 0o777:o}"
        yield warning("folder", f"'{home}' may be written by others (mode {mode})", f"Type: chmod 700 '{home}'")
    else:
        yield ok("folder", f"'{home}'")
    way = "mapped files" if best_way(home) == "map" else "a system call for each value"
    yield ok("disk", f"{kind_of_disk(home) or 'an unknown file system'}: values go out by {way}")
    free = shutil.disk_usage(home).free
    text = f"{free / 1e9:.1f} GB free"
    if free < LITTLE_ROOM_BYTES:
        yield warning("room", text, "Make room: glia runs delete, then glia runs gc")
    else:
        yield ok("room", text)


def check_speed(home: Path) -> Iterator[Finding]:
    """How long a sync to this disk takes, and how many values a second the log takes here."""
    try:
        with tempfile.TemporaryDirectory(dir=home, prefix=UNFINISHED, ignore_cleanup_errors=True) as folder:
            taken = sorted(_syncs(Path(folder) / "syncs"))
            rate = _rate(Path(folder))
    except OSError as error:
        yield problem("writing", f"nothing can be written to '{home}': {error.strerror}", "Make room, or check rights.")
        return
    middle, late = taken[len(taken) // 2], taken[int(0.99 * len(taken))]
    text = f"{1e3 * middle:.2g} ms, 99 % within {1e3 * late:.2g} ms; {1 / max(middle, 1e-9):,.0f} a second"
    if late > SLOW_SYNC_SECONDS:
        advice = "A power cut may cost more than a second of values. Keep .glia on a faster disk: GLIA_HOME"
        yield warning("syncing", text, advice)
    else:
        yield ok("syncing", text)
    yield ok("logging", f"{rate:,.0f} values a second")


def check_database(home: Path) -> Iterator[Finding]:
    """Whether `glia.db` is whole, of this version, and knows the runs that there are."""
    path = home / "glia.db"
    if not path.exists():
        yield ok("database", "none yet: it is made from the runs when they are first listed")
        return
    advice = "Set it aside and make a new one from the runs: glia doctor --repair"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=20)) as database:
            said = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            revision = str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])
            listed = {row[0] for row in database.execute("SELECT id FROM runs WHERE number > 0")}  # no trials
    except (sqlite3.Error, TypeError) as error:
        yield problem("database", f"'{path}' cannot be read: {error}", advice)
        return
    if said != "ok":
        yield problem("database", f"'{path}' is damaged: {said}", advice)
    elif revision > REVISION:
        yield problem("database", f"revision {revision}, this Glia knows {REVISION}", "pip install --upgrade glia")
    else:
        behind = len(listed ^ {folder.name for folder in run_folders(home)})
        note = f"; {behind:,} to be brought up to date by the next listing" if behind else ""
        yield ok("database", f"whole, revision {revision}, {counted(len(listed), 'run')}{note}")


def check_leftovers(home: Path) -> Iterator[Finding]:
    """What processes left that were killed while they made something."""
    found = leftovers(home)
    if found:
        names = ", ".join(path.name for path in found[:MOST_NAMED]) + (", …" if len(found) > MOST_NAMED else "")
        text = f"{counted(len(found), 'file or folder', 'files and folders')} of killed processes: {names}"
        yield warning("leftovers", text, "Remove them: glia doctor --repair")
    else:
        yield ok("leftovers", "none")


def leftovers(home: Path) -> list[Path]:
    """Half-made files and folders that nobody works on any more, and locks without a segment."""
    old = time.time() - SECONDS_TO_MAKE
    places = (home, runs_folder(home), home / "blobs")
    found = [path for place in places for path in place.glob(f"{UNFINISHED}*")]
    for folder in run_folders(home):
        found += [path for place in ("", "media/", f"{TRIALS}/*/media/") for path in folder.glob(f"{place}.*.*-*")]
        found += [lock for lock in folder.glob("log/*.lock") if not lock.with_suffix(".log").exists()]
    columns = [folder / UNFINISHED_COLUMNS for folder in run_folders(home)]
    dropped = [path for path in columns if path.exists() and not is_held(path)]  # its maker would hold it
    return [path for path in found if _changed(path) < old] + dropped


def repair(home: Path) -> list[str]:
    """Make good what can be made good without losing anything; what was done, a line each."""
    done = []
    for path in leftovers(home):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        done.append(f"Removed '{path}'.")
    for folder in run_folders(home):
        if damage_of(folder):
            (folder / COLUMNS).unlink(missing_ok=True)
            done.append(f"Removed '{folder / COLUMNS}': it is made anew from the log.")
    if any(finding.verdict == "problem" for finding in check_database(home)):
        set_aside(home / "glia.db")
        done.append(f"Set '{home / 'glia.db'}' aside.")
    index = Index(home)
    index.refresh()
    done.append(f"The index knows {counted(index.count(), 'run')}.")
    return done


def _syncs(path: Path) -> Iterator[float]:
    sync = getattr(os, "fdatasync", os.fsync)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        until = time.perf_counter() + SECONDS_OF_SYNCS
        for _ in range(MOST_SYNCS):
            os.write(descriptor, bytes(4096))
            begun = time.perf_counter()
            sync(descriptor)
            ended = time.perf_counter()
            yield ended - begun
            if ended > until:
                return
    finally:
        os.close(descriptor)


def _rate(folder: Path) -> float:
    writer = SegmentWriter(folder / "1.log")
    try:
        begun = time.perf_counter()
        for step in range(VALUES_LOGGED):
            writer.append(1, step, 0, 0.5)
        return VALUES_LOGGED / (time.perf_counter() - begun)
    finally:
        writer.close()


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return time.time()
