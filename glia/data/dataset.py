"""A dataset: named columns of one length, one of them perhaps the target. Frozen; every change makes another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, final, overload

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from glia import config
from glia.data import content, splits
from glia.data.columns import Arrays, Categories, Column, Pictures, Rows, Words
from glia.data.streaming import Streaming
from glia.errors import ConfigError, DataError, did_you_mean
from glia.recipe import Split


@final
@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples as named columns.

    Attributes:
        columns: name → column, all of one length.
        target: the column to be learned, "" when there is none.
        name: what it is called in lists and messages.
        official: 'train', 'validation' or 'test' per sample where the dataset brings its own split.
        ignored: columns that are no features, such as a number that only counts the rows.
        said: what was noticed while reading and the user should know.
        streaming: of a table too large for memory, whose columns lie on disk, how it is gone through; else None.
    """

    columns: Mapping[str, Column]
    target: str = ""
    name: str = ""
    official: NDArray[Any] | None = None
    ignored: tuple[str, ...] = ()
    said: tuple[str, ...] = field(default=())
    streaming: Streaming | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", dict(self.columns))
        lengths = {name: len(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) != 1:
            counts = ", ".join(f"{name}: {length}" for name, length in lengths.items())
            raise DataError(f"Columns must be of one length, not {counts or 'no columns at all'}.")
        if self.target and self.target not in self.columns:
            raise DataError(f"Column '{self.target}' is not in {self.title}.{did_you_mean(self.target, self.columns)}")

    @property
    def title(self) -> str:
        """Its name, for messages."""
        return self.name or "the data"

    @property
    def features(self) -> dict[str, Column]:
        """The columns to learn from, in order."""
        left_out = {self.target, *self.ignored}
        return {name: column for name, column in self.columns.items() if name not in left_out}

    def targets(self) -> NDArray[Any]:
        """The values of the target, one per sample.

        Raises:
            DataError: there is no target; the message lists the columns.
        """
        if not self.target:
            names = ", ".join(self.columns)
            raise DataError(f"{self.title} has no target. Name the column to learn (--target). There are: {names}.")
        return self.columns[self.target].values()

    @cached_property
    def version(self) -> str:
        """Hash of the content (names, kinds, values, order): 16 hexadecimal digits."""
        return content.version_of(self.columns, self.official, self.pieces)[:16]

    def contents(self, *, without: str = "") -> Words:
        """One word per sample, equal for samples with equal features (the target apart)."""
        columns = [column for name, column in sorted(self.features.items()) if name != without]
        make = np.zeros if self.streaming is None else self.streaming.scratch.array
        found: Words = make(len(self), np.uint64)
        if columns:
            content.contents(columns, found, self.pieces("contents"))
        return found

    def pieces(self, what: str = "") -> Iterator[slice]:
        """All rows at once; of a streamed dataset in pieces, whose memory is let go, and `what` is told of."""
        return iter([slice(0, len(self))]) if self.streaming is None else self.streaming.pieces(len(self), what)

    def pieces_of(self, rows: NDArray[Any], what: str = "") -> Iterator[NDArray[Any]]:
        """Such positions of samples in the same manner."""
        if self.streaming is None:
            yield rows
        else:
            yield from (np.array(rows[part]) for part in self.streaming.pieces(len(rows), what))

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    @overload
    def __getitem__(self, rows: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, rows: slice | Sequence[int] | NDArray[Any]) -> "Dataset": ...
    def __getitem__(self, rows: Any) -> "dict[str, Any] | Dataset":
        """One sample as a dict of plain values; of a slice, positions or a mask, a dataset."""
        if isinstance(rows, int | np.integer):
            if not -len(self) <= rows < len(self):
                raise IndexError(f"Sample {rows} of {len(self)}: there is none.")
            return {name: column.item(int(rows) % len(self)) for name, column in self.columns.items()}
        return self._take(rows if isinstance(rows, slice) else _positions(rows, len(self)))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[row] for row in range(len(self)))

    def __repr__(self) -> str:
        kinds = ", ".join(f"{name}: {_kind(column)}" for name, column in self.columns.items())
        kinds = kinds if len(kinds) < 400 else kinds[:400] + " …"
        target = f", target {self.target}" if self.target else ""
        return f"<Dataset {self.title}: {len(self):,} samples{target} ({kinds})>"

    def without(self, *names: str) -> "Dataset":
        """The same samples, these columns being no features."""
        return replace(self, ignored=tuple(dict.fromkeys((*self.ignored, *names))))

    def frame(self) -> pd.DataFrame:
        """All samples as a pandas frame; arrays and pictures as objects."""
        return pd.DataFrame({name: _series(column) for name, column in self.columns.items()})

    def arrow(self) -> pa.Table:
        """All samples as a PyArrow table; arrays and pictures as tensors of fixed shape."""
        return pa.table({name: _arrow(column) for name, column in self.columns.items()})

    def sample(self, share: float, seed: int = 0) -> "Dataset":
        """A random share of the samples, in their order.

        Raises:
            ConfigError: a share outside 0 to 1.
        """
        if not 0 < share <= 1:
            raise ConfigError(f"share={share} is not a share of the samples: give a number above 0, up to 1.")
        count = max(1, round(share * len(self)))
        chosen = np.random.default_rng(seed).permutation(len(self))[:count]
        return self._take(np.sort(chosen))

    def split(self, *, by: str = "", seed: int = 1337, **shares: float) -> "tuple[Dataset, Dataset, Dataset]":
        """Train, validation and test part: `split(train=0.8, test=0.2)`; no shares: 0.8, 0.1, 0.1.

        The rule is that of `glia.data.splits.divide`; the parts' `said` tells which one was taken.
        """
        given = {"train": 0.0, "validation": 0.0, "test": 0.0, **shares} if shares else {}
        division = splits.divide(self, config.from_dict(Split, {**given, "by": by}, "split"), seed)
        said = (f"Split {division.rule}.", *division.said)
        parts = [replace(self._take(rows), said=said) for rows in (division.train, division.validation, division.test)]
        return parts[0], parts[1], parts[2]

    def folds(self, k: int, seed: int = 0) -> "list[tuple[Dataset, Dataset]]":
        """`k` pairs of training and validation part; each sample is in the validation part of one."""
        folds = splits.folds(self, k, seed)
        return [(self._take(fold.train), self._take(fold.validation)) for fold in folds]

    def stream(self, *, batch_size: int, shuffle: bool = False, seed: int = 0) -> Iterator[dict[str, NDArray[Any]]]:
        """Batches of all columns as NumPy arrays, the last one perhaps shorter. Pictures are decoded as they come."""
        if batch_size < 1:
            raise ConfigError(f"batch_size={batch_size} is too small: a batch has at least 1 sample.")
        order = np.random.default_rng(seed).permutation(len(self)) if shuffle else np.arange(len(self))
        for start in range(0, len(self), batch_size):
            rows = order[start : start + batch_size]
            yield {name: column.take(rows).values() for name, column in self.columns.items()}

    def _take(self, rows: Rows) -> "Dataset":
        if self.streaming is None:
            columns = {name: column.take(rows) for name, column in self.columns.items()}
        else:
            columns = {name: self.streaming.take(column, rows) for name, column in self.columns.items()}
        official = None if self.official is None else self.official[rows]
        return replace(self, columns=columns, official=official, said=(), streaming=None)


def _positions(rows: Any, length: int) -> NDArray[Any]:
    given = np.asarray(rows)
    if given.dtype == bool and len(given) != length:
        raise IndexError(f"The mask has {len(given)} entries for {length} samples.")
    return given if given.dtype == bool else given.astype(np.int64)


def _kind(column: Column) -> str:
    if isinstance(column, Pictures):
        return "pictures {}×{}×{}".format(*column.size)
    if isinstance(column, Arrays):
        return "arrays " + "×".join(str(side) for side in column.array.shape[1:])
    if isinstance(column, Categories):
        return f"{len(column.labels)} categories"
    return column.kind


def _series(column: Column) -> Any:
    values = column.values()
    return pd.Series(list(values), dtype=object) if values.ndim > 1 else values


def _arrow(column: Column) -> Any:
    values = np.ascontiguousarray(column.values())
    if values.ndim > 1:
        return pa.FixedShapeTensorArray.from_numpy_ndarray(values)
    return pa.array(values, from_pandas=True)
