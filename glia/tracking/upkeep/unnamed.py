"""Blobs that no run names any more, found in bounded memory.

What the logs name goes into a table on disk (SQLite's own temporary file); then each blob is looked up. A blob that was
put lately is left alone, since the record that names it is still to come. If any log cannot be read, nothing is found
to be unnamed: it may name what would be removed.
"""

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

from glia.errors import DataError, NotFoundError, StoreError
from glia.store.blobs import SECONDS_TO_NAME, Blobs
from glia.tracking.folder.home import DELETED, RUNS, run_folders
from glia.tracking.log.records import ArtifactRecord
from glia.tracking.log.segment_reader import records_of

AT_ONCE = 10_000


def unnamed_blobs(home: Path, *, besides: Collection[str] = (), untouched: float = SECONDS_TO_NAME) -> Iterator[Path]:
    """The files of the blobs that no run names.

    Args:
        home: the `.glia` folder.
        besides: ids of deleted runs whose logs do not count any more.
        untouched: seconds for which nobody has put the blob.

    Raises:
        StoreError: a log cannot be read.
    """
    blobs = Blobs(home / "blobs")
    if next(blobs.hashes(untouched), None) is None:
        return
    with closing(sqlite3.connect("")) as table:
        table.execute("CREATE TABLE named (hash TEXT PRIMARY KEY) WITHOUT ROWID")
        for among in (RUNS, DELETED):
            for folder in run_folders(home, among=among):
                if among == RUNS or folder.name not in besides:
                    _note(table, _named_by(folder, blobs))
        for name in blobs.hashes(untouched):
            if table.execute("SELECT 1 FROM named WHERE hash = ?", (name,)).fetchone() is None:
                yield blobs.folder / name[:2] / name


def _note(table: sqlite3.Connection, names: Iterator[str]) -> None:
    rows: list[tuple[str]] = []
    for name in names:
        rows.append((name,))
        if len(rows) == AT_ONCE:
            table.executemany("INSERT OR IGNORE INTO named VALUES (?)", rows)
            rows.clear()
    table.executemany("INSERT OR IGNORE INTO named VALUES (?)", rows)


def _named_by(folder: Path, blobs: Blobs) -> Iterator[str]:
    """What the newest artifact of each name consists of; values in the log are passed over, piece by piece."""
    newest: dict[tuple[int | None, str], ArtifactRecord] = {}  # by trial, if it is one's, and name
    try:
        for record in records_of(folder):
            if isinstance(record, ArtifactRecord):
                key = record.trial, record.name
                before = newest.get(key)
                newest[key] = record if before is None or record.time >= before.time else before
    except (OSError, DataError) as error:
        raise StoreError(
            f"The log of the run in '{folder}' cannot be read, so nothing is known of the files it names, and none are "
            f"removed: {error}"
        ) from None
    for artifact in newest.values():
        yield artifact.blob
        if artifact.kind == "folder":
            yield from _files_of(artifact, blobs)


def _files_of(record: ArtifactRecord, blobs: Blobs) -> Iterator[str]:
    try:
        with blobs.open(record.blob) as lines:
            for line in lines:
                yield str(json.loads(line)[1])
    except NotFoundError:
        return  # the list is gone, and with it what it named
    except (ValueError, IndexError, TypeError) as error:
        raise StoreError(f"The list of the files of '{record.name}' is damaged: {error}.") from None
