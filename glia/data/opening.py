"""Opening data: whatever a user has, as a dataset that can be learned from."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from glia.data import arrays, catalogue, folders, images, judging, stored, tables
from glia.data.columns import Categories, Column, Numbers, Times
from glia.data.dataset import Dataset
from glia.data.download import Progress
from glia.data.parquet import SUFFIX, ParquetTable, parts_of
from glia.data.streaming import Heard
from glia.data.written_numbers import remedy
from glia.errors import DataError, NotFoundError, counted, did_you_mean

ARRAY_SUFFIXES = (".npy", ".npz")
SHEETS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
TEXTS = (".txt", ".dat", ".data", ".tab", "")
READABLE = (*tables.SUFFIXES, *ARRAY_SUFFIXES)
MOSTLY_OTHERS = 0.9  # different texts per row of a target that is probably an id


def open_dataset(
    data: Any,
    *,
    target: str | int = "",
    skip_bad: bool = False,
    name: str = "",
    progress: Progress | None = None,
    stream: bool | Literal["auto"] = "auto",
    hear: Heard | None = None,
) -> Dataset:
    """Any data as a dataset.

    Args:
        data: a catalogue name; the path of a CSV, TSV, Parquet, .npy or .npz file, of a folder of class folders or of
            Parquet files; a pandas frame, a dict of columns or an Arrow table; `(X, y)`; an array; a torch Dataset or
            DataLoader; a Dataset.
        target: the column to be learned, a number where a frame's columns are numbered; "" keeps what the data itself
            says, if anything.
        skip_bad: leave out pictures that cannot be read.
        name: what to call it; "" takes the file's name.
        progress: hears of downloads.
        stream: whether a Parquet table is left on disk and gone through in pieces; "auto": where it would take more
            than an eighth of the memory.
        hear: is told how far each pass over a streamed table has come.

    Raises:
        NotFoundError: no such name, file or folder.
        DataError: what cannot be read, or a target that cannot be used.

    Example:
        >>> open_dataset({"rooms": [2, 3], "price": [10.0, 15.0]}, target="price").features.keys()
        dict_keys(['rooms'])
    """
    target = str(target)
    if isinstance(data, Dataset):
        if target in ("", data.target):
            return data
        return _learnable(replace(data, ignored=tuple(name for name in data.ignored if name != target)), target)
    if isinstance(data, str | Path):
        dataset = _streamed(data, stream, hear) or _named(data, target, skip_bad, progress)
    else:
        dataset = _given(data, target)
    dataset = replace(dataset, name=name or dataset.name)
    return _learnable(dataset, target or dataset.target)


def _streamed(given: str | Path, stream: bool | Literal["auto"], hear: Heard | None) -> Dataset | None:
    """The dataset of a Parquet table that is to be left on disk; None of all else."""
    path = Path(given).expanduser()
    parquet = path.is_file() and path.name.lower().endswith(SUFFIX)
    if not stream or not (parquet or _is_table(path)) or str(given) in catalogue.CATALOGUE:
        return None
    table = ParquetTable.of(path)
    return stored.stored(table, path.resolve().name, hear) if stream is True or table.is_large else None


def _is_table(path: Path) -> bool:
    """Whether this is a folder of Parquet files."""
    return path.is_dir() and bool(parts_of(path))


def _named(given: str | Path, target: str, skip_bad: bool, progress: Progress | None) -> Dataset:
    if not str(given):
        raise NotFoundError("There is no data to open: give a catalogue name, a path, or the data itself.")
    path, known = Path(given).expanduser(), str(given).replace("_", "-")
    if known in catalogue.CATALOGUE:
        dataset = catalogue.load(known, progress=progress)
        if path.exists():
            note = f"'{known}' is the set of the catalogue; for what lies here, write './{given}'."
            dataset = replace(dataset, said=(*dataset.said, note))
        return dataset
    if _is_table(path):
        columns, said = tables.read_table(path)
        return Dataset(columns, name=path.resolve().name, said=tuple(said))
    if path.is_dir():
        return folders.read_folder(path, skip_bad=skip_bad)
    if not path.is_file():
        raise NotFoundError(_not_found(str(given), path))
    try:
        if path.name.lower().endswith(tables.SUFFIXES):
            columns, said = tables.read_table(path)
            return Dataset(columns, name=path.name, said=tuple(said))
        if path.suffix.lower() in ARRAY_SUFFIXES:
            return replace(arrays.read_arrays(path, target), name=path.name)
    except PermissionError:
        raise DataError(f"'{path}' may not be read by you: its permissions forbid it.") from None
    if path.suffix.lower() in images.SUFFIXES:
        raise DataError(f"'{path}' is one picture: to learn from pictures, give a folder with a folder per class.")
    known = f"'{path}' cannot be read by its name: expected {' '.join(READABLE)} or a folder of pictures."
    if path.suffix.lower() in SHEETS:
        known += " Save the sheet as CSV, or read it in Python: glia.train(pandas.read_excel(path), target=...)."
    elif path.suffix.lower() in TEXTS:
        known += " If it is a table of text, give it a name that ends in .csv."
    raise DataError(known)


def _given(data: Any, target: str) -> Dataset:
    if isinstance(data, tuple) and len(data) == 2:
        return arrays.pair_dataset(data[0], data[1], target)
    if arrays.is_torch(data):
        return replace(arrays.torch_dataset(data, target), name=type(data).__name__)
    if isinstance(data, pa.Table):
        columns, said = tables.columns_of(data, "The table")
    elif hasattr(data, "__arrow_c_stream__") and not isinstance(data, pd.DataFrame):
        columns, said = tables.columns_of(_arrow_table(data), "The table")
    elif isinstance(data, pd.DataFrame | Mapping) or hasattr(data, "__array__") or isinstance(data, list):
        columns, said = arrays.feature_columns(data)
    else:
        raise DataError(
            f"A {type(data).__name__} cannot be read as data. Give a catalogue name, a path, a frame, (X, y) "
            "or a torch Dataset."
        )
    return Dataset(columns, said=tuple(said))


def _arrow_table(data: Any) -> pa.Table:
    try:
        return pa.table(data)
    except (pa.ArrowInvalid, TypeError):
        raise DataError(
            f"A {type(data).__name__} is one column, expected a table: give a frame, and name the column to learn "
            "(target)."
        ) from None


def _not_found(given: str, path: Path) -> str:
    beside = path.parent if path.parent.is_dir() else Path()
    usable = [child for child in sorted(beside.iterdir()) if child.name.endswith(READABLE) or child.is_dir()]
    near = {str(child): child for child in usable if not child.name.startswith(".")}
    if path.parent == Path() and not path.suffix:
        return f"There is no data set or file '{given}'.{did_you_mean(given, [*catalogue.CATALOGUE, *near])}"
    return f"There is no file or folder '{given}'.{did_you_mean(given, near)}"


def _learnable(dataset: Dataset, target: str) -> Dataset:
    """With its target, without rows that lack it, and with columns marked that nothing can be learned from."""
    dataset = replace(dataset, target=target)
    ignored, said = list(dataset.ignored), list(dataset.said)
    columns = {name: _finite(name, column, dataset, said) for name, column in dataset.features.items()}
    dataset = replace(dataset, columns={**dataset.columns, **columns})
    for name, column in dataset.features.items():
        reason = judging.useless(name, column, dataset.pieces)
        if reason:
            ignored.append(name)
            said.append(f"Column '{name}' {reason}: it is no feature.")
        elif judging.is_numbered(name, column, dataset.pieces):
            said.append(
                f"Column '{name}' has another whole number in every row: it looks like an id, from which nothing "
                f"general is learned. Leave it out if it is one: {remedy(name)}."
            )
    dataset = replace(dataset, ignored=tuple(ignored), said=tuple(said))
    return _with_targets(dataset) if target else dataset


def _finite(name: str, column: Column, dataset: Dataset, said: list[str]) -> Column:
    """The column with gaps where it was infinite."""
    if not isinstance(column, Numbers) or column.array.dtype.kind != "f":
        return column
    infinite = sum(int(np.isinf(column.array[part]).sum()) for part in dataset.pieces())
    if not infinite:
        return column
    said.append(f"Column '{name}' has {counted(infinite, 'infinite value')}, taken as gaps.")
    if dataset.streaming is None:
        return replace(column, array=np.where(np.isinf(column.array), np.nan, column.array))
    for part in dataset.pieces():  # which is its own copy of the table
        column.array[part][np.isinf(column.array[part])] = np.nan
    return column


def _with_targets(dataset: Dataset) -> Dataset:
    column = dataset.columns[dataset.target]
    if not isinstance(column, Numbers | Categories):
        advice = " Give a moment as a number, such as days since the first." if isinstance(column, Times) else ""
        raise DataError(f"Column '{dataset.target}' holds {column.kind}: a target is numbers or categories.{advice}")
    for part in dataset.pieces():
        infinite = np.isinf(column.array[part]) if isinstance(column, Numbers) else np.zeros(0, bool)
        if infinite.any():
            row = part.start + int(infinite.argmax())
            raise DataError(
                f"Column '{dataset.target}', the target, is {column.item(row)} in row {row + 1}: expected finite "
                "numbers. Mend it, or leave the row out."
            )
    if dataset.streaming is not None and dataset.target in dataset.streaming.cut:
        raise DataError(
            f"Column '{dataset.target}', the target, has more than {stored.MOST_LABELS:,} different texts: it is an "
            "id or free text, from which no classes are learned. Choose another target."
        )
    gaps, rows = sum(int(column.take(part).gaps.sum()) for part in dataset.pieces()), len(dataset)
    if gaps == rows:
        raise DataError(f"Column '{dataset.target}', the target, is empty in all {rows:,} rows.")
    of_features = f"; or leave the column out: {remedy(dataset.target)}"
    said = [line.replace(of_features, "") for line in dataset.said]
    if gaps:
        said.append(f"{gaps:,} of {rows:,} rows have no '{dataset.target}' and were left out.")
        dataset = dataset[~column.gaps] if dataset.streaming is None else stored.without_gaps(dataset)
        column = dataset.columns[dataset.target]
    different = judging.different_labels(column, dataset.pieces) if isinstance(column, Categories) else 0
    if len(column) > judging.FEWEST_FOR_IDS and different > MOSTLY_OTHERS * len(column):
        said.append(
            f"Column '{dataset.target}', the target, has {different:,} different texts in {len(column):,} rows: it "
            "looks like an id, from which nothing general is learned."
        )
    return replace(dataset, said=tuple(said))
