"""What networks for tables do with features before their first layer: spread numbers, and make vectors of them.

Paper      Gorishniy, Rubachev & Babenko, 2022, *On embeddings for numerical features in tabular deep learning*.
           https://arxiv.org/abs/2203.05556
Letters    B samples, F features, n of them numbers, d width of an embedding.
"""

from dataclasses import dataclass
from math import prod
from typing import Annotated, Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor, nn

from glia.models.options import Width
from glia.models.samples import Column, Samples
from glia.nn.bins import quantile_edges, target_edges
from glia.nn.number_embeddings import LinearEmbedding, PeriodicEmbedding, PiecewiseLinearEmbedding
from glia.nn.quantiles import NormalQuantiles

Embedding = Literal["piecewise-linear", "periodic", "linear", "none"]
Cuts = Literal["quantiles", "targets"]


@dataclass(frozen=True, kw_only=True)
class TableConfig:
    """What is made of features. A family for tables has these options before its own."""

    quantiles: bool = True  # whether numbers are spread as a normal distribution, by their quantiles
    embedding: Embedding = "piecewise-linear"  # how a number becomes a vector
    embedding_width: Width = 16  # d, numbers in that vector
    bins: Annotated[int, Field(ge=2)] = 48  # of a number, at most, if its embedding is piecewise linear
    cuts: Cuts = "quantiles"  # where bins begin: each with as many samples, or where a tree tells targets apart
    frequencies: Width = 48  # of a number whose embedding is periodic
    deviation: Annotated[float, Field(gt=0)] = 0.01  # of these frequencies at first


class TableInputs(nn.Module):
    """Numbers embedded one by one, and beside them categories as they come: 1 for the one there is.

    Args:
        config: the options.
        inputs: shape of a sample.
        columns: what its features are; empty: numbers, all of them.

    Attributes:
        parts: how many of what comes out belong to each column, in order; their sum is the width.
    """

    places: Tensor
    rest: Tensor

    def __init__(self, config: TableConfig, *, inputs: tuple[int, ...], columns: tuple[Column, ...] = ()) -> None:
        super().__init__()
        self.config, self.features = config, prod(inputs)
        self.seed = int(torch.randint(2**31 - 1, ()))
        categories = [column for column in columns if column.kind == "categories"]
        taken = {place for column in categories for place in range(column.first, column.first + column.size)}
        numbers = [place for place in range(self.features) if place not in taken]
        # What they are follows from the columns, so that they are in no file.
        self.register_buffer("places", torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.register_buffer("rest", torch.tensor(sorted(taken), dtype=torch.int64), persistent=False)
        count = len(numbers)
        self.quantiles = NormalQuantiles(count) if config.quantiles and count else None
        self.embedding = _embedding(config, count) if count else None
        width = 1 if config.embedding == "none" else config.embedding_width
        self.parts = (width,) * count + tuple(column.size for column in categories)

    def adapt(self, samples: Samples) -> None:
        """Take quantiles and bins from the samples to train on."""
        if not len(self.places):
            return
        numbers = samples.inputs.flatten(1)[:, self.places.to(samples.inputs.device)].to(self.places.device)
        if self.quantiles is not None:
            self.quantiles.fit(numbers, torch.Generator().manual_seed(self.seed))
            numbers = self.quantiles(numbers)
        if isinstance(self.embedding, PiecewiseLinearEmbedding):
            bins = min(self.config.bins, max(2, len(numbers) - 1))
            by_target = self.config.cuts == "targets"
            edges = target_edges(numbers, samples.targets, bins) if by_target else quantile_edges(numbers, bins)
            self.embedding.bins.fit(edges)

    def numbers(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "n B d"]:
        """The embedding of each number; itself where it has none."""
        x = x[:, self.places] if len(self.rest) else x  # B n
        if self.quantiles is not None:
            x = self.quantiles(x)
        return x.T[:, :, None] if self.embedding is None else self.embedding(x)

    def categories(self, x: Float[Tensor, "B F"]) -> Float[Tensor, "B rest"]:
        """All features that are no numbers."""
        return x[:, self.rest]

    def forward(self, x: Float[Tensor, "B ..."]) -> Float[Tensor, "B width"]:
        """Embeddings of all numbers in a row, then the categories."""
        x = x.flatten(1)  # B F
        if not len(self.places):
            return x
        numbers = self.numbers(x).transpose(0, 1).flatten(1)  # B nd
        return torch.cat([numbers, self.categories(x)], 1) if len(self.rest) else numbers


def _embedding(config: TableConfig, features: int) -> nn.Module | None:
    width = config.embedding_width
    if config.embedding == "piecewise-linear":
        return PiecewiseLinearEmbedding(features, config.bins, width)
    if config.embedding == "periodic":
        return PeriodicEmbedding(features, config.frequencies, width, deviation=config.deviation)
    return LinearEmbedding(features, width) if config.embedding == "linear" else None
