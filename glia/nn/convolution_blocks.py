"""Convolution, pooling, padding and what goes with them, as entries of a list of layers.

Each chooses one, two or three dimensions by what comes in, (channels, *sides), and reckons what comes out.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from torch import nn

from glia.errors import ConfigError
from glia.nn.building_blocks import Block, Built, sides_of
from glia.nn.conv_lstm import ConvLSTM, ConvLSTMCell
from glia.nn.convolution import Crop, SeparableConv, convolution, cropped
from glia.nn.pooling import SameAveragePool, SameMaxPool
from glia.nn.recurrent_outputs import Outputs
from glia.nn.shapes import Shape, Window, per_side, room_advice, slid, span, transposed_size, widened, written

Width = Annotated[int, Field(gt=0)]
Widths = Width | tuple[Width, ...]
"""One number for all sides, or one for each."""

Pixels = Annotated[int, Field(ge=0)]
Edges = Pixels | tuple[Pixels, ...]
Each = Pixels | tuple[Pixels | tuple[Pixels, Pixels], ...]
"""One number for all edges; or for each side one for both its edges, or one before and one after it."""

POOLS: dict[str, tuple[Any, Any, Any]] = {
    "max": (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d),
    "average": (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
}
NORMS = (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
MODES = {"linear": ("linear", "bilinear", "trilinear"), "cubic": (None, "bicubic", None)}


@dataclass(frozen=True)
class Conv:
    """Convolution; O = (W - D(K - 1) - 1 + 2P)/S + 1."""

    channels: Width  # filters
    kernel: Widths = 3  # side of the filters, pixels
    stride: Widths = 1  # pixels from one place of the filters to the next
    padding: Edges | Literal["same"] = "same"  # zeros at each edge, pixels; same: as many as make O = W/S, rounded up
    dilation: Widths = 1  # distance of a filter's pixels
    groups: Width = 1  # of channels that are read apart; as many as there are channels: each by its own filters
    bias: bool = True

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        sides = _slid("conv", shape, self)
        _divided("conv", shape[0], self.channels, self.groups)
        layer = convolution(
            len(sides),
            shape[0],
            self.channels,
            self.kernel,
            padding=self.padding,
            stride=self.stride,
            dilation=self.dilation,
            groups=self.groups,
            bias=self.bias,
        )
        return Built(layer, (self.channels, *sides))


@dataclass(frozen=True)
class SeparableConvolution:
    """A filter for each channel, then a mix of channels at each pixel; O as of a convolution."""

    channels: Width
    kernel: Widths = 3
    stride: Widths = 1
    padding: Edges | Literal["same"] = "same"
    dilation: Widths = 1
    multiplier: Width = 1  # filters for each channel
    bias: bool = True

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        sides = _slid("separable-conv", shape, self)
        layer = SeparableConv(
            shape[0],
            self.channels,
            self.kernel,
            dimensions=len(sides),
            multiplier=self.multiplier,
            padding=self.padding,
            stride=self.stride,
            dilation=self.dilation,
            bias=self.bias,
        )
        return Built(layer, (self.channels, *sides))


@dataclass(frozen=True)
class TransposedConv:
    """Convolution backwards, which widens: O = (W - 1)S - 2P + D(K - 1) + output_padding + 1."""

    channels: Width
    kernel: Widths = 3
    stride: Widths = 1
    padding: Edges | Literal["same"] = "same"  # pixels cut off at each edge; same: as many as make O = WS
    output_padding: Edges = 0  # pixels added after each side
    dilation: Widths = 1
    bias: bool = True

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        sides = sides_of(shape, "conv-transposed")
        kernel, stride, dilation = (
            per_side(getattr(self, name), len(sides), name) for name in ("kernel", "stride", "dilation")
        )
        padding, more, crops = self._edges(kernel, stride, dilation)
        window = Window(kernel=kernel, padding=padding, stride=stride, dilation=dilation)
        widened("conv-transposed", sides, window, more, "Use less padding.")
        self._check(more, stride, dilation)
        make: Any = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)[len(sides) - 1]
        layer: nn.Module = make(
            shape[0],
            self.channels,
            kernel,
            stride=stride,
            padding=padding,
            output_padding=more,
            dilation=dilation,
            bias=self.bias,
        )
        if any(crops):
            layer = nn.Sequential(layer, Crop(*((0, crop) for crop in crops)))
        made = zip(sides, kernel, padding, stride, dilation, more, strict=True)
        out = (transposed_size(*each) - crop for each, crop in zip(made, crops, strict=True))
        return Built(layer, (self.channels, *out))

    def _edges(
        self, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Padding, output padding, and what is left to crop after each side: torch pads both edges alike."""
        if self.padding != "same":
            more = per_side(self.output_padding, len(kernel), "output_padding")
            return per_side(self.padding, len(kernel), "padding"), more, (0,) * len(kernel)
        if self.output_padding != 0:
            raise ConfigError(
                f"padding=same says how large the output is, and so does output_padding={self.output_padding}. "
                "Leave one of them out."
            )
        surplus = [span(k, d) - s for k, s, d in zip(kernel, stride, dilation, strict=True)]
        return (
            tuple(max(each, 0) // 2 for each in surplus),
            tuple(max(-each, 0) for each in surplus),
            tuple(max(each, 0) % 2 for each in surplus),
        )

    @staticmethod
    def _check(more: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> None:
        for each, s, d in zip(more, stride, dilation, strict=True):
            if each >= max(s, d):
                raise ConfigError(
                    f"output_padding={each} must be smaller than stride={s} or dilation={d}: more would be filled "
                    "with nothing but the bias. Use a larger stride, or pad."
                )


@dataclass(frozen=True)
class ConvolutionalLSTM:
    """ConvLSTM over samples of shape (steps, channels, *sides)."""

    channels: Width
    kernel: Widths = 3
    stride: Widths = 1
    padding: Edges | Literal["same"] = "same"
    returns: Literal["last", "all"] = "last"  # what is handed on: (channels, *sides), or (steps, channels, *sides)
    gate: Literal["sigmoid", "hard-sigmoid"] = "sigmoid"
    peepholes: bool = False  # whether the gates see the cell

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        if not 3 <= len(shape) <= 5:
            raise ConfigError(
                f"conv-lstm reads samples of shape (steps, channels, *sides) with one to three sides, and what comes "
                f"in has shape {shape}."
            )
        steps, *frame = shape
        sides = _slid("conv-lstm", tuple(frame), self)
        cell = ConvLSTMCell(
            frame[0],
            self.channels,
            self.kernel,
            dimensions=len(sides),
            padding=self.padding,
            stride=self.stride,
            gate=self.gate,
            peepholes=sides if self.peepholes else None,
        )
        outputs = (self.channels, *sides)
        return Built(
            nn.Sequential(ConvLSTM(cell), Outputs(self.returns)),
            outputs if self.returns == "last" else (steps, *outputs),
            initialised=True,
        )


@dataclass(frozen=True)
class MaxPool:
    """The largest value of each window; O = (W - K + 2P)/S + 1."""

    kernel: Widths = 2  # side of the windows, pixels
    stride: Widths | None = None  # side by side if left out
    padding: Edges | Literal["same"] = 0  # pixels at each edge; same: as many as make O = W/S, rounded up

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        return _pooled("max", shape, self)


@dataclass(frozen=True)
class AveragePool:
    """The mean of each window, over those of its pixels that are there; O = (W - K + 2P)/S + 1."""

    kernel: Widths = 2
    stride: Widths | None = None
    padding: Edges | Literal["same"] = 0

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        return _pooled("average", shape, self)


@dataclass(frozen=True)
class GlobalAveragePool:
    """The mean of each channel, whatever its sides."""

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out: the channels alone."""
        sides = sides_of(shape, "global-average-pool")
        pool = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)[len(sides) - 1]
        return Built(nn.Sequential(pool(1), nn.Flatten()), shape[:1])


@dataclass(frozen=True)
class Upsample:
    """Larger by whole factors: each pixel repeated, or values between pixels."""

    factor: Widths = 2
    mode: Literal["nearest", "linear", "cubic"] = "nearest"  # cubic: pictures only

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        sides = sides_of(shape, "upsample")
        factors = per_side(self.factor, len(sides), "factor")
        mode = "nearest" if self.mode == "nearest" else MODES[self.mode][len(sides) - 1]
        if mode is None:
            raise ConfigError(f"mode=cubic needs pictures, and the samples have the shape {shape}. Use mode=linear.")
        layer = nn.Upsample(scale_factor=tuple(map(float, factors)), mode=mode)
        return Built(layer, (shape[0], *(side * by for side, by in zip(sides, factors, strict=True))))


@dataclass(frozen=True)
class Pad:
    """Zeros around each side."""

    pixels: Each = 1

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        sides = sides_of(shape, "pad")
        edges = _edges(self.pixels, len(sides))
        make: Any = (nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d)[len(sides) - 1]
        flat = tuple(pixels for pair in reversed(edges) for pixels in pair)  # torch counts sides from the last
        return Built(make(flat), (shape[0], *(side + sum(pair) for side, pair in zip(sides, edges, strict=True))))


@dataclass(frozen=True)
class Cropping:
    """Pixels cut off at the edges."""

    pixels: Each = 1

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that comes out."""
        sides = sides_of(shape, "crop")
        edges = _edges(self.pixels, len(sides))
        return Built(Crop(*edges), (shape[0], *(cropped(side, *pair) for side, pair in zip(sides, edges, strict=True))))


@dataclass(frozen=True)
class BatchNorm:
    """Each channel minus its mean, by its deviation (Ioffe & Szegedy, 2015); then a learned scale and shift."""

    momentum: Annotated[float, Field(gt=0, le=1)] = 0.1  # share of a batch in the running mean and variance
    epsilon: Annotated[float, Field(gt=0)] = 1e-5  # added to the variance

    def build(self, shape: Shape) -> Built:
        """The layer, and the shape that came in."""
        sides = () if len(shape) == 1 else sides_of(shape, "batch-norm")
        make = NORMS[len(sides)]
        return Built(make(shape[0], eps=self.epsilon, momentum=self.momentum), shape)


BLOCKS: dict[str, type[Block]] = {
    "conv": Conv,
    "conv-transposed": TransposedConv,
    "separable-conv": SeparableConvolution,
    "conv-lstm": ConvolutionalLSTM,
    "max-pool": MaxPool,
    "average-pool": AveragePool,
    "global-average-pool": GlobalAveragePool,
    "upsample": Upsample,
    "pad": Pad,
    "crop": Cropping,
    "batch-norm": BatchNorm,
}
"""Name → block."""


def _slid(name: str, shape: Shape, block: Any) -> tuple[int, ...]:
    """The sides that a block's window makes of `shape`."""
    sides = sides_of(shape, name)
    stride = block.kernel if block.stride is None else block.stride
    if block.padding == "same":
        steps = per_side(stride, len(sides), "stride")
        per_side(block.kernel, len(sides), "kernel")
        return tuple(-(-side // step) for side, step in zip(sides, steps, strict=True))
    window = Window(kernel=block.kernel, padding=block.padding, stride=stride, dilation=getattr(block, "dilation", 1))
    return slid(name, sides, window, room_advice(sides, window))


def _divided(name: str, reads: int, channels: int, groups: int) -> None:
    for number, what in ((reads, "read"), (channels, "put out")):
        if number % groups:
            raise ConfigError(
                f"{name}: {number} channels {what} cannot be divided into groups={groups}: "
                f"{number}/{groups} = {number / groups:g}."
            )


def _pooled(kind: Literal["max", "average"], shape: Shape, block: MaxPool | AveragePool) -> Built:
    sides = _slid(f"{kind}-pool", shape, block)
    kernel = per_side(block.kernel, len(sides), "kernel")
    stride = None if block.stride is None else per_side(block.stride, len(sides), "stride")
    if block.padding == "same":
        same = SameMaxPool if kind == "max" else SameAveragePool
        return Built(same(kernel, stride), (shape[0], *sides))
    padding = per_side(block.padding, len(sides), "padding")
    if any(2 * edge > side for edge, side in zip(padding, kernel, strict=True)):
        raise ConfigError(
            f"{kind}-pool {written(kernel)} with padding={block.padding}: windows would lie wholly outside. "
            f"Use at most {min(kernel) // 2}."
        )
    if kind == "average" and len(kernel) == 3 and any(k > side for k, side in zip(kernel, shape[1:], strict=True)):
        raise ConfigError(
            f"average-pool {written(kernel)} on {written(shape[1:])}: in three dimensions windows larger than a side "
            f"need padding=same. Use that, or a kernel of at most {min(shape[1:])}."
        )
    more = {} if kind == "max" else {"count_include_pad": False}
    return Built(POOLS[kind][len(sides) - 1](kernel, stride, padding, **more), (shape[0], *sides))


def _edges(given: Each, dimensions: int) -> tuple[tuple[int, int], ...]:
    """The pixels before and after each side."""
    if isinstance(given, int):
        return ((given, given),) * dimensions
    if len(given) != dimensions:
        raise ConfigError(
            f"{list(given)} is of length {len(given)}, and the samples have {dimensions} side{'s' * (dimensions > 1)}. "
            "Give one number, or for each side a number or a pair [before, after]."
        )
    return tuple((each, each) if isinstance(each, int) else each for each in given)
