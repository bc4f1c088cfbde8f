"""Arrays and what holds them: `(X, y)`, .npy and .npz files, torch tensors, datasets and loaders.

What an array is follows from its type and shape: uint8 of (N, H, W), (N, H, W, C) or (N, C, H, W) are pictures; two
dimensions are a table with the columns x0, x1, …; more are one array per sample.
"""

import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from glia.data.columns import Arrays, Column, Pictures
from glia.data.dataset import Dataset
from glia.data.images import pixels_of
from glia.data.tables import Table, frame_columns
from glia.errors import DataError

ARRAYS, IMAGE, TARGET = "x", "image", "y"  # names of columns that came without
NUMBERS = "iufb"  # NumPy's kinds of numbers
X_AND_Y = {"train": ("x_train", "y_train"), "validation": ("x_val", "y_val"), "test": ("x_test", "y_test")}


def pair_dataset(features: Any, targets: Any, target: str = "") -> Dataset:
    """A dataset of `(X, y)`.

    Raises:
        DataError: X and y of different lengths, or more than one target per sample.
    """
    if isinstance(targets, pd.DataFrame) and targets.shape[1] == 1:
        targets = targets.iloc[:, 0]
    columns, said = feature_columns(features)
    length = len(next(iter(columns.values())))
    y = targets if isinstance(targets, pd.Series) else as_array(targets)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise DataError(f"y has the shape {y.shape}, expected one target per sample: ({length},).")
    if len(y) != length:
        raise DataError(f"X has {length:,} samples and y has {len(y):,}: they must be of one length.")
    name = target or (str(y.name) if isinstance(y, pd.Series) and y.name is not None else TARGET)
    if name in columns:
        raise DataError(f"X has a column '{name}' already, the name of the target. Name the target otherwise.")
    target_columns, noticed = frame_columns({name: y}, "y")
    return Dataset({**columns, **target_columns}, name, said=(*said, *noticed))


def feature_columns(features: Any) -> Table:
    """The columns of X alone: a frame, a dict of columns, a list of rows as dicts, an array, a tensor, nested lists."""
    if isinstance(features, pd.DataFrame | Mapping):
        return frame_columns(features, "X")
    if isinstance(features, list) and features and isinstance(features[0], Mapping):
        return frame_columns(pd.DataFrame(features), "X")
    array = as_array(features)
    if array.dtype.kind not in NUMBERS:
        raise DataError(f"X holds {array.dtype}, expected numbers. Columns of several types go into a pandas frame.")
    if not array.size:
        raise DataError(f"X has the shape {array.shape}: it holds no values.")
    if array.dtype == bool:
        array = array.astype(np.uint8)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim == 2:
        return _table(array)
    return picture_columns(array) if array.dtype == np.uint8 and array.ndim <= 4 else ({ARRAYS: Arrays(array)}, [])


def picture_columns(array: NDArray[np.uint8]) -> Table:
    """Pictures of (N, H, W), (N, H, W, C) or (N, C, H, W); another number of channels makes them plain arrays."""
    said = []
    if array.ndim == 3:
        array = array[..., None]
    elif array.shape[3] not in (1, 3, 4) and array.shape[1] in (1, 3, 4):
        said.append(f"The shape {array.shape} was read as pictures, channels first (N, C, H, W).")
        array = array.transpose(0, 2, 3, 1)
    if array.shape[3] not in (1, 3, 4):
        return {ARRAYS: Arrays(array)}, []
    if array.shape[3] == 4:
        said.append("The fourth channel was read as opacity; pictures were laid on white.")
        array = _on_white(array)
    return {IMAGE: Pictures(np.ascontiguousarray(array))}, said


