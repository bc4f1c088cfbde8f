"""The kinds of columns a dataset has: numbers, categories, times, arrays, pictures.

A column is a frozen sequence of values, one per sample. It knows nothing of tensors; what it does know is the
*canonical form* of its values: one 64-bit word per sample, equal for equal values whatever file or type they came
from, so that versions and splits follow content.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Protocol, Self, TypeAlias, final

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

Rows: TypeAlias = slice | NDArray[Any]  # positions, or a mask
Words: TypeAlias = NDArray[np.uint64]
Label: TypeAlias = str | bool | int


class Column(ABC):
    """Values of one kind, one per sample."""

    kind: ClassVar[str]

    @abstractmethod
    def __len__(self) -> int:
        """Samples."""

    @abstractmethod
    def take(self, rows: Rows) -> Self:
        """The same column of other samples."""

    @abstractmethod
    def values(self) -> NDArray[Any]:
        """All values as a user reads them, the first axis over samples."""

    @abstractmethod
    def item(self, row: int) -> Any:
        """One value as plain Python, None for a gap; arrays and pictures as NumPy arrays."""

    @property
    @abstractmethod
    def gaps(self) -> NDArray[np.bool_]:
        """Where no value is."""

    @property
    @abstractmethod
    def words(self) -> Words:
        """The canonical form: a word per sample, equal for equal values."""


@dataclass(frozen=True, eq=False)
class OneArray(Column):
    """A column that is one NumPy array, the first axis over samples."""

    array: NDArray[Any]

    def __len__(self) -> int:
        return len(self.array)

    def take(self, rows: Rows) -> Self:
        """The same column of other samples."""
        return replace(self, array=self.array[rows])

    def values(self) -> NDArray[Any]:
        """The array itself."""
        return self.array


@final
@dataclass(frozen=True, eq=False)
class Numbers(OneArray):
    """Integers or floats; a gap is NaN.

    Attributes:
        decimal: what stood before decimals in the text that these were read from; "" where nothing tells.
    """

    kind: ClassVar[str] = "numbers"
    decimal: str = ""

    def item(self, row: int) -> int | float | None:
        """An int or a float."""
        value: int | float = self.array[row].item()
        return None if value != value else value

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """Where NaN is."""
        return np.isnan(self.array) if self.array.dtype.kind == "f" else np.zeros(len(self), bool)

    @property
    def words(self) -> Words:
        """The bits of the number as float64, so that 1 and 1.0 are equal."""
        # Adding zero makes -0.0 and 0.0 equal; a NaN may carry any bits.
        words = np.where(self.gaps, np.nan, self.array.astype(np.float64) + 0.0).view(np.uint64)
        if self.array.dtype.kind == "f":
            return words
        integers = self.array.astype(np.int64)
        exact = (integers >= -(2**53)) & (integers <= 2**53)
        return np.where(exact, words, integers.view(np.uint64))

    def floats(self) -> NDArray[np.float64]:
        """The numbers as float64, NaN for a gap."""
        return self.array.astype(np.float64)


@final
@dataclass(frozen=True, eq=False)
class Times(OneArray):
    """Moments, in microseconds of UTC; a gap is NaT."""

    kind: ClassVar[str] = "times"

    def __post_init__(self) -> None:
        object.__setattr__(self, "array", self.array.astype("datetime64[us]", copy=False))

    def item(self, row: int) -> Any:
        """A datetime."""
        return self.array[row].item()

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """Where NaT is."""
        gaps: NDArray[np.bool_] = np.isnat(self.array)
        return gaps

    @property
    def words(self) -> Words:
        """The microseconds."""
        return np.ascontiguousarray(self.array).view(np.uint64)

    def floats(self) -> NDArray[np.float64]:
        """Seconds since 1970, NaN for a gap."""
        return np.where(self.gaps, np.nan, self.array.astype(np.int64) / 1e6)


@final
class Arrays(OneArray):
    """An array of one shape per sample, such as a window of a series or an embedding."""

    kind: ClassVar[str] = "arrays"

    def item(self, row: int) -> NDArray[Any]:
        """The array of one sample."""
        value: NDArray[Any] = self.array[row]
        return value

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """Nowhere."""
        return np.zeros(len(self), bool)

    @cached_property
    def words(self) -> Words:
        """A hash of each sample's bytes, type and shape."""
        array = self.array.astype(self.array.dtype.newbyteorder("<"), copy=False)
        return _row_words(array) ^ np.uint64(word(f"{array.dtype.str[1:]}{array.shape[1:]}".encode()))


