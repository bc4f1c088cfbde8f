"""Opening data: whatever a user has, as a dataset that can be learned from."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from glia.data import arrays, catalogue, folders, images, tables
from glia.data.columns import Categories, Column, Numbers, OneArray
from glia.data.dataset import Dataset
from glia.data.download import Progress
from glia.data.encoders import MOST_EXACT
from glia.errors import DataError, NotFoundError, did_you_mean

ARRAY_SUFFIXES = (".npy", ".npz")
READABLE = (*tables.SUFFIXES, *ARRAY_SUFFIXES)
FEWEST_FOR_IDS = 10  # texts that never repeat are an id only where there are more rows than this
MOSTLY_OTHERS = 0.9  # different texts per row of a target that is probably an id
# Names that a count of the rows goes by.
ID_NAME = re.compile(r"(^|[_\W])(?i:id|uuid|key|number|no|nr)$|[a-z]I[dD]$")
FEWEST_COUNTED = 100  # successive numbers may be years or steps where there are no more of them
ROW_COUNTERS = ("", "id", "index", "row", "rownames", "unnamed: 0", "column 1", "__index_level_0__")


def open_dataset(
    data: Any, *, target: str | int = "", skip_bad: bool = False, name: str = "", progress: Progress | None = None
) -> Dataset:
    """Any data as a dataset.

    Args:
        data: a catalogue name; the path of a CSV, TSV, Parquet, .npy or .npz file or of a folder of class folders; a
            pandas frame, a dict of columns or an Arrow table; `(X, y)`; an array; a torch Dataset or DataLoader; a
            Dataset.
        target: the column to be learned, a number where a frame's columns are numbered; "" keeps what the data itself
            says, if anything.
        skip_bad: leave out pictures that cannot be read.
        name: what to call it; "" takes the file's name.
        progress: hears of downloads.

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
    dataset = _named(data, target, skip_bad, progress) if isinstance(data, str | Path) else _given(data, target)
    dataset = replace(dataset, name=name or dataset.name)
    return _learnable(dataset, target or dataset.target)


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
    raise DataError(f"'{path}' cannot be read by its name: expected {' '.join(READABLE)} or a folder of pictures.")


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
    columns = {name: _finite(name, column, said) for name, column in dataset.features.items()}
    dataset = replace(dataset, columns={**dataset.columns, **columns})
    for name, column in dataset.features.items():
        reason = _useless(name, column)
        if reason:
            ignored.append(name)
            said.append(f"Column '{name}' {reason}: it is no feature.")
        elif _is_numbered(name, column):
            said.append(
                f"Column '{name}' has another whole number in every row: it looks like an id, from which nothing "
                "general is learned. Leave it out if it is one."
            )
    dataset = replace(dataset, ignored=tuple(ignored), said=tuple(said))
    return _with_targets(dataset) if target else dataset


def _finite(name: str, column: Column, said: list[str]) -> Column:
    """The column with gaps where it was infinite."""
    if not isinstance(column, Numbers) or column.array.dtype.kind != "f":
        return column
    infinite = np.isinf(column.array)
    if not infinite.any():
        return column
    said.append(f"Column '{name}' has {infinite.sum():,} infinite values, taken as gaps.")
    return Numbers(np.where(infinite, np.nan, column.array))


def _useless(name: str, column: Column) -> str:
    """Why nothing can be learned from this column, or ""."""
    gaps = column.gaps
    if gaps.all():
        return "is empty"
    if len(column) > 1 and not gaps.any() and _is_constant(column):
        value = column.item(0)
        precisely = " as far as double precision tells" if isinstance(value, float) and abs(value) >= MOST_EXACT else ""
        return f"has the one value {_shown(value)}{precisely}"
    if isinstance(column, Categories) and len(np.unique(column.codes)) == len(column) > FEWEST_FOR_IDS:
        return "has another text in every row, as an id has"
    counter = isinstance(column, Numbers) and name.lower() in ROW_COUNTERS and len(column) > 1
    return "counts the rows" if counter and (np.diff(column.values()) == 1).all() else ""


def _is_numbered(name: str, column: Column) -> bool:
    """Whether whole numbers tell the rows apart and mean no more: by the column's name, or as none is left out."""
    if not isinstance(column, Numbers) or column.array.dtype.kind not in "iu" or len(column) <= FEWEST_FOR_IDS:
        return False
    different = len(np.unique(column.array))
    if different < len(column):
        return False
    successive = int(column.array.max()) - int(column.array.min()) == different - 1
    return bool(ID_NAME.search(name)) or (successive and different > FEWEST_COUNTED)


def _is_constant(column: Column) -> bool:
    if isinstance(column, OneArray):
        return bool((column.array == column.array[0]).all())
    return bool((column.words == column.words[0]).all())


def _with_targets(dataset: Dataset) -> Dataset:
    column = dataset.columns[dataset.target]
    if not isinstance(column, Numbers | Categories):
        raise DataError(f"Column '{dataset.target}' holds {column.kind}: a target is numbers or categories.")
    if isinstance(column, Numbers) and np.isinf(column.array).any():
        row = int(np.isinf(column.array).argmax())
        raise DataError(
            f"Column '{dataset.target}', the target, is {column.item(row)} in row {row + 1}: expected finite numbers."
        )
    gaps = column.gaps
    if gaps.all():
        raise DataError(f"Column '{dataset.target}', the target, is empty in all {len(dataset):,} rows.")
    said = list(dataset.said)
    if gaps.any():
        said.append(f"{gaps.sum():,} of {len(dataset):,} rows have no '{dataset.target}' and were left out.")
        dataset, column = dataset[~gaps], column.take(~gaps)
    different = len(np.unique(column.codes)) if isinstance(column, Categories) else 0
    if len(column) > FEWEST_FOR_IDS and different > MOSTLY_OTHERS * len(column):
        said.append(
            f"Column '{dataset.target}', the target, has {different:,} different texts in {len(column):,} rows: it "
            "looks like an id, from which nothing general is learned."
        )
    return replace(dataset, said=tuple(said))


def _shown(value: Any) -> str:
    return f"an array of {value.shape}" if isinstance(value, np.ndarray) else repr(value)
