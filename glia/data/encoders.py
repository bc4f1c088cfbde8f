"""How one column becomes numbers for a network: fitted on training rows, frozen, and written as JSON.

Each encoder accepts the column as a user gives it later, or says why it cannot.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from glia.data import images
from glia.data.columns import Arrays, Categories, Column, Label, Numbers, Pictures, Times
from glia.data.written_numbers import Written, are_numbers, ways_of
from glia.errors import DataError

MOST_CATEGORIES = 100  # of one column that get a feature each
MOST_EXACT = 2**53  # integers beyond lose their last digits as float64
MOST_PICTURES = 10_000  # that mean and deviation are taken of
PICTURES_AT_ONCE = 1024

Floats: TypeAlias = tuple[float, ...]


@final
@dataclass(frozen=True)
class NumberEncoder:
    """Numbers or times: minus the mean, by the deviation; gaps become 0 and, if training had some, a feature."""

    kind: ClassVar[str] = "numbers"
    name: str
    mean: float
    std: float
    gaps: bool  # training had gaps: a second feature says where
    times: bool = False
    origin: int = 0  # subtracted from integers while they are such, where float64 could not tell them apart
    decimal: str = ""  # what stood before decimals in the text of training; "" where nothing told

    @classmethod
    def fit(cls, name: str, column: Numbers | Times, weights: NDArray[Any] | None = None) -> "NumberEncoder":
        """Mean and deviation of what is there, each number counting as much as its weight."""
        origin = origin_of(column)
        values = floats_of(column, origin)
        there = np.isfinite(values)
        mean, std = _moments(values[there], None if weights is None else weights[there])
        decimal = column.decimal if isinstance(column, Numbers) else ""
        return cls(name, float(mean), float(std), not there.all(), isinstance(column, Times), origin, decimal)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the numbers it makes."""
        return (self.name, f"{self.name} is missing") if self.gaps else (self.name,)

    def accept(self, column: Column) -> Numbers | Times:
        """The column as numbers or times; yes and no are 1 and 0, and text may be numbers as they were written."""
        if isinstance(column, Times if self.times else Numbers):
            return column
        written = self.written(column)
        if written is not None and isinstance(column, Categories):
            return Numbers(np.append(written.values.astype(np.float64), np.nan)[column.codes])
        if isinstance(column, Categories) and self.times and column.gaps.all():
            return Times(np.full(len(column), np.datetime64("NaT"), "M8[us]"))
        values = [column.item(row) for row in range(len(column))] if isinstance(column, Categories) else [""]
        if all(value is None or isinstance(value, bool) for value in values) and not self.times:
            return Numbers(np.array([np.nan if value is None else float(value) for value in values]))
        raise _unfit(self.name, column, "dates such as 2024-05-31" if self.times else "numbers")

    def written(self, column: Column) -> Written | None:
        """The labels of a column of text as numbers, written as in training; None of what is no such text."""
        if not isinstance(column, Categories) or self.times or not all(isinstance(each, str) for each in column.labels):
            return None
        ways = ways_of([str(label) for label in column.labels], self.decimal)
        return ways[0] if len(ways) == 1 else None

    def encode(self, column: Column) -> NDArray[np.float32]:
        """(N, 1), or (N, 2) with gaps."""
        values = floats_of(self.accept(column), self.origin)
        there = np.isfinite(values)
        scaled = (np.where(there, values, self.mean) - self.mean) / self.std
        return np.stack([scaled, ~there] if self.gaps else [scaled], axis=1).astype(np.float32)


