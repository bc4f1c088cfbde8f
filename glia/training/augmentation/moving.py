"""Augmentations that resample pictures: shifted, turned, zoomed. However many there are, pixels are read once.

What lies beyond the rim is the nearest pixel of it: the rim of a white page stays white and that of a dark one dark,
and nothing has to be known of how pixels became the numbers that the network takes. Between pixels bilinear.

Letters    B pictures, C channels, H x W pixels. A place is (right of the middle, below the middle, 1), in pixels; a
           matrix of places leads from where a pixel comes to stand to where it is read.
"""

import math
from dataclasses import dataclass
from typing import Annotated, TypeAlias, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Generator, Tensor


@final
@dataclass(frozen=True, kw_only=True)
class Shift:
    """Moved to a side and up or down, each by up to `most` of the width and of the height."""

    most: Annotated[float, Field(ge=0, le=1)] = 0.1

    def places(self, pictures: Tensor, draws: Generator) -> Tensor:
        """(B, 3, 3) where pixels are read."""
        height, width = pictures.shape[2:]
        right, down = _either_way(self.most, 2, len(pictures), draws)
        return shifted(right * width, down * height)


@final
@dataclass(frozen=True, kw_only=True)
class Rotate:
    """Turned about the middle by up to `most` degrees, either way."""

    most: Annotated[float, Field(ge=0, le=180)] = 10.0

    def places(self, pictures: Tensor, draws: Generator) -> Tensor:
        """(B, 3, 3) where pixels are read."""
        return rotated(*_either_way(self.most, 1, len(pictures), draws))


@final
@dataclass(frozen=True, kw_only=True)
class Zoom:
    """Enlarged about the middle by a factor from 1 / (1 + most) to 1 + most.

    With `stretch`, width to height changes likewise, by a factor from 1 / (1 + stretch) to 1 + stretch.
    """

    most: Annotated[float, Field(ge=0, le=9)] = 0.1
    stretch: Annotated[float, Field(ge=0, le=9)] = 0.0

    def places(self, pictures: Tensor, draws: Generator) -> Tensor:
        """(B, 3, 3) where pixels are read."""
        size, form = _either_way(1.0, 2, len(pictures), draws)
        size, form = size * math.log1p(self.most), form * math.log1p(self.stretch) / 2
        return zoomed((size + form).exp(), (size - form).exp())


Move: TypeAlias = Shift | Rotate | Zoom


def shifted(right: Tensor, down: Tensor) -> Tensor:
    """(B, 3, 3) the places of pictures moved by so many pixels, each (B,)."""
    places = _still(right)
    places[:, 0, 2], places[:, 1, 2] = -right, -down
    return places


def rotated(degrees: Tensor) -> Tensor:
    """(B, 3, 3) the places of pictures turned by (B,) degrees against the clock."""
    angle, places = degrees.deg2rad(), _still(degrees)
    cosine, sine = angle.cos(), angle.sin()
    places[:, 0, 0], places[:, 0, 1] = cosine, -sine
    places[:, 1, 0], places[:, 1, 1] = sine, cosine
    return places


def zoomed(wider: Tensor, higher: Tensor) -> Tensor:
    """(B, 3, 3) the places of pictures enlarged by these factors, each (B,)."""
    places = _still(wider)
    places[:, 0, 0], places[:, 1, 1] = 1 / wider, 1 / higher
    return places


def resampled(pictures: Tensor, places: Tensor) -> Tensor:
    """(B, C, H, W) pictures read at the places that (B, 3, 3) matrices lead to."""
    height, width = pictures.shape[2:]
    # Torch counts in half widths and heights from the middle.
    half = places.new_tensor([width / 2, height / 2, 1.0])
    grid = F.affine_grid((places * half / half[:, None])[:, :2].to(pictures), list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _either_way(most: float, rows: int, count: int, draws: Generator) -> Tensor:
    """(rows, count) numbers from -most to most."""
    return (2 * torch.rand(rows, count, generator=draws, dtype=torch.float64) - 1) * most


def _still(like: Tensor) -> Tensor:
    """(B, 3, 3) the places of pictures that stay where they are."""
    return torch.eye(3, dtype=like.dtype).repeat(len(like), 1, 1)