@final
@dataclass(frozen=True, eq=False)
class Categories(Column):
    """One of few labels per sample, such as text or yes/no; a gap has the code -1."""

    kind: ClassVar[str] = "categories"
    codes: NDArray[np.int32]
    labels: tuple[Label, ...]

    @classmethod
    def of(cls, values: Sequence[Label | None] | NDArray[Any]) -> Self:
        """From labels themselves, None for a gap. Labels are kept in sorted order."""
        plain = values.tolist() if isinstance(values, np.ndarray) else list(values)
        labels = tuple(sorted({value for value in plain if value is not None}))
        place = {label: code for code, label in enumerate(labels)}
        codes = np.fromiter((-1 if value is None else place[value] for value in plain), np.int32, len(plain))
        return cls(codes, labels)

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Rows) -> Self:
        """The same column of other samples; labels stay, used or not."""
        return type(self)(self.codes[rows], self.labels)

    def values(self) -> NDArray[Any]:
        """Booleans and integers in their own type where there are no gaps, else objects with None for a gap."""
        table = np.empty(len(self.labels) + 1, object)
        table[:-1] = self.labels
        values = table[self.codes]
        if len(values) and not self.gaps.any():
            for plain in (bool, int):
                if all(type(label) is plain for label in self.labels):
                    return values.astype(plain)
        return values

    def item(self, row: int) -> Label | None:
        """A label."""
        code = self.codes[row]
        return None if code < 0 else self.labels[code]

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """Where no label is."""
        return self.codes < 0

    @property
    def words(self) -> Words:
        """A hash of each sample's label, whatever its code."""
        return self.label_words[self.codes]

    @property
    def label_words(self) -> Words:
        """The word of each label, and at the end that of a gap."""
        return np.array([*(word(f"{type(label).__name__}:{label}".encode()) for label in self.labels), 0], np.uint64)


class Pixels(Protocol):
    """uint8 pictures of one size, (N, H, W, C): a NumPy array, or files that are decoded when asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """N, H, W, C."""

    def __getitem__(self, rows: Any, /) -> Any:
        """The pictures of some samples."""

    def __array__(self, dtype: None = None, /, *, copy: bool | None = None) -> NDArray[Any]:
        """All of them, decoded."""


@final
@dataclass(frozen=True, eq=False)
class Pictures(Column):
    """Pictures of one size and 1 (grey) or 3 (red, green, blue) channels, 8 bits each."""

    kind: ClassVar[str] = "pictures"
    pixels: Pixels
    digests: Words | None = None  # by `picture_word` of each picture as it lies in its file, before any resizing
    paths: tuple[str, ...] = ()  # of the files they came from, if any

    def __len__(self) -> int:
        return self.pixels.shape[0]

    @property
    def size(self) -> tuple[int, int, int]:
        """Height, width, channels."""
        _, height, width, channels = self.pixels.shape
        return height, width, channels

    def take(self, rows: Rows) -> Self:
        """The same column of other samples; nothing is decoded for it."""
        paths = tuple(np.array(self.paths, object)[rows]) if self.paths else ()
        words = self.digests if self.digests is not None else self.__dict__.get("words")
        return type(self)(self.pixels[rows], None if words is None else words[rows], paths)

    def values(self) -> NDArray[Any]:
        """All pixels, decoded."""
        return np.asarray(self.pixels)

    def item(self, row: int) -> NDArray[Any]:
        """The pixels of one picture (H, W, C)."""
        value: NDArray[Any] = np.asarray(self.pixels[row : row + 1])[0]
        return value

    @property
    def gaps(self) -> NDArray[np.bool_]:
        """Nowhere."""
        return np.zeros(len(self), bool)

    @cached_property
    def words(self) -> Words:
        """`picture_word` of each picture."""
        if self.digests is not None:
            return self.digests
        _, height, width, channels = self.pixels.shape
        pixels = np.asarray(self.pixels)
        if channels == 1:
            return _row_words(pixels) ^ np.uint64(word(f"{height}x{width}x1".encode()))
        return np.fromiter((picture_word(picture) for picture in pixels), np.uint64, len(pixels))


def picture_word(pixels: NDArray[np.uint8]) -> int:
    """The canonical form of one picture (H, W, C). A colour picture that has no colour counts as grey."""
    if pixels.shape[2] == 3 and (pixels == pixels[:, :, :1]).all():
        pixels = pixels[:, :, :1]
    height, width, channels = pixels.shape
    return word(np.ascontiguousarray(pixels).data) ^ word(f"{height}x{width}x{channels}".encode())


def word(content: bytes | memoryview) -> int:
    """64 bits of the BLAKE3 hash of `content`."""
    return int.from_bytes(blake3(content).digest(8), "little")


def _row_words(array: NDArray[Any]) -> Words:
    rows = np.ascontiguousarray(array).reshape(len(array), math.prod(array.shape[1:]))
    digests = b"".join([blake3(row.data).digest(8) for row in rows.view(np.uint8)])
    return np.frombuffer(digests, "<u8").astype(np.uint64)
