"""How large what comes out of a layer is, and layers that do not fit refused with the sum written out.

Letters    W side of the input, K of the kernel, P padding at each edge, S stride, O side of the output, all in pixels.
"""

from glia.errors import ConfigError

Shape = tuple[int, int, int]
"""Channels, height, width."""


def output_size(size: int, kernel: int, padding: int = 0, stride: int = 1) -> int:
    """O = (W - K + 2P)/S + 1, rounded down: the side of what a convolution or pooling puts out.

    Example:
        >>> output_size(28, kernel=3)
        26
        >>> output_size(28, kernel=5, padding=2), output_size(28, kernel=2, stride=2)
        (28, 14)
    """
    return (size - kernel + 2 * padding) // stride + 1


def output_shape(shape: Shape, *, channels: int, kernel: int, padding: int = 0, stride: int = 1) -> Shape:
    """The shape that a convolution makes of `shape`.

    Raises:
        ConfigError: the kernel does not fit, with the sum that says so.
    """
    _, *sides = shape
    advice = f"Use padding={-(-(kernel - min(sides)) // 2)} or a kernel of at most {min(sides) + 2 * padding}."
    height, width = _fit("Conv", sides, kernel=kernel, padding=padding, stride=stride, advice=advice)
    return channels, height, width


def pooled_shape(shape: Shape, pool: int) -> Shape:
    """The shape that pooling squares of side `pool`, side by side, makes of `shape`.

    Raises:
        ConfigError: the square does not fit, with the sum that says so.
    """
    channels, *sides = shape
    advice = "Use fewer layers, pool=0 for none, or larger pictures."
    height, width = _fit("Max-pool", sides, kernel=pool, padding=0, stride=pool, advice=advice)
    return channels, height, width


def _fit(layer: str, sides: list[int], *, kernel: int, padding: int, stride: int, advice: str) -> list[int]:
    fitted = [output_size(side, kernel, padding, stride) for side in sides]
    if min(fitted) < 1:
        side = min(sides)
        exact = (side - kernel + 2 * padding) / stride + 1
        raise ConfigError(
            f"{layer} {kernel}x{kernel} on {sides[0]}x{sides[1]}: "
            f"({side} - {kernel} + 2*{padding})/{stride} + 1 = {exact:g}. {advice}"
        )
    return fitted
