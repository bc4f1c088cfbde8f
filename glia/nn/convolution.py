"""Convolutions that torch.nn lacks: separable ones, and Keras' "same" padding where torch refuses it.

Plain and transposed convolutions, up-sampling and zero padding are torch's own; `glia.nn.convolution_blocks` names
them all.

Papers     Chollet, 2016, *Xception: Deep learning with depthwise separable convolutions*.
           https://arxiv.org/abs/1610.02357
           Howard et al., 2017, *MobileNets*. https://arxiv.org/abs/1704.04861
We differ  nothing stands between the two halves, as in Xception. MobileNet norms and rectifies there: write its two
           halves as two convolutions, the first with as many groups as channels.
Letters    B samples, C channels read, M filters for each of them, D channels put out.
"""

from typing import Any, Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from glia.errors import ConfigError
from glia.nn.shapes import Sides, per_side, same_padding, span

Padding = Sides | Literal["same"]
Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d

CONVOLUTIONS: dict[int, type[nn.Conv1d] | type[nn.Conv2d] | type[nn.Conv3d]] = {
    1: nn.Conv1d,
    2: nn.Conv2d,
    3: nn.Conv3d,
}
"""torch's convolution by the number of a sample's sides."""


def convolution(
    dimensions: int, reads: int, channels: int, kernel: Sides, *, padding: Padding = 0, stride: Sides = 1, **more: Any
) -> nn.Module:
    """A convolution of torch, inside `Same` where torch cannot pad so: with a stride, or with an even kernel.

    Args:
        dimensions: sides of a sample, 1 to 3.
        reads: channels of what comes in.
        channels: filters, the channels of what comes out.
        kernel: side of the filters, pixels; one number, or one for each side of a sample.
        padding: zeros at each edge, pixels; "same": as many as make each side W/S, rounded up.
        stride: pixels from one place of the filters to the next.
        more: `dilation`, `groups`, `bias`, as in torch.

    Example:
        >>> convolution(1, 3, 8, 5, padding="same")
        Conv1d(3, 8, kernel_size=(5,), stride=(1,), padding=(2,))
        >>> convolution(2, 3, 8, 3, padding="same", stride=2)
        Same(
          (convolution): Conv2d(3, 8, kernel_size=(3, 3), stride=(2, 2))
        )
    """
    make: Any = CONVOLUTIONS[dimensions]
    kernel, stride = per_side(kernel, dimensions, "kernel"), per_side(stride, dimensions, "stride")
    dilation = per_side(more.pop("dilation", 1), dimensions, "dilation")
    if padding == "same":
        reaches = [span(*each) for each in zip(kernel, dilation, strict=True)]
        if max(stride) > 1 or any(reach % 2 == 0 for reach in reaches):
            return Same(make(reads, channels, kernel, stride=stride, dilation=dilation, **more))
        padding = tuple(reach // 2 for reach in reaches)
    edges = per_side(padding, dimensions, "padding")
    made: nn.Module = make(reads, channels, kernel, padding=edges, stride=stride, dilation=dilation, **more)
    return made


class Same(nn.Module):
    """A convolution with so many zeros around what it reads that each side comes out as W/S, rounded up.

    Where the zeros cannot be shared out equally, one more stands after than before, as in Keras and TensorFlow.

    Raises:
        ConfigError: the convolution has a padding of its own.

    Example:
        >>> import torch
        >>> Same(nn.Conv2d(1, 4, 3, stride=2))(torch.zeros(1, 1, 28, 27)).shape
        torch.Size([1, 4, 14, 14])
    """

    def __init__(self, convolution: Convolution) -> None:
        super().__init__()
        if convolution.padding == "same" or any(edge != 0 for edge in convolution.padding):
            raise ConfigError(f"Same pads by itself, and the convolution has padding={convolution.padding}. Use 0.")
        self.convolution = convolution

    def forward(self, x: Float[Tensor, "B C *sides"]) -> Float[Tensor, "B D ..."]:
        """Each side W becomes W/S, rounded up."""
        layer = self.convolution
        edges: list[int] = []
        for side, *window in zip(x.shape[2:], layer.kernel_size, layer.stride, layer.dilation, strict=True):
            edges = [*same_padding(side, *window), *edges]  # torch counts sides from the last
        outputs: Tensor = layer(F.pad(x, edges) if any(edges) else x)
        return outputs


class SeparableConv(nn.Module):
    """A convolution in two halves: filters that read one channel each, then a mix of channels at each pixel.

    For D filters of KxK pixels over C channels it learns C(KK + D) weights (with M = 1) where a plain convolution
    learns CKKD, and multiplies accordingly less.

    Args:
        reads: C.
        channels: D.
        kernel: side of the filters, pixels; one number, or one for each side of a sample.
        dimensions: sides of a sample, 1 to 3.
        multiplier: M.
        more: `padding`, "same" as in Keras or pixels; `stride`, `dilation`; `bias`, added at the end.

    Example:
        >>> layer = SeparableConv(16, 32, 3)
        >>> sum(weights.numel() for weights in layer.parameters()), 16 * (9 + 32) + 32
        (688, 688)
    """

    def __init__(
        self, reads: int, channels: int, kernel: Sides = 3, *, dimensions: int = 2, multiplier: int = 1, **more: Any
    ) -> None:
        super().__init__()
        bias = more.pop("bias", True)
        more.setdefault("padding", "same")
        between = reads * multiplier
        self.depthwise = convolution(dimensions, reads, between, kernel, groups=reads, bias=False, **more)
        self.pointwise = convolution(dimensions, between, channels, 1, bias=bias)

    def forward(self, x: Float[Tensor, "B C *sides"]) -> Float[Tensor, "B D ..."]:
        """Sides as of the convolution in one piece."""
        x = self.depthwise(x)  # B CM *sides
        outputs: Tensor = self.pointwise(x)  # B D *sides
        return outputs


class Crop(nn.Module):
    """Pixels cut off at the edges, in 1 to 3 dimensions: `Crop((1, 2), (0, 0))` takes the first row and the last two.

    Raises:
        ConfigError: a negative number, or when it runs a sample of which nothing would be left, with the sum.

    Example:
        >>> import torch
        >>> Crop((1, 2), (0, 0))(torch.arange(12.0).reshape(1, 1, 4, 3))
        tensor([[[[3., 4., 5.]]]])
    """

    def __init__(self, *edges: tuple[int, int]) -> None:
        super().__init__()
        if min(map(min, edges)) < 0:
            raise ConfigError(f"Crop takes pixels off, 0 or more at each edge, not {edges}. To add some, pad.")
        self.edges = edges

    def forward(self, x: Float[Tensor, "B C *sides"]) -> Float[Tensor, "B C ..."]:
        """A view: nothing is copied."""
        for axis, (before, after) in enumerate(self.edges, start=2):
            x = x.narrow(axis, before, cropped(x.shape[axis], before, after))
        return x

    def extra_repr(self) -> str:
        """The edges, where a model is printed."""
        return ", ".join(map(str, self.edges))


def cropped(size: int, before: int, after: int) -> int:
    """What is left of a side.

    Raises:
        ConfigError: nothing is, with the sum that says so.
    """
    if size - before - after < 1:
        raise ConfigError(f"Crop: {size} - {before} - {after} = {size - before - after}. Crop fewer pixels.")
    return size - before - after
