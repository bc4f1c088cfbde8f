"""What a user predicts on: one sample or many, in whatever form is at hand, as samples a preprocessing knows."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from glia.data import arrays, images, tables
from glia.data.columns import Column, Numbers, Pictures
from glia.data.dataset import Dataset
from glia.data.encoders import ArrayEncoder, CategoryEncoder, Encoder, NumberEncoder, PictureEncoder
from glia.data.folders import pictures_in
from glia.errors import DataError, NotFoundError, counted, did_you_mean

MOST_NAMED = 5  # unseen categories and superfluous columns that a message names


def read_inputs(given: Any, encoders: Sequence[Encoder], passed_over: Sequence[str]) -> Dataset:
    """Samples with exactly the columns of the encoders; `said` has what was ignored or never seen.

    Raises:
        NotFoundError: no such file.
        DataError: columns missing, or nothing that these inputs could be.
    """
    first = encoders[0]
    if _is_empty(given):
        raise DataError(f"The {type(given).__name__} has no samples: there is nothing to predict.")
    if isinstance(given, Dataset):
        columns, noticed = dict(given.columns), list[str]()
    elif isinstance(first, PictureEncoder):
        columns, noticed = {first.name: _pictures(given, first)}, []
    elif isinstance(first, ArrayEncoder) and len(encoders) == 1 and not isinstance(given, Mapping | pd.DataFrame):
        columns, noticed = {first.name: _arrays(given, first)}, []
    else:
        columns, noticed = _table(given, encoders)
    known = wanted(columns, encoders, passed_over)
    said = _superfluous(columns, encoders, passed_over)
    for encoder in encoders:
        if isinstance(encoder, NumberEncoder):
            said += _read_as_numbers(encoder, known[encoder.name], noticed)
        known[encoder.name] = encoder.accept(known[encoder.name])
        if isinstance(encoder, CategoryEncoder):
            said += _unseen(encoder, known[encoder.name])
        elif isinstance(encoder, NumberEncoder):
            said += _without_number(encoder, known[encoder.name])
    return Dataset(known, said=tuple(said))


def _is_empty(given: Any) -> bool:
    if isinstance(given, Mapping):
        return all(_is_row(values) and not len(values) for values in given.values())
    return _is_row(given) and getattr(given, "shape", None) != () and not len(given)


def wanted(columns: Mapping[str, Column], encoders: Sequence[Encoder], passed_over: Sequence[str]) -> dict[str, Column]:
    """The columns the encoders ask for.

    Raises:
        DataError: some are missing; the message proposes those that were given instead.
    """
    missing = [encoder.name for encoder in encoders if encoder.name not in columns]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing[:MOST_NAMED])
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        others = [name for name in columns if name not in passed_over and name not in {e.name for e in encoders}]
        verb = "is" if len(missing) == 1 else "are"
        raise DataError(
            f"The model was trained on {names}{more}, which {verb} missing.{did_you_mean(missing[0], others)}"
        )
    return {encoder.name: columns[encoder.name] for encoder in encoders}


def _superfluous(columns: Mapping[str, Column], encoders: Sequence[Encoder], passed_over: Sequence[str]) -> list[str]:
    known = {*passed_over, *(encoder.name for encoder in encoders)}
    extra = [f"'{name}'" for name in columns if name not in known]
    return [f"The model does not know {', '.join(extra[:MOST_NAMED])}: ignored."] if extra else []


def _unseen(encoder: CategoryEncoder, column: Column) -> list[str]:
    labels = encoder.unseen(column)
    if not labels:
        return []
    named = ", ".join(f"'{label}'" for label in labels[:MOST_NAMED])
    are = "is" if len(labels) == 1 else "are"
    return [f"Column '{encoder.name}': {len(labels):,} of its categories {are} unknown to the model ({named})."]


def _read_as_numbers(encoder: NumberEncoder, column: Column, noticed: Sequence[str]) -> list[str]:
    """What is to be said of numbers that were written with separators."""
    written = encoder.written(column)
    return (
        [line for line in noticed if line.startswith(f"Column '{encoder.name}' is read as numbers")]
        if written is None
        else [written.told(encoder.name)]
    )


def _without_number(encoder: NumberEncoder, column: Column) -> list[str]:
    """What is to be said of numbers that are infinite, or missing where none was in training."""
    gaps, said = int(column.gaps.sum()), list[str]()
    infinite = (
        int(np.isinf(column.array).sum()) if isinstance(column, Numbers) and column.array.dtype.kind == "f" else 0
    )
    if infinite:
        said.append(f"Column '{encoder.name}' has {counted(infinite, 'infinite value')}, taken as gaps.")
    if gaps and not encoder.gaps:
        said.append(
            f"Column '{encoder.name}' has {counted(gaps, 'gap')} and had none in training: each counts as the mean."
        )
    return said


def _table(given: Any, encoders: Sequence[Encoder]) -> tables.Table:
    names = [encoder.name for encoder in encoders]
    if isinstance(given, str | Path):
        path = Path(given).expanduser()
        if not path.is_file():
            raise NotFoundError(f"There is no file '{given}'.")
        if not path.name.lower().endswith(tables.SUFFIXES):
            raise DataError(f"'{given}' is no table: the model takes the columns {', '.join(names[:12])}.")
        return tables.read_table(
            path, {each.name: each.decimal for each in encoders if isinstance(each, NumberEncoder)}
        )
    if isinstance(given, pa.Table):
        return tables.columns_of(given, "The table")
    if isinstance(given, Mapping):
        single = all(isinstance(value, str) or np.ndim(value) == 0 for value in given.values())
        given = {name: [value] for name, value in given.items()} if single else given
        return tables.frame_columns(given, "The data")
    if isinstance(given, pd.Series):
        given = given.to_frame().T.infer_objects()
    if isinstance(given, list | tuple) and given and isinstance(given[0], Mapping):
        given = pd.DataFrame(list(given))
    if not isinstance(given, pd.DataFrame):
        given = pd.DataFrame(_rows(given, len(names)), columns=names)
    return tables.frame_columns(given, "The data")


def _rows(given: Any, width: int) -> Any:
    """Rows of `width` values each, in the order of the columns; one row may come alone."""
    if isinstance(given, list | tuple):
        rows = list(given)
        if not any(_is_row(row) for row in rows):
            rows = [rows] if width > 1 else [[value] for value in rows]
    elif hasattr(given, "__array__"):
        array = arrays.as_array(given)
        rows = list(array.reshape(1, -1) if array.ndim == 1 and width > 1 else array.reshape(len(array), -1))
    else:
        raise DataError(f"A {type(given).__name__} is nothing to predict on: give a frame, a dict, an array or a file.")
    for row in rows:
        if len(row) != width:
            raise DataError(f"The model takes {width} columns, and a row has {len(row)} values.")
    return [list(row) for row in rows]


def _is_row(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str)


def _arrays(given: Any, encoder: ArrayEncoder) -> Column:
    array = arrays.as_array(_loaded(given))
    array = array[None] if array.shape == encoder.shape else array
    columns, _ = arrays.feature_columns(array)
    return next(iter(columns.values()))


def _pictures(given: Any, encoder: PictureEncoder) -> Pictures:
    size, channels = (encoder.height, encoder.width), encoder.channels
    if isinstance(given, Mapping) and encoder.name in given:
        given = given[encoder.name]
    given = _loaded(given)
    several = list(given) if isinstance(given, list | tuple) else [given]
    if several and all(isinstance(item, str | Path) for item in several):
        paths = [path for item in several for path in _files(Path(item).expanduser())]
        return images.read_pictures(paths, size=size, channels=channels)[0]
    if several and all(isinstance(item, Image.Image) for item in several):
        one_by_one = [images.fitted(Pictures(images.pixels_of(item)[None]), *size, channels) for item in several]
        return Pictures(np.concatenate([picture.values() for picture in one_by_one]))
    return _picture_array(arrays.as_array(given), encoder)


def _loaded(given: Any) -> Any:
    """The array in a .npy file; anything else as it is."""
    if not isinstance(given, str | Path) or Path(given).suffix != ".npy":
        return given
    if not Path(given).is_file():
        raise NotFoundError(f"There is no file '{given}'.")
    return np.load(given, allow_pickle=False)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = pictures_in(path)
        if not files:
            raise DataError(f"Folder '{path}' holds no pictures.")
        return files
    if not path.is_file():
        raise NotFoundError(f"There is no picture '{path}'.")
    if path.name.lower().endswith(tables.SUFFIXES):
        raise DataError(f"'{path}' is a table, and the model reads pictures: give picture files, a folder or arrays.")
    return [path]


def _picture_array(array: NDArray[Any], encoder: PictureEncoder) -> Pictures:
    sides = (encoder.height, encoder.width, *([encoder.channels] if encoder.channels > 1 else []))
    if array.ndim in (1, 2) and array.shape[-1] == math.prod(sides) and array.shape != sides:
        raise DataError(
            f"An array of the shape {array.shape} is no picture; each row has the {math.prod(sides)} values of one. "
            f"Give array.reshape{(-1, *sides)}."
        )
    if array.dtype.kind == "f" and array.size and array.min() >= 0 and array.max() <= 1:
        array = np.round(array * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise DataError(f"The model takes pictures: bytes from 0 to 255, or floats from 0 to 1, not {array.dtype}.")
    colour = encoder.channels == 3
    if array.ndim == 2 or (array.ndim == 3 and (array.shape[2] in (1, 3, 4) or (colour and array.shape[0] == 3))):
        array = array[None]
    columns, _ = arrays.picture_columns(array) if array.ndim in (3, 4) else ({}, [])
    pictures = next(iter(columns.values()), None)
    if not isinstance(pictures, Pictures):
        raise DataError(
            f"The shape {array.shape} is none of pictures: expected (N, H, W, C), (N, H, W) or one of them."
        )
    return pictures