def read_arrays(path: Path, target: str = "") -> Dataset:
    """A .npy file (X alone) or a .npz file: x and y, or x_train, y_train, x_test, y_test, or columns by name.

    Raises:
        DataError: not such a file, or one of Python objects, which would have to be executed.
    """
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            arrays = {ARRAYS: loaded}
        else:
            with loaded:
                arrays = dict(loaded)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        reason = str(error).split(". ")[0]
        hint = " Objects are not loaded, since that executes code: save numbers." if "pickle" in reason else ""
        raise DataError(f"'{path}' cannot be read as NumPy arrays: {reason}.{hint}") from None
    lower = {name.lower(): array for name, array in arrays.items()}
    if {"x_train", "y_train"} <= set(lower):
        return _divided(lower, target)
    if set(lower) == {"x", "y"}:
        return pair_dataset(lower["x"], lower["y"], target)
    if len(arrays) == 1:
        return _dataset(feature_columns(next(iter(arrays.values()))))
    columns, said = dict[str, Column](), list[str]()
    for name, array in arrays.items():
        given, noticed = feature_columns(array) if array.ndim > 2 else frame_columns({name: array}, str(path))
        columns[name] = next(iter(given.values()))
        said += noticed
    return _dataset((columns, said))


def is_torch(data: Any) -> bool:
    """Whether this is a torch dataset or loader. Where torch was never imported, nothing can be."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(data, torch.utils.data.Dataset | torch.utils.data.DataLoader)


def torch_dataset(data: Any, target: str = "") -> Dataset:
    """A dataset of a map-style torch Dataset, or of a DataLoader's: its items are `(x, y)`, `x`, or dicts.

    Raises:
        DataError: no length, other items, or items of different shapes.
    """
    from torch.utils.data import DataLoader, IterableDataset, TensorDataset

    source = data.dataset if isinstance(data, DataLoader) else data
    if isinstance(source, IterableDataset) or not hasattr(source, "__len__"):
        raise DataError(f"{type(source).__name__} has no items by number: expected a map-style Dataset with a length.")
    if not len(source):
        raise DataError(f"{type(source).__name__} has no samples.")
    if isinstance(source, TensorDataset):
        return _of_parts(list(source.tensors), target)
    items = [source[row] for row in range(len(source))]
    if isinstance(items[0], Mapping):
        columns = {str(name): _stacked([item[name] for item in items]) for name in items[0]}
        return _dataset(frame_columns(columns, type(source).__name__))
    if not isinstance(items[0], tuple | list):
        return _of_parts([_stacked(items)], target)
    return _of_parts([_stacked(part) for part in zip(*items, strict=True)], target)


def as_array(values: Any) -> NDArray[Any]:
    """A NumPy array of what has one: tensors (from any device), Pillow pictures, nested lists."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(values, torch.Tensor):
        array: NDArray[Any] = values.detach().cpu().numpy()
        return array
    try:
        return np.asarray(values)
    except ValueError:
        raise DataError(f"A {type(values).__name__} of {len(values)} items of different shapes is no array.") from None


def _table(array: NDArray[Any]) -> Table:
    return frame_columns({f"x{place}": array[:, place] for place in range(array.shape[1])}, "X")


def _on_white(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    opacity = array[..., 3:].astype(np.uint16)
    return ((array[..., :3] * opacity + 255 * (255 - opacity) + 127) // 255).astype(np.uint8)


def _divided(arrays: Mapping[str, NDArray[Any]], target: str) -> Dataset:
    """x_train, y_train, x_test, y_test (and x_val, y_val): the dataset's own split."""
    parts = {part: names for part, names in X_AND_Y.items() if set(names) <= set(arrays)}
    features = np.concatenate([arrays[x] for x, _ in parts.values()])
    targets = np.concatenate([arrays[y] for _, y in parts.values()])
    official = np.concatenate([np.full(len(arrays[x]), part) for part, (x, _) in parts.items()])
    return replace(pair_dataset(features, targets, target), official=official if len(parts) > 1 else None)


def _of_parts(parts: Sequence[Any], target: str) -> Dataset:
    if len(parts) > 2:
        raise DataError(f"Each item has {len(parts)} parts, expected (x, y) or a dict of columns.")
    return pair_dataset(parts[0], parts[1], target) if len(parts) == 2 else _dataset(feature_columns(parts[0]))


def _stacked(values: Sequence[Any]) -> Any:
    """One array of what each sample has, or a list of texts."""
    if isinstance(values[0], str):
        return list(values)
    arrays = [pixels_of(value) if isinstance(value, Image.Image) else as_array(value) for value in values]
    for row, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise DataError(
                f"Item {row} has the shape {array.shape} and item 0 {arrays[0].shape}: samples must be of one shape."
            )
    return np.stack(arrays)


def _dataset(table: Table) -> Dataset:
    columns, said = table
    return Dataset(columns, said=tuple(said))