@final
@dataclass(frozen=True)
class CategoryEncoder:
    """One feature per category seen in training: 1 where it is, else 0.

    Gaps and rare categories share a last feature, if training had any to learn it from. What was never seen counts as
    such; without that feature it is 0 everywhere, for a weight that no sample trained would only add noise.
    """

    kind: ClassVar[str] = "categories"
    name: str
    labels: tuple[Label, ...]
    other: bool

    @classmethod
    def fit(cls, name: str, column: Categories) -> "CategoryEncoder":
        """The most frequent categories, in the order of the column's labels."""
        counts = np.bincount(column.codes[~column.gaps], minlength=len(column.labels))
        return cls.of_counts(name, column.labels, counts, gaps=bool(column.gaps.any()))

    @classmethod
    def of_counts(
        cls, name: str, labels: tuple[Label, ...], counts: NDArray[np.int64], *, gaps: bool
    ) -> "CategoryEncoder":
        """The same of labels that have been counted, and whether there are rows without."""
        frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_CATEGORIES])
        kept = tuple(labels[code] for code in frequent if counts[code])
        return cls(name, kept, bool(gaps or (counts > 0).sum() > len(kept)))

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the numbers it makes."""
        names = tuple(f"{self.name}={label}" for label in self.labels)
        return (*names, f"{self.name}=other") if self.other else names

    def accept(self, column: Column) -> Categories:
        """The column as categories; numbers count by their digits."""
        if isinstance(column, Categories):
            return column
        if isinstance(column, Numbers):
            values = [column.item(row) for row in range(len(column))]
            return Categories.of([None if value is None else _digits(value) for value in values])
        raise _unfit(self.name, column, f"categories such as {', '.join(map(repr, self.labels[:3]))}")

    def unseen(self, column: Column) -> list[str]:
        """Labels of the column that have no feature of their own."""
        known, accepted = {str(label) for label in self.labels}, self.accept(column)
        used = np.unique(accepted.codes[~accepted.gaps])
        return [str(accepted.labels[code]) for code in used if str(accepted.labels[code]) not in known]

    def encode(self, column: Column) -> NDArray[np.float32]:
        """(N, categories), one more with `other`."""
        accepted = self.accept(column)
        place = {str(label): position for position, label in enumerate(self.labels)}
        table = np.array([*(place.get(str(label), len(place)) for label in accepted.labels), len(place)])
        features = np.zeros((len(accepted), len(place) + 1), np.float32)
        features[np.arange(len(accepted)), table[accepted.codes]] = 1
        return features if self.other else features[:, :-1]


@final
@dataclass(frozen=True)
class ArrayEncoder:
    """Arrays minus the mean, by the deviation: of each place for vectors, of all values for more dimensions."""

    kind: ClassVar[str] = "arrays"
    name: str
    shape: tuple[int, ...]
    mean: Floats
    std: Floats

    @classmethod
    def fit(cls, name: str, column: Arrays, weights: NDArray[Any] | None = None) -> "ArrayEncoder":
        """Mean and deviation of what is finite, each array counting as much as its weight."""
        shape = column.array.shape[1:]
        places = column.array.reshape(len(column), -1).T if len(shape) == 1 else column.array.reshape(1, -1)
        if weights is not None:
            weights = np.repeat(weights, places.size // (len(places) * len(column)))
        moments = [
            _moments(place[there].astype(np.float64), None if weights is None else weights[there])
            for place, there in ((place, np.isfinite(place)) for place in places)
        ]
        return cls(name, shape, tuple(float(mean) for mean, _ in moments), tuple(float(std) for _, std in moments))

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the numbers it makes."""
        return tuple(f"{self.name}[{', '.join(map(str, place))}]" for place in np.ndindex(*self.shape))

    def accept(self, column: Column) -> Arrays:
        """The column as arrays of the same shape."""
        if isinstance(column, Arrays) and column.array.shape[1:] == self.shape:
            return column
        if isinstance(column, Pictures) and column.pixels.shape[1:] == self.shape:
            return Arrays(column.values())
        raise _unfit(self.name, column, f"arrays of the shape {self.shape}")

    def encode(self, column: Column) -> NDArray[np.float32]:
        """(N, *shape); what is not finite becomes 0."""
        values = self.accept(column).array.astype(np.float64)
        return np.where(np.isfinite(values), (values - self.mean) / self.std, 0.0).astype(np.float32)


@final
@dataclass(frozen=True)
class PictureEncoder:
    """Pictures brought to one size; kept as bytes, with the mean and deviation of each channel for later."""

    kind: ClassVar[str] = "pictures"
    name: str
    height: int
    width: int
    channels: int
    mean: Floats  # of each channel, white being 1
    std: Floats

    @classmethod
    def fit(cls, name: str, column: Pictures, size: tuple[int, int] | None) -> "PictureEncoder":
        """Mean and deviation over the pictures, or over evenly chosen ones of very many."""
        height, width = size or column.size[:2]
        channels = column.size[2]
        few = column.take(np.unique(np.linspace(0, len(column) - 1, min(len(column), MOST_PICTURES)).astype(np.int64)))
        counts = sum(_levels(images.fitted(part, height, width, channels)) for part in _parts(few))
        levels, total = np.arange(256) / 255, np.sum(counts, axis=1, keepdims=True)
        mean = (counts * levels).sum(axis=1, keepdims=True) / total
        std = np.sqrt((counts * (levels - mean) ** 2).sum(axis=1) / total[:, 0])
        return cls(
            name, height, width, channels, tuple(mean[:, 0].tolist()), tuple(np.where(std > 0, std, 1.0).tolist())
        )

    def accept(self, column: Column) -> Pictures:
        """The column as pictures of this size."""
        if isinstance(column, Pictures):
            return images.fitted(column, self.height, self.width, self.channels)
        raise _unfit(self.name, column, f"pictures of {self.height}x{self.width} pixels")

    def encode(self, column: Column) -> NDArray[np.uint8]:
        """(N, C, H, W), a view with the channels together in memory."""
        return self.accept(column).values().transpose(0, 3, 1, 2)


