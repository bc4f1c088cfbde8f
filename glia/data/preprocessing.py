"""From samples to tensors: fitted on training rows, the same for ever after, and JSON with the model.

Two halves. `encode` is done once and kept compact: pictures stay bytes, tables become standardised float32. `finish` is
done per batch on whatever device: pictures become floats, minus the mean, by the deviation. Both are pure.

Letters    N samples, F features, C channels, H x W pixels.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from glia import config
from glia.config import Plain
from glia.data import inputs, streamed_fitting
from glia.data.columns import Categories, Column, Pictures
from glia.data.dataset import Dataset
from glia.data.encoders import (
    ENCODERS,
    MOST_CATEGORIES,
    ArrayEncoder,
    CategoryEncoder,
    Encoder,
    NumberEncoder,
    PictureEncoder,
    fit_encoder,
)
from glia.data.judging import label_counts
from glia.errors import DataError
from glia.models.samples import Column as Described


@final
@dataclass(frozen=True)
class Preprocessing:
    """What `fit` found, by column.

    Attributes:
        encoders: one per feature column, in order.
        passed_over: columns of the training data that are no features; they may be there later or not.
        said: what was noticed while fitting and the user should know.
    """

    encoders: tuple[Encoder, ...]
    passed_over: tuple[str, ...] = ()
    said: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample as the model sees it: (F,), (C, H, W) or the array's own."""
        first = self.encoders[0]
        if isinstance(first, PictureEncoder):
            return first.channels, first.height, first.width
        if isinstance(first, ArrayEncoder) and len(self.encoders) == 1:
            return first.shape
        return (len(self.features),)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the model's inputs, in order; none for pictures."""
        return tuple(
            name for encoder in self.encoders if not isinstance(encoder, PictureEncoder) for name in encoder.features
        )

    @property
    def columns(self) -> tuple[Described, ...]:
        """The columns of the data and which of the model's inputs were made of each; none for pictures."""
        found: list[Described] = []
        for encoder in self.encoders:
            first = sum(each.size for each in found)
            if isinstance(encoder, CategoryEncoder):
                labels = (*map(str, encoder.labels), *(["other"] if encoder.other else []))
                found.append(Described(encoder.name, "categories", first, len(labels), labels=labels))
            elif isinstance(encoder, NumberEncoder):
                mean = encoder.mean + encoder.origin
                found.append(
                    Described(encoder.name, "numbers", first, mean=mean, deviation=encoder.std, times=encoder.times)
                )
                if encoder.gaps:
                    found.append(Described(encoder.features[1], "categories", first + 1, labels=("missing",)))
            elif isinstance(encoder, ArrayEncoder):
                vector = len(encoder.mean) == len(encoder.features)
                for at, name in enumerate(encoder.features):
                    mean, deviation = encoder.mean[at if vector else 0], encoder.std[at if vector else 0]
                    found.append(Described(name, "numbers", first + at, mean=mean, deviation=deviation))
        return tuple(found)

    def encode(self, samples: Dataset) -> Tensor:
        """Samples as one compact tensor: uint8 N C H W, laid out channels last, or float32 N F.

        Raises:
            DataError: a column is missing, or is of another kind than in training.
        """
        columns = inputs.wanted(samples.columns, self.encoders, self.passed_over)
        parts: list[NDArray[Any]] = [encoder.encode(columns[encoder.name]) for encoder in self.encoders]
        if len(parts) > 1:
            parts = [np.concatenate([part.reshape(len(part), math.prod(part.shape[1:])) for part in parts], axis=1)]
        # A tensor needs memory that it may write to, even where nobody will.
        return torch.from_numpy(parts[0] if parts[0].flags.writeable else parts[0].copy())

    def finish(self, batch: Tensor) -> Tensor:
        """An encoded batch as the model takes it: float32 on the same device."""
        if not isinstance(self.encoders[0], PictureEncoder):
            return batch
        shift, scale = (moment.to(batch.device) for moment in self._affine)
        return torch.addcmul(shift, batch.to(torch.float32), scale)

    def read(self, given: Any) -> Dataset:
        """What a user predicts on, one sample or many, as samples with the columns known here.

        Args:
            given: a frame, a dict of values or of columns, rows as dicts, rows of values in the order of the columns,
                an array, a table file; for pictures files, a folder, arrays or Pillow pictures; a Dataset.

        Raises:
            NotFoundError: no such file.
            DataError: columns missing, or nothing that these inputs could be.
        """
        return inputs.read_inputs(given, self.encoders, self.passed_over)

    def to_dict(self) -> Plain:
        """Plain values; the inverse of `from_dict`."""
        encoders = [{"kind": encoder.kind, **config.to_dict(encoder)} for encoder in self.encoders]
        return {"encoders": encoders, "passed_over": list(self.passed_over), "said": list(self.said)}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Preprocessing":
        """From what `to_dict` wrote."""
        encoders = tuple(
            config.from_dict(ENCODERS[encoder["kind"]], {key: encoder[key] for key in encoder if key != "kind"})
            for encoder in given["encoders"]
        )
        return cls(encoders, tuple(given["passed_over"]), tuple(given["said"]))

    @cached_property
    def _affine(self) -> tuple[Tensor, Tensor]:
        """(x / 255 - mean) / std as shift + x * scale, each C 1 1."""
        encoder = self.encoders[0]
        if not isinstance(encoder, PictureEncoder):
            return torch.zeros(()), torch.ones(())
        mean, std = torch.tensor([encoder.mean, encoder.std], dtype=torch.float64)[:, :, None, None]
        return (-mean / std).float(), (1 / (255 * std)).float()


