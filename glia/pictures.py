"""What is drawn, as plain values: the pages draw it with ECharts, notebooks and files with matplotlib.

A picture is a frozen dataclass of numbers and words; `to_dict` adds its `kind`, and `from_dict` reads it again.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from glia.errors import DataError

Row = tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Lines over a shared axis: `lines = (("train", xs, ys), ("validation", xs, ys))`.

    `bands` are areas between two lines, `(name, xs, lows, highs)`; `dots` points that no line joins, `(name, xs, ys)`.
    """

    title: str
    x: str
    y: str
    lines: tuple[tuple[str, Row, Row], ...]
    bands: tuple[tuple[str, Row, Row, Row], ...] = ()
    dots: tuple[tuple[str, Row, Row], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A table of numbers coloured by size, such as a confusion matrix: rows true, columns predicted.

    `counts`: a cell is coloured by its share of its row; else by where it lies between the least and the greatest.
    """

    title: str
    x: str
    y: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    values: tuple[Row, ...]
    counts: bool = True


@dataclass(frozen=True, kw_only=True)
class Bars:
    """One bar per label, perhaps with an interval `(low, high)` each."""

    title: str
    x: str
    y: str
    labels: tuple[str, ...]
    values: Row
    intervals: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Points:
    """A cloud of points in named groups; `diagonal` draws the line y = x.

    `columns`: x is no number but which of these names, from 0.
    """

    title: str
    x: str
    y: str
    groups: tuple[tuple[str, Row, Row], ...]
    diagonal: bool = False
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Regions:
    """The class predicted everywhere on a plane, and samples in the colours of their true classes on it.

    `cells[row][column]` is the number of the class at `(xs[column], ys[row])`, the middle of a cell; all cells are of
    one size. `groups` are the samples of each class.
    """

    title: str
    x: str
    y: str
    classes: tuple[str, ...]
    xs: Row
    ys: Row
    cells: tuple[tuple[int, ...], ...]
    groups: tuple[tuple[str, Row, Row], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Images:
    """Small pictures side by side: `images` names media files, `labels` stand under them."""

    title: str
    images: tuple[str, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Nodes and directed edges between them, by index."""

    title: str
    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]


Picture = Curve | Matrix | Bars | Points | Regions | Images | Graph
KINDS: dict[str, type[Any]] = {
    "curve": Curve,
    "matrix": Matrix,
    "bars": Bars,
    "points": Points,
    "regions": Regions,
    "images": Images,
    "graph": Graph,
}


def to_dict(picture: Picture) -> dict[str, Any]:
    """The picture as plain values with its `kind`."""
    kind = next(name for name, cls in KINDS.items() if isinstance(picture, cls))
    return {"kind": kind, **asdict(picture)}


def from_dict(given: Mapping[str, Any]) -> Picture:
    """The inverse of `to_dict`; lists become tuples again.

    Raises:
        DataError: an unknown kind.
    """
    values = dict(given)
    kind = values.pop("kind", None)
    if kind not in KINDS:
        raise DataError(f"'{kind}' is not a kind of picture. There are: {', '.join(KINDS)}.")
    picture: Picture = KINDS[kind](**{key: _tuples(value) for key, value in values.items()})
    return picture


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value
