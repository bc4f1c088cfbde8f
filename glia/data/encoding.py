"""Samples of a streamed dataset as tensors, encoded when they are asked for."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glia.data import inputs
from glia.data.columns import Categories, Column
from glia.data.dataset import Dataset
from glia.data.encoders import CategoryEncoder
from glia.data.preprocessing import Preprocessing
from glia.data.streaming import pieces

ENCODED = 2**15  # samples at a time: what is made of them on the way stays in the processor's cache


class StreamedInputs:
    """What `Preprocessing.encode` makes of some samples of a streamed dataset.

    Args:
        dataset: streamed.
        preprocessing: fitted.
        rows: positions of the samples, in order.
    """

    def __init__(self, dataset: Dataset, preprocessing: Preprocessing, rows: NDArray[np.int64]) -> None:
        self._dataset, self._preprocessing, self._rows = dataset, preprocessing, rows
        columns = inputs.wanted(dataset.columns, preprocessing.encoders, preprocessing.passed_over)
        self._columns = dict(columns)
        self._room: Tensor | None = None
        self._narrowed = {
            encoder.name: (_places(encoder, column), encoder.labels)
            for encoder in preprocessing.encoders
            if isinstance(encoder, CategoryEncoder) and isinstance(column := columns[encoder.name], Categories)
        }

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, stretches: Iterable[slice]) -> Tensor:
        """The inputs of these stretches of the samples, one after the other; the next reading overwrites them."""
        parts = [slice(part.start + s.start, part.start + s.stop) for part in stretches for s in _of(part)]
        if not parts:
            return self._preprocessing.encode(self._dataset[self._rows[:0]])
        first = self._encoded(parts[0])
        count = sum(part.stop - part.start for part in parts)
        if self._room is None or len(self._room) < count:  # made once: what is freed in between may not be found again
            self._room = torch.empty((count, *first.shape[1:]), dtype=first.dtype)
        whole = self._room[:count]
        whole[: len(first)] = first
        end = len(first)
        for part in parts[1:]:
            encoded = self._encoded(part)
            whole[end : end + len(encoded)] = encoded
            end += len(encoded)
        return whole

    def _encoded(self, part: slice) -> Tensor:
        rows = np.array(self._rows[part])
        columns: dict[str, Column] = {}
        for name, column in self._columns.items():
            if isinstance(column, Categories) and name in self._narrowed:
                places, labels = self._narrowed[name]
                columns[name] = Categories(places[column.codes[rows]], labels)
            else:
                columns[name] = column.take(rows)
        encoded = self._preprocessing.encode(Dataset(columns))
        if self._dataset.streaming is not None:
            self._dataset.streaming.scratch.release()
        return encoded


def _of(part: slice) -> Iterable[slice]:
    return pieces(part.stop - part.start, ENCODED)


def _places(encoder: CategoryEncoder, column: Categories) -> NDArray[np.int32]:
    """Code in the data → code among the labels that the encoder knows; all others are gaps, which it treats alike."""
    known = {str(label): place for place, label in enumerate(encoder.labels)}
    return np.array([*(known.get(str(label), -1) for label in column.labels), -1], np.int32)