def fit(
    dataset: Dataset,
    rows: NDArray[Any],
    *,
    image_size: int | tuple[int, int] | None = None,
    weights: NDArray[Any] | None = None,
) -> Preprocessing:
    """What it takes to turn such samples into tensors, learned from `rows` alone.

    Args:
        dataset: with the features to learn from.
        rows: positions of the training samples.
        image_size: height and width, or the side of a square, that pictures are brought to; None: as they are.
        weights: what each of `rows` counts in means and deviations of numbers; None: 1.

    Raises:
        DataError: no features, no rows, or pictures beside other columns.
    """
    features = dataset.features
    if not features or not len(rows):
        left_out = ", ".join(dataset.ignored) or "none"
        raise DataError(
            f"{dataset.title} has {len(features)} features and {len(rows)} training samples: there is nothing to learn "
            f"from. Columns that are no features: {left_out}."
        )
    _refuse_mixed(features)
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    if dataset.streaming is None:
        encoders = tuple(fit_encoder(name, column.take(rows), size, weights) for name, column in features.items())
    else:
        encoders = tuple(streamed_fitting.fit_encoder(dataset, name, rows, size) for name in features)
    said = [_said(encoder, features[encoder.name], dataset) for encoder in encoders]
    return Preprocessing(encoders, (dataset.target, *dataset.ignored), tuple(text for text in said if text))


def _refuse_mixed(features: Mapping[str, Column]) -> None:
    pictures = [name for name, column in features.items() if isinstance(column, Pictures)]
    if pictures and len(features) > 1:
        others = ", ".join(name for name in features if name != pictures[0])
        raise DataError(
            f"Pictures ('{pictures[0]}') are learned from alone, and there are other columns: {others}. "
            "Leave them out with dataset.without(...)."
        )


def _said(encoder: Encoder, column: Column, dataset: Dataset) -> str:
    if isinstance(encoder, CategoryEncoder) and len(encoder.labels) == MOST_CATEGORIES:
        if isinstance(column, Categories):
            rest = int((label_counts(column, dataset.pieces)[:-1] > 0).sum()) - MOST_CATEGORIES
        else:
            rest = len(encoder.unseen(column))
        if rest:
            return (
                f"Column '{encoder.name}': the {MOST_CATEGORIES} most frequent categories are kept, {rest} are other."
            )
    return ""
