"""How large what comes out of a layer is, and layers that do not fit refused with the sum written out.

Letters    W side of the input, K of the kernel, P padding at each edge, S stride, D dilation (distance of the kernel's
           pixels), O side of the output, all in pixels. Each side of a sample is reckoned by itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import starmap

from glia.errors import ConfigError

Shape = tuple[int, ...]
"""Channels, then the sides: a length; height and width; or depth, height and width."""

Sides = int | tuple[int, ...]
"""One number for all sides, or one for each."""


def output_size(size: int, kernel: int, padding: int = 0, stride: int = 1, dilation: int = 1) -> int:
    """O = (W - D(K - 1) - 1 + 2P)/S + 1, rounded down: the side of what a convolution or pooling puts out.

    Without dilation, D = 1, that is (W - K + 2P)/S + 1.

    Example:
        >>> output_size(28, kernel=3)
        26
        >>> output_size(28, kernel=5, padding=2), output_size(28, kernel=2, stride=2)
        (28, 14)
        >>> output_size(28, kernel=3, dilation=4)
        20
    """
    return (size - span(kernel, dilation) + 2 * padding) // stride + 1


def transposed_size(
    size: int, kernel: int, padding: int = 0, stride: int = 1, dilation: int = 1, output_padding: int = 0
) -> int:
    """O = (W - 1)S - 2P + D(K - 1) + output_padding + 1: the side of what a transposed convolution puts out.

    Of all sides that a convolution brings to W it is the smallest, and `output_padding` more.

    Example:
        >>> transposed_size(13, kernel=3, stride=2)
        27
        >>> output_size(27, kernel=3, stride=2), output_size(28, kernel=3, stride=2)
        (13, 13)
    """
    return (size - 1) * stride - 2 * padding + span(kernel, dilation) + output_padding


def span(kernel: int, dilation: int = 1) -> int:
    """D(K - 1) + 1: how many pixels a kernel reaches over.

    Example:
        >>> span(3), span(3, dilation=2)
        (3, 5)
    """
    return dilation * (kernel - 1) + 1


def same_padding(size: int, kernel: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """The pixels before and after a side that make O = W/S, rounded up, as in Keras.

    They are max((O - 1)S + D(K - 1) + 1 - W, 0) together; the odd one goes after.

    Example:
        >>> same_padding(28, kernel=3), same_padding(28, kernel=3, stride=2)
        ((1, 1), (0, 1))
    """
    rounded_up = -(-size // stride)
    together = max((rounded_up - 1) * stride + span(kernel, dilation) - size, 0)
    return together // 2, together - together // 2


def per_side(given: Sides, dimensions: int, name: str) -> tuple[int, ...]:
    """One number for each of a sample's sides.

    Raises:
        ConfigError: neither one number nor as many as there are sides.

    Example:
        >>> per_side(3, 2, "kernel"), per_side((5, 1), 2, "kernel")
        ((3, 3), (5, 1))
    """
    if isinstance(given, int):
        return (given,) * dimensions
    if len(given) != dimensions:
        raise ConfigError(
            f"{name}={list(given)} is of length {len(given)}, and the samples have {dimensions} "
            f"side{'s' * (dimensions > 1)}. Give one number, or one for each side."
        )
    return given


@dataclass(frozen=True, kw_only=True)
class Window:
    """What slides over a sample's sides: a kernel, or a pooling's square."""

    kernel: Sides
    padding: Sides = 0
    stride: Sides = 1
    dilation: Sides = 1

    def along(self, dimensions: int) -> list[tuple[int, int, int, int]]:
        """(K, P, S, D) of each side."""
        fields = ("kernel", "padding", "stride", "dilation")
        return list(zip(*(per_side(getattr(self, name), dimensions, name) for name in fields), strict=True))


def slid(layer: str, sides: Sequence[int], window: Window, advice: str) -> tuple[int, ...]:
    """The sides of what comes out where `window` slides over `sides`.

    Args:
        layer: what errors call it, such as `Conv`.
        sides: of what comes in.
        window: the kernel and how it moves.
        advice: what to do where it does not fit.

    Raises:
        ConfigError: it does not fit, with the sum that says so.
    """
    along = window.along(len(sides))
    fitted = [output_size(side, *rest) for side, rest in zip(sides, along, strict=True)]
    if min(fitted) < 1:
        # Of the sides that do not fit the shortest is the clearest example.
        side, kernel, padding, stride, dilation = min(
            (side, *rest) for side, rest, out in zip(sides, along, fitted, strict=True) if out < 1
        )
        exact = (side - span(kernel, dilation) + 2 * padding) / stride + 1
        reach = f"{kernel}" if dilation == 1 else f"({dilation}*({kernel} - 1) + 1)"
        raise ConfigError(
            f"{layer} {written(k for k, *_ in along)} on {written(sides)}: "
            f"({side} - {reach} + 2*{padding})/{stride} + 1 = {exact:g}. {advice}"
        )
    return tuple(fitted)


def widened(layer: str, sides: Sequence[int], window: Window, output_padding: Sides, advice: str) -> tuple[int, ...]:
    """The sides of what comes out of a transposed convolution; arguments and errors are those of `slid`."""
    along = window.along(len(sides))
    more = per_side(output_padding, len(sides), "output_padding")
    rows = [(side, *rest, extra) for side, rest, extra in zip(sides, along, more, strict=True)]
    fitted = list(starmap(transposed_size, rows))
    if min(fitted) < 1:
        size, (side, kernel, padding, stride, dilation, extra) = min(zip(fitted, rows, strict=True))
        raise ConfigError(
            f"{layer} {written(k for k, *_ in along)} on {written(sides)}: ({side} - 1)*{stride} - 2*{padding} + "
            f"{dilation}*({kernel} - 1) + {extra} + 1 = {size}. {advice}"
        )
    return tuple(fitted)


def output_shape(shape: Shape, *, channels: int, kernel: int, padding: int = 0, stride: int = 1) -> Shape:
    """The shape that a convolution makes of `shape`.

    Raises:
        ConfigError: the kernel does not fit, with the sum that says so.
    """
    _, *sides = shape
    window = Window(kernel=kernel, padding=padding, stride=stride)
    return channels, *slid("Conv", sides, window, room_advice(sides, window))


def pooled_shape(shape: Shape, pool: int) -> Shape:
    """The shape that pooling squares of side `pool`, side by side, makes of `shape`.

    Raises:
        ConfigError: the square does not fit, with the sum that says so.
    """
    channels, *sides = shape
    advice = "Use fewer layers, pool=0 for none, or larger pictures."
    return channels, *slid("Max-pool", sides, Window(kernel=pool, stride=pool), advice)


def room_advice(sides: Sequence[int], window: Window) -> str:
    """What makes a kernel fit that does not: more padding, or fewer pixels."""
    along = window.along(len(sides))
    _, side, kernel, padding, dilation = max(
        (span(k, d) - side - 2 * p, side, k, p, d) for side, (k, p, _, d) in zip(sides, along, strict=True)
    )
    needed = -(-(span(kernel, dilation) - side) // 2)
    most = (side + 2 * padding - 1) // dilation + 1
    return f"Use padding={needed} or a kernel of at most {most}."


def written(sides: Iterable[int]) -> str:
    """Sides as they are read.

    Example:
        >>> written((28, 28)), written((100,))
        ('28x28', '100')
    """
    return "x".join(str(side) for side in sides)
