"""A Parquet table as a dataset whose columns lie on disk: read once, in batches, to what `tables.columns_of` gives.

What a column is can only be known at its end: a gap among whole numbers makes them floats, and one text that is no date
makes a column of dates categories. Where the beginning misled, the table is read anew; its statistics tell of most gaps
before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from glia.data import judging, tables
from glia.data.columns import Arrays, Categories, Column, Label, Numbers, Pictures, Times
from glia.data.dataset import Dataset
from glia.data.parquet import ParquetTable
from glia.data.scratch import Scratch
from glia.data.streaming import Heard, Streaming
from glia.data.written_numbers import read_labels
from glia.errors import DataError

MOST_LABELS = 250_000  # different texts of a column that are told apart
MOSTLY_OTHERS = 0.9  # different texts per row of a column that is an id
BYTES_A_ROW = 24  # for contents, places and positions
TEXT, FLOATS = "text", "floats"


def stored(table: ParquetTable, name: str, hear: Heard | None = None) -> Dataset:
    """The dataset of a table, its columns on disk for as long as the dataset is used.

    Args:
        table: not empty.
        name: of the dataset.
        hear: is told how far it has been read, and how far later passes over the rows have come.

    Raises:
        DataError: no rows, a part that cannot be read, or no room on the disk.
    """
    names = tables.names_of(table.schema.names, table.rows, table.title)
    hear = hear or (lambda what, here, total: None)
    fields = zip(names, table.schema.names, table.schema.types, strict=True)
    known = {each: FLOATS for each, given, kind in fields if given in table.gaps and pa.types.is_integer(kind)}
    while True:
        scratch = Scratch(name)
        scratch.require(table.rows * (BYTES_A_ROW + sum(_bytes(kind) for kind in table.schema.types)))
        kept = {each: _Kept(each, table.rows, scratch, known.get(each, "")) for each in names}
        try:
            said = _read(table, kept, Streaming(scratch, hear))
        except _OtherwiseError as found:
            known[found.name] = found.kind
            continue
        return _dataset(name, kept, said, Streaming(scratch, hear), table)


def without_gaps(dataset: Dataset) -> Dataset:
    """A streamed dataset without the rows that have no target."""
    there = ~dataset.columns[dataset.target].gaps
    return replace(dataset, columns={name: _kept(dataset, column, there) for name, column in dataset.columns.items()})


class _OtherwiseError(Exception):
    """A column is not what its beginning said."""

    def __init__(self, name: str, kind: str) -> None:
        self.name, self.kind = name, kind


@final
@dataclass(eq=False)
class _Kept:
    """What of a column is on disk so far.

    Attributes:
        name: of the column.
        rows: of the table.
        scratch: where it is kept.
        known: of it from an earlier reading: TEXT that is no dates, whole numbers that are FLOATS because of gaps.
    """

    name: str
    rows: int
    scratch: Scratch
    known: str
    kind: type[Column] | None = None
    array: NDArray[Any] | None = None
    labels: dict[Label, int] = field(default_factory=dict)
    cut_after: int = 0  # rows, when there were too many labels

    def put(self, first: int, values: Any, said: list[str]) -> None:
        """Keep the values of the rows from `first` on."""
        if tables.is_text(values.type):
            self._put_text(first, values, said)
        elif pa.types.is_boolean(values.type):
            self.labels = {False: 0, True: 1}
            self._write(first, Categories, pc.fill_null(pc.cast(values, pa.int32()), -1).to_numpy(zero_copy_only=False))
        else:
            column = tables.column_of(self.name, values, said)
            if isinstance(column, Numbers):
                self._put_numbers(first, column.array)
            elif isinstance(column, Times | Arrays):
                self._write(first, type(column), column.array)
            elif isinstance(column, Pictures):
                self._write(first, Pictures, column.values())

    def column(self, pieces: judging.Pieces, said: list[str]) -> Column | None:
        """All of it; None of a type that cannot be learned from. What text is read as, is said."""
        if self.array is None:
            return None if self.kind is None else Categories(self._all_gaps(), ())
        if self.kind is not Categories:
            made: Any = self.kind
            column: Column = made(self.array)
            return column
        labels = list(self.labels)
        counts = judging.label_counts(Categories(self.array, tuple(labels)), pieces)
        used = sorted((code for code in range(len(labels)) if counts[code]), key=labels.__getitem__)
        place = np.full(len(labels) + 1, -1, np.int32)
        place[used] = np.arange(len(used))
        for part in pieces():
            self.array[part] = place[self.array[part]]
        used_labels = tuple(labels[code] for code in used)
        if self.cut_after or not used_labels or not isinstance(used_labels[0], str):
            return Categories(self.array, used_labels)
        return self._numbers(used_labels, pieces, said) or self._categories(used_labels, pieces, said)

    def _numbers(self, labels: tuple[Label, ...], pieces: judging.Pieces, said: list[str]) -> Numbers | None:
        written = read_labels(self.name, [str(label) for label in labels], said)
        if written is None or self.array is None:
            return None
        gaps = any(bool((self.array[part] < 0).any()) for part in pieces())
        values = np.append(written.values.astype(np.float64), np.nan) if gaps else written.values
        numbers = self.scratch.array(self.rows, values.dtype)
        for part in pieces():
            numbers[part] = values[self.array[part]]
        return Numbers(numbers, written.decimal)

    def _categories(self, labels: tuple[Label, ...], pieces: judging.Pieces, said: list[str]) -> Categories:
        column = Categories(np.asarray(self.array), labels)
        said += judging.of_text(self.name, column, pieces)
        return column

    def _put_numbers(self, first: int, values: NDArray[Any]) -> None:
        if self.known == FLOATS:
            values = values.astype(np.float64)
        elif self.array is not None and self.array.dtype.kind == "i" and values.dtype.kind == "f":
            raise _OtherwiseError(self.name, FLOATS)
        self._write(first, Numbers, values)

    def _put_text(self, first: int, values: Any, said: list[str]) -> None:
        if values.null_count == len(values) and self.array is None:
            self.kind = Categories
            return
        if self.known != TEXT and (self.array is None or self.kind is Times):
            moments = self._moments(values, said)
            if moments is not None:
                self._write(first, Times, moments)
                return
            if self.array is not None:
                raise _OtherwiseError(self.name, TEXT)
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        codes = pc.fill_null(pc.cast(coded.indices, pa.int32()), -1).to_numpy(zero_copy_only=False)
        used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(coded.dictionary)))
        place = np.full(len(coded.dictionary) + 1, -1, np.int32)
        for code, label in zip(used.tolist(), coded.dictionary.take(pa.array(used)).to_pylist(), strict=True):
            place[code] = self._code(label, first + len(values))
        self._write(first, Categories, place[codes])

    def _moments(self, values: Any, said: list[str]) -> NDArray[Any] | None:
        plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
        if plain.null_count == len(plain):
            return np.full(len(plain), np.datetime64("NaT"), "M8[us]")
        times = tables.times_in_text(self.name, plain.cast(pa.large_string()), said)
        return None if times is None else times.array

    def _code(self, label: Label | None, rows: int) -> int:
        if label is None:
            return -1
        if label not in self.labels and len(self.labels) >= MOST_LABELS:
            self.cut_after = self.cut_after or rows
            return -1
        return self.labels.setdefault(label, len(self.labels))

    def _write(self, first: int, kind: type[Column], values: NDArray[Any]) -> None:
        if self.array is None:
            self.kind, self.array = kind, self.scratch.array((self.rows, *values.shape[1:]), values.dtype)
            if first:  # rows of text before the first that has any
                self.array[:first] = np.datetime64("NaT") if kind is Times else -1
        if self.kind is not kind or self.array.shape[1:] != values.shape[1:]:
            sides = " and ".join(sorted({str(self.array.shape[1:]), str(values.shape[1:])}))
            raise DataError(f"Column '{self.name}' holds lists of the shapes {sides}: they must be of one length.")
        self.array[first : first + len(values)] = values

    def _all_gaps(self) -> NDArray[np.int32]:
        codes = self.scratch.array(self.rows, np.int32)
        codes[:] = -1
        return codes


def _read(table: ParquetTable, kept: Mapping[str, _Kept], streaming: Streaming) -> list[str]:
    """Put all rows where they are kept; what was noticed."""
    said, first = list[str](), 0
    texts = [name for name, kind in zip(table.schema.names, table.schema.types, strict=True) if tables.is_text(kind)]
    for batch in table.batches(texts):
        for column, values in zip(kept.values(), batch.columns, strict=True):
            column.put(first, values, said)
        first += len(batch)
        streaming.scratch.release()
        streaming.hear("reading", first, table.rows)
    return list(dict.fromkeys(said))


def _dataset(
    name: str, kept: Mapping[str, _Kept], said: list[str], streaming: Streaming, table: ParquetTable
) -> Dataset:
    columns, ignored, cut = dict[str, Column](), list[str](), set[str]()
    said.append(
        f"'{name}' takes about {table.bytes / 1e9:.2g} GB in memory: it is left on disk and gone through in pieces."
    )
    for each, found in kept.items():
        column = found.column(lambda: streaming.pieces(table.rows), said)
        if column is None:
            continue
        columns[each] = column
        if found.cut_after:
            cut.add(each)
            if MOSTLY_OTHERS * found.cut_after < MOST_LABELS:
                ignored.append(each)
                said.append(f"Column '{each}' has another text in nearly every row, as an id has: it is no feature.")
            else:
                said.append(
                    f"Column '{each}' has more than {MOST_LABELS:,} different texts: those that come after them count "
                    "as gaps."
                )
    streaming = replace(streaming, cut=frozenset(cut))
    return Dataset(columns, name=name, ignored=tuple(ignored), said=tuple(said), streaming=streaming)


def _kept(dataset: Dataset, column: Column, there: NDArray[np.bool_]) -> Column:
    """A column of some rows, on disk as well; the one it comes from may still be used."""
    scratch = Scratch(dataset.name) if dataset.streaming is None else dataset.streaming.scratch
    whole: Any = column.codes if isinstance(column, Categories) else column.values()
    rows = scratch.array((int(there.sum()), *whole.shape[1:]), whole.dtype)
    end = 0
    for part in dataset.pieces():
        stay = whole[part][there[part]]
        rows[end : end + len(stay)] = stay
        end += len(stay)
    made: Any = type(column)
    kept: Column = Categories(rows, column.labels) if isinstance(column, Categories) else made(rows)
    return kept


def _bytes(kind: Any) -> int:
    """Of a value on disk, about."""
    if tables.is_text(kind) or pa.types.is_boolean(kind):
        return 4
    try:
        return max(1, int(kind.bit_width) // 8)
    except ValueError:
        return 8
