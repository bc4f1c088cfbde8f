"""Pictures drawn with matplotlib: what notebooks and files show. The pages draw by themselves."""

import io
from collections.abc import Mapping, Sequence
from functools import singledispatch
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from glia.errors import ConfigError
from glia.pictures import Bars, Curve, Images, Matrix, Picture, Points, Regions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000")
IMAGE_INCHES = 2.6  # width of one of several pictures side by side
LETTERS_BELOW = 36  # of all names under a picture together, while they stand upright
TITLE_LETTERS, NARROW_TITLE_LETTERS = 60, 28  # in a line above one picture, and above one of several
LABEL_HEIGHT, LABEL_LETTERS = 0.2, 42  # under it: height in widths of a picture, letters in a line


def draw(picture: Picture) -> "Figure":
    """A picture as a matplotlib figure.

    Raises:
        ConfigError: matplotlib is not installed, or this kind of picture is drawn by the pages only.
    """
    return draw_all([picture])


def draw_all(
    pictures: Sequence[Picture], columns: int = 4, *, pixels: "Mapping[str, NDArray[Any]] | None" = None
) -> "Figure":
    """Pictures in rows of `columns` as one matplotlib figure.

    Args:
        pictures: what is drawn.
        columns: how many stand side by side.
        pixels: the small pictures that `Images` among them name, H W or H W C.

    Raises:
        ConfigError: matplotlib is not installed, or one of them is drawn by the pages only.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("Drawing needs matplotlib: pip install 'glia[plots]'.") from None

    class Drawn(Figure):
        """A figure that notebooks show without pyplot."""

        def _repr_png_(self) -> bytes:
            buffer = io.BytesIO()
            self.savefig(buffer, format="png", dpi=110)
            return buffer.getvalue()

    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    size = (6, 4) if len(pictures) == 1 else (3.2 * columns, 2.4 * rows)
    figure = Drawn(figsize=size, layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for picture, axes in zip(pictures, grid, strict=False):
        axes.set_prop_cycle(color=OKABE_ITO)
        axes.set_title(fill(picture.title, TITLE_LETTERS if len(pictures) == 1 else NARROW_TITLE_LETTERS))
        if isinstance(picture, Images) and pixels is not None:
            size = _draw_images(picture, pixels, axes)
            if len(pictures) == 1:
                figure.set_size_inches(size)
        else:
            _draw(picture, axes)
    for axes in grid[len(pictures) :]:
        axes.remove()
    return figure


def _draw_images(picture: Images, pixels: "Mapping[str, NDArray[Any]]", axes: "Axes") -> tuple[float, float]:
    """Side by side, each 1 wide, its label under it; the size of the whole, inches."""
    columns = min(len(picture.images), 3)
    top = 0.0
    for first in range(0, len(picture.images), columns):
        names = picture.images[first : first + columns]
        tallest = max(pixels[name].shape[0] / pixels[name].shape[1] for name in names)
        for column, name in enumerate(names):
            high = pixels[name].shape[0] / pixels[name].shape[1]
            axes.imshow(
                pixels[name],
                extent=(1.1 * column, 1.1 * column + 1, top + high, top),
                cmap="gray",
                vmin=0,
                vmax=255,
                interpolation="nearest",
            )
            label = fill(picture.labels[first + column] if picture.labels else name, LABEL_LETTERS)
            axes.text(1.1 * column, top + high + 0.02, label, va="top", fontsize=7)
        top += tallest + LABEL_HEIGHT
    axes.set(xlim=(0, 1.1 * columns - 0.1), ylim=(top, 0))
    axes.axis("off")
    return IMAGE_INCHES * (1.1 * columns - 0.1), IMAGE_INCHES * top + 0.4


@singledispatch
def _draw(picture: Any, axes: "Axes") -> None:
    raise ConfigError(f"A {type(picture).__name__} is drawn by the pages only: glia serve.")


@_draw.register(Curve)
def _(picture: Curve, axes: "Axes") -> None:
    for name, xs, ys in picture.lines:
        axes.plot(xs, ys, label=name, marker="." if len(xs) < 30 else "")
    for name, xs, ys in picture.dots:
        axes.scatter(xs, ys, s=9, alpha=0.6, label=name)
    for name, xs, lows, highs in picture.bands:
        axes.fill_between(xs, lows, highs, alpha=0.2, linewidth=0, label=name)
    axes.set(xlabel=picture.x, ylabel=picture.y)
    if picture.lines:
        axes.legend(frameon=False)


@_draw.register(Points)
def _(picture: Points, axes: "Axes") -> None:
    for name, xs, ys in picture.groups:
        axes.scatter(xs, ys, s=9, alpha=0.6, label=name)
    if picture.diagonal:
        start = min(min(xs) for _, xs, _ in picture.groups)
        axes.axline((start, start), slope=1, color="0.6", linewidth=1)
    if picture.columns:
        _name_columns(picture.columns, axes)
        axes.set_xlim(-0.5, len(picture.columns) - 0.5)
    axes.set(xlabel=picture.x, ylabel=picture.y)
    if len(picture.groups) > 1:
        axes.legend(frameon=False)


@_draw.register(Regions)
def _(picture: Regions, axes: "Axes") -> None:
    from matplotlib.colors import ListedColormap

    colours = [OKABE_ITO[number % len(OKABE_ITO)] for number in range(len(picture.classes))]
    shown: dict[str, Any] = {"cmap": ListedColormap(colours), "vmin": -0.5, "vmax": len(colours) - 0.5}
    axes.pcolormesh(picture.xs, picture.ys, picture.cells, shading="nearest", alpha=0.3, **shown)
    for colour, (name, xs, ys) in zip(colours, picture.groups, strict=False):
        axes.scatter(xs, ys, s=9, color=colour, edgecolors="white", linewidths=0.3, label=name)
    axes.set(xlabel=picture.x, ylabel=picture.y)
    if picture.groups:
        axes.legend(frameon=False, fontsize=7)


@_draw.register(Bars)
def _(picture: Bars, axes: "Axes") -> None:
    spread = None
    if picture.intervals:
        pairs = list(zip(picture.values, picture.intervals, strict=True))
        spread = [[value - low for value, (low, _) in pairs], [high - value for value, (_, high) in pairs]]
    axes.bar(range(len(picture.labels)), picture.values, yerr=spread)
    _name_columns(picture.labels, axes)
    axes.set(xlabel=picture.x, ylabel=picture.y)


def _name_columns(names: Sequence[str], axes: "Axes") -> None:
    """A name at each of 0, 1, 2 … along x, turned where they would not fit."""
    wide = len(names) > 8 or sum(map(len, names)) > LETTERS_BELOW
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if wide else {}
    axes.set_xticks(range(len(names)), names, **turned)


@_draw.register(Matrix)
def _(picture: Matrix, axes: "Axes") -> None:
    shown = axes.imshow(picture.values, cmap="Blues", aspect="equal" if picture.counts else "auto")
    if not picture.counts:
        shown.axes.figure.colorbar(shown)
    axes.set_xticks(range(len(picture.columns)), picture.columns, rotation=45 if len(picture.columns) > 8 else 0)
    axes.set_yticks(range(len(picture.rows)), picture.rows)
    axes.set(xlabel=picture.x, ylabel=picture.y)
    if len(picture.rows) <= 20 and picture.counts:
        most = max(max(row) for row in picture.values)
        for row, values in enumerate(picture.values):
            for column, value in enumerate(values):
                colour = "white" if value > most / 2 else "black"
                axes.text(column, row, f"{value:g}", ha="center", va="center", color=colour, fontsize=8)


def save_drawing(figure: "Figure", path: Path) -> None:
    """Write a figure into a file of the kind that its ending names.

    Raises:
        ConfigError: no such kind, or the file cannot be written.
    """
    try:
        figure.savefig(path, dpi=110)
    except ValueError as error:
        raise ConfigError(f"'{path}' cannot be drawn: {error}. Use an ending such as .png, .svg or .pdf.") from None
    except OSError as error:
        raise ConfigError(f"'{path}' cannot be written: {error.strerror}.") from None
