"""Pooling with Keras' "same" padding, in 1 to 3 dimensions; all other pooling is torch's own.

Each side W comes out as W/S, rounded up. What lies beyond the edges counts for nothing: it is never the largest value,
and averages are over the pixels that are there, as in Keras on TensorFlow (on torch it repeats the last pixel where the
padding is uneven).

Letters    B samples, C channels, W side of the input, K of the window, S stride, all in pixels.
"""

from collections.abc import Callable
from typing import Any, final

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from glia.nn.shapes import Sides, per_side, same_padding

_MAXIMUM: dict[int, Callable[..., Tensor]] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE: dict[int, Callable[..., Tensor]] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


@final
class SameMaxPool(nn.Module):
    """The largest value of each window.

    Args:
        kernel: K, one number or one for each side.
        stride: S, likewise; windows lie side by side if left out.

    Example:
        >>> SameMaxPool(2)(torch.tensor([[[1.0, 5.0, 2.0]]]))
        tensor([[[5., 2.]]])
    """

    def __init__(self, kernel: Sides, stride: Sides | None = None) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, kernel if stride is None else stride

    def forward(self, x: Float[Tensor, "B C *sides"]) -> Float[Tensor, "B C ..."]:
        """Each side W becomes W/S, rounded up."""
        return _pooled(_MAXIMUM[x.ndim - 2], x, self.kernel, self.stride)

    def extra_repr(self) -> str:
        """The window, where a model is printed."""
        return f"kernel={self.kernel}, stride={self.stride}"


@final
class SameAveragePool(nn.Module):
    """The mean of each window; arguments as of `SameMaxPool`.

    Example:
        >>> SameAveragePool(2)(torch.tensor([[[1.0, 5.0, 2.0]]]))
        tensor([[[3., 2.]]])
    """

    def __init__(self, kernel: Sides, stride: Sides | None = None) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, kernel if stride is None else stride

    def forward(self, x: Float[Tensor, "B C *sides"]) -> Float[Tensor, "B C ..."]:
        """Each side W becomes W/S, rounded up."""
        kernel = per_side(self.kernel, x.ndim - 2, "kernel")
        if x.ndim == 5 and any(k > side for k, side in zip(kernel, x.shape[2:], strict=True)):
            return _mean_of_large_windows(x, kernel, self.stride)
        return _pooled(_AVERAGE[x.ndim - 2], x, kernel, self.stride, count_include_pad=False)

    def extra_repr(self) -> str:
        """The window, where a model is printed."""
        return f"kernel={self.kernel}, stride={self.stride}"


def _pooled(pool: Callable[..., Tensor], x: Tensor, kernel: Sides, stride: Sides, **more: Any) -> Tensor:
    """Pooled without copying `x` into a larger tensor.

    torch pads both edges alike. The odd pixel after a side is had by `ceil_mode`, which lets the last window reach over
    the edge; with stride 1, where it does not, by one pixel more at both edges and leaving the first window out.
    """
    sides = x.shape[2:]
    kernels, strides = per_side(kernel, len(sides), "kernel"), per_side(stride, len(sides), "stride")
    edges, surplus = [], []
    for side, k, s in zip(sides, kernels, strides, strict=True):
        before, after = same_padding(side, k, s)
        edges.append(after if s == 1 else before)
        surplus.append(after - before if s == 1 else 0)
    pooled = pool(x, kernels, strides, tuple(edges), ceil_mode=True, **more)
    for axis, first in enumerate(surplus, start=2):
        if first:
            pooled = pooled.narrow(axis, first, pooled.shape[axis] - first)
    return pooled


def _mean_of_large_windows(x: Tensor, kernel: tuple[int, ...], stride: Sides) -> Tensor:
    """Where a window is larger than a side, which torch refuses in three dimensions whatever the padding."""
    windows = list(zip(x.shape[2:], kernel, per_side(stride, 3, "stride"), strict=True))
    edges = [pixels for window in reversed(windows) for pixels in same_padding(*window)]
    there = F.pad(torch.ones_like(x[:1, :1]), edges)
    return F.avg_pool3d(F.pad(x, edges), kernel, stride) / F.avg_pool3d(there, kernel, stride)
