"""Tables: CSV and Parquet files, pandas frames and dicts of columns, all by way of Arrow to the columns of a dataset.

One way for all of them, so that the same content gives the same columns from a file and from a frame. CSV is read by
Arrow, which infers types over the whole file and takes only ISO 8601 for dates: 01/02/2020 is a text, not a guess.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from glia.data import csvfiles, judging
from glia.data.columns import Arrays, Categories, Column, Numbers, Pictures, Times
from glia.data.parquet import ParquetTable
from glia.data.written_numbers import read_labels
from glia.errors import DataError

Table: TypeAlias = tuple[dict[str, Column], list[str]]  # columns, and what was noticed

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")


def read_table(path: Path, decimals: Mapping[str, str] | None = None) -> Table:
    """The columns of a CSV, TSV or Parquet file, or of a folder of Parquet files.

    Args:
        path: of the file or folder.
        decimals: what stands before decimals in columns of text where that is known, by name.

    Raises:
        DataError: the file is empty, ragged, not UTF-8, not Parquet, or names a column twice.
    """
    if path.is_dir():
        return columns_of(ParquetTable.of(path).read(), str(path))
    if path.suffix.lower() == ".parquet":
        try:
            return columns_of(pq.read_table(path), str(path))
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(f"'{path}' cannot be read as Parquet: {error}.") from None
    table, said, decimal = csvfiles.read_csv(path, decimals)
    columns, noticed = columns_of(table, str(path), decimal)
    return columns, [*said, *noticed]


def frame_columns(frame: pd.DataFrame | Mapping[str, Any], title: str) -> Table:
    """The columns of a pandas frame, or of a dict of sequences of one length."""
    if not isinstance(frame, pd.DataFrame):
        lone = [name for name, values in frame.items() if isinstance(values, str) or not hasattr(values, "__len__")]
        if lone:
            raise DataError(f"Column '{lone[0]}' is {frame[lone[0]]!r}, expected one value per sample, as in a list.")
        lengths = {name: len(values) for name, values in frame.items()}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{name}: {length}" for name, length in lengths.items())
            raise DataError(f"Columns must be of one length, not {counts}.")
    names, arrays, said = [], [], list[str]()
    for position, name in enumerate(frame.columns if isinstance(frame, pd.DataFrame) else frame):
        values = frame.iloc[:, position] if isinstance(frame, pd.DataFrame) else frame[name]
        names.append(str(name))
        arrays.append(_arrow_array(str(name), values, said))
    columns, noticed = columns_of(pa.Table.from_arrays(arrays, names=names), title)
    return columns, [*said, *noticed]


def columns_of(table: pa.Table, title: str, decimal: str = "") -> Table:
    """Columns from Arrow: numbers, text, booleans, dictionaries, times, lists and tensors of one shape.

    Args:
        table: of Arrow.
        title: for messages.
        decimal: what stands before decimals in its texts, if that is known.

    Raises:
        DataError: no rows, no columns, a name that occurs twice, or lists of different lengths.
    """
    columns, said = dict[str, Column](), list[str]()
    for name, values in zip(names_of(table.column_names, table.num_rows, title), table.columns, strict=True):
        column = column_of(name, values.combine_chunks(), said, decimal)
        if column is not None:
            columns[name] = column
    return columns, said


def names_of(given: Sequence[str], rows: int, title: str) -> list[str]:
    """The names of the columns of a table, none of them empty.

    Raises:
        DataError: no rows, no columns, or a name that occurs twice.
    """
    names = [str(name).strip() or f"column {place + 1}" for place, name in enumerate(given)]
    name, count = Counter(names).most_common(1)[0] if names else ("", 0)
    if count > 1:
        raise DataError(f"{title} has {count} columns named '{name}'. Give each column a name of its own.")
    if not names or not rows:
        raise DataError(f"{title} has {len(names)} columns and no rows: expected a row per sample.")
    return names


def is_text(kind: Any) -> bool:
    """Whether this type of Arrow is text, also such as is kept as numbers and the texts these stand for."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def column_of(name: str, values: Any, said: list[str], decimal: str = "") -> Column | None:
    """The column of an array of Arrow; None of a type that cannot be learned from, and then that is said."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.dictionary_decode(), kind.value_type
    if is_text(kind):
        values = values.cast(pa.large_string())
        return times_in_text(name, values, said) or _of_text(name, values, said, decimal)
    if pa.types.is_boolean(kind):
        return Categories.of(values.to_pylist())
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind) or pa.types.is_decimal(kind):
        return _numbers(values)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Times(_microseconds(values))
    if pa.types.is_duration(kind) or pa.types.is_time(kind):
        unit = pa.duration("us") if pa.types.is_duration(kind) else pa.time64("us")
        whole = pc.cast(pc.cast(values, unit), pa.int64())
        return Numbers(np.asarray(whole.to_numpy(zero_copy_only=False), np.float64) / 1e6)
    return _arrays(name, values, said)


def _numbers(values: Any) -> Numbers:
    array = values.to_numpy(zero_copy_only=False)
    if array.dtype.kind not in "iuf" or array.dtype == np.float16:
        array = np.array([np.nan if value is None else float(value) for value in array], np.float64)
    if array.dtype.kind == "u":
        array = array.astype(np.int64 if array.max(initial=0) < 2**63 else np.float64)
    return Numbers(array)


def _of_text(name: str, values: Any, said: list[str], decimal: str) -> Numbers | Categories:
    coded = values.dictionary_encode()
    labels = coded.dictionary.to_pylist()
    written = read_labels(name, labels, said, decimal)
    if written is not None:
        numbers = _numbers(pc.take(pa.array(written.values), coded.indices))
        return replace(numbers, decimal=written.decimal)
    order = sorted(range(len(labels)), key=labels.__getitem__)
    place = np.empty(len(labels) + 1, np.int32)
    place[order] = np.arange(len(labels))
    place[-1] = -1
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    column = Categories(place[codes], tuple(labels[i] for i in order))
    said += judging.of_text(name, column, lambda: [slice(0, len(column))])
    return column


def times_in_text(name: str, values: Any, said: list[str]) -> Times | None:
    """The moments that a text says in every row that is no gap, or None."""
    if values.null_count == len(values):
        return None
    try:
        _microseconds(values.drop_null()[:1])  # most texts are none: one is enough to know
        times = Times(_microseconds(values))
    except pa.ArrowInvalid:
        return None
    said.append(f"Column '{name}' holds dates: read as moments, in seconds.")
    return times


def _microseconds(values: Any) -> Any:
    if not pa.types.is_timestamp(values.type):
        values = pc.cast(values, pa.timestamp("us"))
    return pc.cast(values, pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False)


def _arrays(name: str, values: Any, said: list[str]) -> Column | None:
    """Lists and tensors of numbers as arrays, bytes of one shape as pictures; what cannot be learned from as None."""
    if isinstance(values, pa.FixedShapeTensorArray):
        array = values.to_numpy_ndarray()
    elif _is_list(values.type):
        array = _dense(name, values)
    else:
        said.append(f"Column '{name}' was left out: its type is {values.type}.")
        return None
    if array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] in (1, 3):
        return Pictures(array)
    return Arrays(array)


def _dense(name: str, values: Any) -> NDArray[Any]:
    """Lists of one length, perhaps of lists, as one array."""
    if not _is_list(values.type):
        array = np.asarray(values.to_numpy(zero_copy_only=False))
        if array.dtype.kind not in "iufb":
            raise DataError(f"Column '{name}' holds lists of {values.type}, expected lists of numbers without gaps.")
        return array
    lengths = set(pc.unique(pc.list_value_length(values)).to_pylist())
    if len(lengths) != 1 or None in lengths:
        counts = " and ".join(sorted("no" if length is None else str(length) for length in lengths)[:3])
        raise DataError(f"Column '{name}' holds lists of {counts} values: they must be of one length.")
    inner = _dense(name, values.flatten())
    return inner.reshape(len(values), *lengths, *inner.shape[1:])


def _is_list(kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _arrow_array(name: str, values: Any, said: list[str]) -> Any:
    if not isinstance(values, pd.Series):
        values = np.asarray(values) if hasattr(values, "__array__") else list(values)
    if isinstance(values, pd.Series | list) and len(values):
        first = values.iloc[0] if isinstance(values, pd.Series) else values[0]
        if isinstance(first, np.ndarray) and first.ndim > 1:
            values = np.stack(list(values))
    if isinstance(values, np.ndarray) and values.ndim > 1:
        return pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(values))
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return _mixed(name, [None if _is_gap(value) else value for value in values], said)


def _mixed(name: str, values: list[Any], said: list[str]) -> Any:
    """What Arrow knows no one type for: integers of any size and floats as floats, with text among them as text."""
    kinds = sorted({type(value).__name__ for value in values if value is not None})
    present = [value for value in values if value is not None]
    if all(isinstance(value, int | float | np.number) for value in present):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if not all(isinstance(value, str | int | float | np.generic) for value in present):
        raise DataError(f"Column '{name}' holds {' and '.join(kinds)}, expected numbers, text, booleans or dates.")
    if 2 * sum(isinstance(value, str) for value in present) > len(present):  # of more numbers, more is said later
        said.append(f"Column '{name}' mixes {' and '.join(kinds)}: read as text.")
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _is_gap(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))