Encoder: TypeAlias = NumberEncoder | CategoryEncoder | ArrayEncoder | PictureEncoder
ENCODERS: dict[str, type[Encoder]] = {
    encoder.kind: encoder for encoder in (NumberEncoder, CategoryEncoder, ArrayEncoder, PictureEncoder)
}


def fit_encoder(
    name: str, column: Column, size: tuple[int, int] | None, weights: NDArray[Any] | None = None
) -> Encoder:
    """The encoder for a column of training samples; `size` (height, width) is that of pictures."""
    if isinstance(column, Numbers | Times):
        return NumberEncoder.fit(name, column, weights)
    if isinstance(column, Categories):
        return CategoryEncoder.fit(name, column)
    if isinstance(column, Pictures):
        return PictureEncoder.fit(name, column, size)
    if isinstance(column, Arrays):
        return ArrayEncoder.fit(name, column, weights)
    raise DataError(f"Column '{name}' holds {column.kind}, which cannot be learned from.")


def origin_of(column: Numbers | Times) -> int:
    """The smallest of integers that float64 cannot hold, if it holds their differences; else 0."""
    if isinstance(column, Times) or column.array.dtype.kind != "i" or not len(column):
        return 0
    return origin_between(int(column.array.min()), int(column.array.max()))


def origin_between(low: int, high: int) -> int:
    """The smaller of two integers, if float64 cannot hold them but their difference; else 0."""
    return low if max(-low, high) > MOST_EXACT > high - low else 0


def floats_of(column: Numbers | Times, origin: int) -> NDArray[np.float64]:
    """Minus the origin, exactly where float64 alone would not be."""
    values = column.floats()
    if not origin:
        return values
    rough = values - float(origin)
    if column.array.dtype.kind not in "iu":
        return rough
    near = np.abs(rough) < MOST_EXACT  # others might overflow, and need no last digit
    return np.where(near, np.where(near, column.array.astype(np.int64), origin) - origin, rough)


def _moments(values: NDArray[np.float64], weights: NDArray[Any] | None = None) -> tuple[Any, Any]:
    """Mean and deviation; a deviation that is none, or rounding, is 1, so that constants become 0."""
    if not len(values):
        return 0.0, 1.0
    unit = unit_of(float(np.abs(values).max()))
    values = values / unit if unit != 1.0 else values
    mean = np.average(values, weights=weights)
    std = np.sqrt(np.average((values - mean) ** 2, weights=weights))
    return mean * unit, unless_rounding(std * unit, mean * unit)


def unit_of(largest: float) -> float:
    """In what to count values so that float64 holds their squares: 1 but for the very large and the very small."""
    return 1.0 if 1e-100 < largest < 1e100 else math.ldexp(1.0, math.frexp(largest)[1] - 1)


def unless_rounding(std: Any, mean: Any) -> Any:
    """The deviation, or 1 where it is none, or rounding."""
    return std if std > 10 * np.finfo(np.float64).eps * abs(mean) else 1.0


def _levels(pictures: Pictures) -> NDArray[np.int64]:
    """How often each of the 256 levels occurs, (C, 256)."""
    pixels = pictures.values()
    return np.stack([np.bincount(pixels[..., c].ravel(), minlength=256) for c in range(pixels.shape[3])])


def _parts(pictures: Pictures) -> Iterator[Pictures]:
    for start in range(0, len(pictures), PICTURES_AT_ONCE):
        yield pictures.take(slice(start, start + PICTURES_AT_ONCE))


def _digits(value: float) -> str:
    """A number as a table writes it: gaps elsewhere in its column make 1 a 1.0."""
    return str(int(value)) if float(value).is_integer() else str(value)


def _unfit(name: str, column: Column, expected: str) -> DataError:
    if isinstance(column, Arrays | Pictures):
        shape = column.pixels.shape if isinstance(column, Pictures) else column.array.shape
        return DataError(f"Column '{name}' holds {column.kind} of the shape {tuple(shape[1:])}, expected {expected}.")
    there, where = np.flatnonzero(~column.gaps), ""
    if isinstance(column, Categories) and expected == "numbers":
        words = np.flatnonzero(~are_numbers([str(label) for label in column.labels]))
        odd = np.flatnonzero(np.isin(column.codes, words))
        there = odd if len(odd) else there
        where = f" in row {int(there[0]) + 1:,}" if len(there) else ""
    example = f" such as {column.item(int(there[0]))!r}{where}" if len(there) else ""
    return DataError(f"Column '{name}' holds {column.kind}{example}, expected {expected}.")
