"""Parquet: one file, or a folder of files that are parts of one table; how large it is, and its rows in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from glia.errors import DataError

SUFFIX = ".parquet"
IN_MEMORY = 1 / 8  # of the machine's memory that a table may take to be read whole: work with it takes a few times more
BATCH = 2**16  # rows that are read together
PAGES = 2**20  # bytes of a column that are read ahead
TEXT_BYTES = 48  # of a text as it lies in memory, besides its letters
CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, eq=False)
class ParquetTable:
    """What is known of a table before a row is read.

    Attributes:
        title: the path as it was given.
        paths: of the parts, in order.
        schema: of all parts.
        rows: in all.
        bytes: once read, about.
        gaps: columns that are known to have some.
    """

    title: str
    paths: tuple[Path, ...]
    schema: pa.Schema
    rows: int
    bytes: int
    gaps: frozenset[str]

    @classmethod
    def of(cls, path: Path) -> "ParquetTable":
        """The table in a file, or in a folder of files.

        Raises:
            DataError: no Parquet, or files of different columns.
        """
        paths = tuple(parts_of(path)) if path.is_dir() else (path,)
        opened = [_opened(each) for each in paths]
        schema = opened[0].schema_arrow
        for each, file in zip(paths, opened, strict=True):
            if not file.schema_arrow.equals(schema):
                raise DataError(
                    f"'{each}' has the columns {_columns(file.schema_arrow)}, and '{paths[0]}' has {_columns(schema)}: "
                    "the files of a folder are parts of one table, with the same columns."
                )
        rows = sum(file.metadata.num_rows for file in opened)
        groups = [file.metadata.row_group(number) for file in opened for number in range(file.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
        size = max(unpacked, rows * sum(map(_width, schema.types)))
        gaps = frozenset(name for group in groups for name in _with_gaps(group))
        return cls(str(path), paths, schema, rows, size, gaps)

    @property
    def is_large(self) -> bool:
        """Whether it should not be read whole on this machine."""
        return self.bytes > IN_MEMORY * memory()

    def read(self) -> pa.Table:
        """All of it.

        Raises:
            DataError: it cannot be read.
        """
        try:
            return pa.concat_tables([pq.read_table(path, partitioning=None) for path in self.paths])
        except (pa.ArrowInvalid, OSError) as error:
            raise _unreadable(self.title, error) from None

    def batches(self, dictionaries: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
        """The rows in order, so many at a time that what is read of them is small.

        Args:
            dictionaries: columns of text that come as numbers and the texts these stand for.

        Raises:
            DataError: a part of it cannot be read; the message says which.
        """
        for path in self.paths:
            file = _opened(path, dictionaries)
            for groups in _together(file.metadata):
                try:
                    yield from file.iter_batches(BATCH, row_groups=groups, use_threads=False)
                except (pa.ArrowInvalid, OSError) as error:
                    where = f"row group {groups[0] + 1}" + (f" to {groups[-1] + 1}" if len(groups) > 1 else "")
                    raise _unreadable(f"{path}", error, f" ({where} of {file.num_row_groups})") from None


def parts_of(folder: Path) -> list[Path]:
    """The Parquet files in a folder, in order of their names; hidden ones are passed over."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.lower().endswith(SUFFIX) and path.is_file() and not path.name.startswith((".", "_"))
    )


def memory() -> int:
    """Bytes of memory that this machine has, or that the container may take of it."""
    there = int(psutil.virtual_memory().total)
    try:
        allowed = CGROUP.read_text().strip()
    except OSError:
        return there
    return min(there, int(allowed)) if allowed.isdigit() else there


def _opened(path: Path, dictionaries: Sequence[str] = ()) -> pq.ParquetFile:
    try:
        # Read ahead, a row group would be held whole, and some have a million rows.
        return pq.ParquetFile(path, read_dictionary=list(dictionaries), buffer_size=PAGES, pre_buffer=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(str(path), error) from None


def _unreadable(title: str, error: Exception, where: str = "") -> DataError:
    return DataError(f"'{title}' cannot be read as Parquet{where}: {str(error).rstrip('.')}.")


def _with_gaps(group: Any) -> Iterator[str]:
    """The columns of a row group of which its statistics tell that they have gaps."""
    for number in range(group.num_columns):
        column = group.column(number)
        if column.is_stats_set and column.statistics.has_null_count and column.statistics.null_count:
            yield column.path_in_schema


def _together(metadata: Any) -> Iterator[list[int]]:
    """Row groups, small ones together so that there is something to read."""
    waiting, rows = list[int](), 0
    for number in range(metadata.num_row_groups):
        waiting, rows = [*waiting, number], rows + metadata.row_group(number).num_rows
        if rows >= BATCH:
            yield waiting
            waiting, rows = [], 0
    if waiting:
        yield waiting


def _width(kind: Any) -> int:
    """Bytes of a value in memory, at least."""
    if pa.types.is_dictionary(kind):
        return 4
    try:
        return max(1, int(kind.bit_width) // 8)
    except ValueError:
        return TEXT_BYTES


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} ({field.type})" for field in schema)
