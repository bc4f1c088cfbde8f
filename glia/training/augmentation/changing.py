"""Augmentations that change pixels or numbers where they stand, or copy them as they are.

What a network takes has a mean of 0 and a deviation of 1 in each channel or column, over the training samples. So
strengths are in such deviations, and what is hidden becomes 0, the mean: it says least.

Letters    B samples, C channels, H x W pixels.
"""

import math
from dataclasses import dataclass
from typing import Annotated, TypeAlias, final

import torch
from pydantic import Field
from torch import Generator, Tensor

from glia.errors import ConfigError

Share = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, allow_inf_nan=False)]
NARROWEST = 0.3  # of rectangles that hide: a side by the other (Zhong et al., section 3.3)


@final
@dataclass(frozen=True, kw_only=True)
class Flip:
    """A `share` of the pictures mirrored, left for right."""

    share: Share = 0.5

    def __call__(self, pictures: Tensor, draws: Generator) -> Tensor:
        """(B, C, H, W) → the same shape."""
        return _some(self.share, pictures.flip(3), pictures, draws)


@final
@dataclass(frozen=True, kw_only=True)
class FlipVertical:
    """A `share` of the pictures mirrored, top for bottom."""

    share: Share = 0.5

    def __call__(self, pictures: Tensor, draws: Generator) -> Tensor:
        """(B, C, H, W) → the same shape."""
        return _some(self.share, pictures.flip(2), pictures, draws)


@final
@dataclass(frozen=True, kw_only=True)
class Crop:
    """Widened on each side by so many `pixels`, then cut to the old size anywhere: moved by whole pixels.

    Paper      He et al., 2016, section 4.2. https://arxiv.org/abs/1512.03385
    We differ  widened by the nearest pixels of the rim in place of zeros.
    """

    pixels: Annotated[int, Field(ge=0)] = 4

    def __call__(self, pictures: Tensor, draws: Generator) -> Tensor:
        """(B, C, H, W) → the same shape."""
        count, (height, width) = len(pictures), pictures.shape[2:]
        if self.pixels >= min(height, width):
            raise ConfigError(
                f"Augmentation 'crop' with pixels={self.pixels} could move these pictures of {height} x {width} "
                f"pixels out of sight. Use at most {min(height, width) - 1}."
            )
        moved = torch.randint(-self.pixels, self.pixels + 1, (2, count, 1), generator=draws)
        rows = (torch.arange(height) + moved[0]).clamp(0, height - 1).to(pictures.device)  # B H
        columns = (torch.arange(width) + moved[1]).clamp(0, width - 1).to(pictures.device)  # B W
        found = pictures.gather(2, rows[:, None, :, None].expand_as(pictures))
        return found.gather(3, columns[:, None, None, :].expand_as(pictures))


@final
@dataclass(frozen=True, kw_only=True)
class Brightness:
    """One number added to all pixels of a picture: up to `most` deviations, brighter or darker."""

    most: Strength = 0.2

    def __call__(self, pictures: Tensor, draws: Generator) -> Tensor:
        """(B, C, H, W) → the same shape."""
        return pictures + _like(pictures, (2 * _uniform(pictures, draws) - 1) * self.most)


@final
@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Pixels brought further from the mean of their picture and channel, or nearer, by 1 / (1 + most) to 1 + most."""

    most: Strength = 0.2

    def __call__(self, pictures: Tensor, draws: Generator) -> Tensor:
        """(B, C, H, W) → the same shape."""
        factor = _like(pictures, ((2 * _uniform(pictures, draws) - 1) * math.log1p(self.most)).exp())
        mean = pictures.mean((2, 3), keepdim=True)
        return mean + (pictures - mean) * factor


@final
@dataclass(frozen=True, kw_only=True)
class Erase:
    """A rectangle hidden, in a `share` of the pictures: `least` to `most` of the area, sides of up to 1 to 0.3.

    Papers     DeVries & Taylor, 2017, *Cutout*. https://arxiv.org/abs/1708.04552
               Zhong et al., 2020, *Random erasing*. https://arxiv.org/abs/1708.04896
    We differ  the mean in place of random pixels; a side longer than the picture is cut to it.
    """

    share: Share = 0.5
    least: Share = 0.02
    most: Share = 0.25

    def __post_init__(self) -> None:
        if self.least > self.most:
            raise ConfigError(f"Augmentation 'erase': least={self.least:g} is above most={self.most:g}. Exchange them.")

    def __call__(self, pictures: Tensor, draws: Generator) -> Tensor:
        """(B, C, H, W) → the same shape."""
        drawn = torch.rand(5, len(pictures), generator=draws, dtype=torch.float64)
        size = torch.tensor(pictures.shape[2:], dtype=torch.float64)[:, None]  # of height and width
        area = (self.least + (self.most - self.least) * drawn[0]) * size.prod()
        form = ((2 * drawn[1] - 1) * -math.log(NARROWEST)).exp()
        sides = torch.stack([(area * form).sqrt(), (area / form).sqrt()]).round().clamp(min=1).minimum(size)
        first = (drawn[2:4] * (size - sides + 1)).floor()
        last = torch.where(drawn[4] < self.share, first + sides, first)  # none is hidden of the others
        (top, left), (bottom, right) = _like(pictures, first), _like(pictures, last)
        row = torch.arange(pictures.shape[2], device=pictures.device)[:, None]
        column = torch.arange(pictures.shape[3], device=pictures.device)
        hidden = (row >= top) & (row < bottom) & (column >= left) & (column < right)  # B 1 H W
        return pictures.masked_fill(hidden, 0)


@final
@dataclass(frozen=True, kw_only=True)
class Noise:
    """A random number added to each number of a sample, normally distributed: `deviation` of the training samples' own.

    Inputs that say which category there is by 0 and 1 get it, too.

    Paper      Bishop, 1995, *Training with noise is equivalent to Tikhonov regularization*.
               https://doi.org/10.1162/neco.1995.7.1.108
    """

    deviation: Strength = 0.1

    def __call__(self, samples: Tensor, draws: Generator) -> Tensor:
        """(B, ...) → the same shape."""
        seed = int(torch.randint(2**62, (), generator=draws))
        here = Generator(samples.device).manual_seed(seed)  # as many draws as numbers: made where they are needed
        drawn = torch.empty_like(samples).normal_(0, self.deviation, generator=here)
        return samples + drawn


Change: TypeAlias = Flip | FlipVertical | Crop | Brightness | Contrast | Erase | Noise


def _some(share: float, changed: Tensor, pictures: Tensor, draws: Generator) -> Tensor:
    """A share of the pictures changed, the others as they were."""
    chosen = (_uniform(pictures, draws) < share)[:, None, None, None]
    return torch.where(chosen.to(pictures.device), changed, pictures)


def _uniform(samples: Tensor, draws: Generator) -> Tensor:
    return torch.rand(len(samples), generator=draws, dtype=torch.float64)


def _like(pictures: Tensor, values: Tensor) -> Tensor:
    """(..., B) a number for each picture, as (..., B, 1, 1, 1) beside them."""
    return values.to(pictures)[..., None, None, None]
