"""Picture files and folders of them, decoded with Pillow to 8-bit grey or colour of one size.

What is decoded: the orientation a camera noted is applied, transparency is laid on white, palettes and other colour
spaces become RGB, 16 bits become 8. A set is grey when all of its files are.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from glia.data.columns import Pictures, Pixels, picture_word
from glia.errors import DataError

T = TypeVar("T")

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
LARGEST_SIDE = 256  # pixels a side that a set is brought to unless told otherwise
IN_MEMORY_BYTES = 2**30  # pictures that take more are decoded when asked for
GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N")
SWAPPED_SIDES = (5, 6, 7, 8)  # EXIF orientations that turn by a quarter
ORIENTATION = 0x0112


@final
@dataclass(frozen=True)
class PictureFiles:
    """Files as one uint8 array (N, H, W, C) that is decoded when it is asked for."""

    paths: tuple[str, ...]
    height: int
    width: int
    channels: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """N, H, W, C."""
        return len(self.paths), self.height, self.width, self.channels

    def __getitem__(self, rows: Any) -> "PictureFiles":
        """The files of some samples, still not decoded."""
        paths = tuple(np.array(self.paths, object)[rows])
        return PictureFiles(paths, self.height, self.width, self.channels)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All of them, decoded."""
        out = np.empty(self.shape, np.uint8)
        read = _checked(partial(_read, size=(self.height, self.width), channels=self.channels), skip_bad=False)
        with _large_ones_allowed():
            for row, result in enumerate(_in_threads(read, self.paths)):
                if result is not None:
                    out[row] = result[1]
        return out if dtype is None else out.astype(dtype)


def read_pictures(
    paths: Sequence[Path],
    *,
    size: tuple[int, int] | None = None,
    channels: int = 0,
    skip_bad: bool = False,
    advice: str = "Replace it.",
) -> tuple[Pictures, NDArray[np.bool_], list[str]]:
    """Picture files as a column.

    Args:
        paths: in the order of the samples.
        size: height and width to bring them to; None: their own, or the median where they differ, at most 256 a side.
        channels: 1 or 3; 0: 1 if all are grey, else 3.
        skip_bad: leave out what cannot be read.
        advice: on what cannot be read.

    Returns:
        The pictures that could be read, which of the paths these are, and what was noticed.

    Raises:
        DataError: a file that is no picture or is cut off; the message has its path.
    """
    with _large_ones_allowed():
        heads = list(_in_threads(_checked(_head, skip_bad, advice), paths))
    known = [head for head in heads if head is not None]
    if not known:
        raise _none_readable(paths)
    said = list[str]()
    if size is None:
        size, said = _common_size(np.array([(head.height, head.width) for head in known]))
    if not channels:
        grey = sum(head.grey for head in known)
        channels = 1 if grey == len(known) else 3
        if 0 < grey < len(known):
            said.append(f"{grey:,} of {len(known):,} pictures are grey: they were read as colour, as the others are.")
    good = np.array([head is not None for head in heads])
    readable = [path for path, head in zip(paths, heads, strict=True) if head is not None]
    read = _checked(partial(_read, size=size, channels=channels), skip_bad, advice)
    with _large_ones_allowed():
        pictures, good[good] = _read_all(readable, (*size, channels), read)
    if not good.all():
        said.append(f"{(~good).sum():,} of {len(good):,} picture files could not be read and were left out.")
    return pictures, good, said


def fitted(pictures: Pictures, height: int, width: int, channels: int) -> Pictures:
    """The same pictures in another size, with another number of channels."""
    if pictures.size == (height, width, channels):
        return pictures
    if pictures.paths:  # from the original, as prediction does it, not from what was resized before
        pixels: Any = PictureFiles(pictures.paths, height, width, channels)
    else:
        pixels = np.empty((len(pictures), height, width, channels), np.uint8)
        for row, picture in enumerate(np.asarray(pictures.pixels)):
            image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
            pixels[row] = _resized(image, (height, width), channels)
    return Pictures(pixels, pictures.digests, pictures.paths)


def pixels_of(image: Image.Image) -> NDArray[np.uint8]:
    """A Pillow image as it is looked at: (H, W, 1) or (H, W, 3), 8 bits."""
    pixels = np.asarray(_plain(image))
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _read_all(
    paths: Sequence[Path], size: tuple[int, int, int], read: Callable[[Path], "tuple[int, NDArray[np.uint8]] | None"]
) -> tuple[Pictures, NDArray[np.bool_]]:
    """The pictures that are complete, and which of the paths these are."""
    shape = (len(paths), *size)
    kept = np.empty(shape, np.uint8) if np.prod(shape, dtype=np.int64) <= IN_MEMORY_BYTES else None
    complete, digests = np.ones(len(paths), bool), np.zeros(len(paths), np.uint64)
    for row, result in enumerate(_in_threads(read, paths)):
        if result is None:
            complete[row] = False
            continue
        digests[row], picture = result
        if kept is not None:
            kept[row] = picture
    if not complete.any():
        raise _none_readable(paths)
    if kept is not None and not complete.all():
        kept = kept[complete]
    names = tuple(str(path) for path, whole in zip(paths, complete, strict=True) if whole)
    pixels: Pixels = PictureFiles(names, *size) if kept is None else kept
    return Pictures(pixels, digests[complete], names), complete


@dataclass(frozen=True)
class _Head:
    """What a file's first bytes tell."""

    height: int
    width: int
    grey: bool


def _head(path: Path) -> _Head:
    with Image.open(path) as image:
        width, height = image.size
        if image.getexif().get(ORIENTATION) in SWAPPED_SIDES:
            width, height = height, width
        return _Head(height, width, image.mode in GREY_MODES)


def _read(path: Path, size: tuple[int, int], channels: int) -> tuple[int, NDArray[np.uint8]]:
    with Image.open(path) as image:
        plain = _plain(image)
    return picture_word(pixels_of(plain)), _resized(plain, size, channels)


def _plain(image: Image.Image) -> Image.Image:
    """Mode L or RGB, upright, on white."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.int64)
        return Image.fromarray((deep // 257).clip(0, 255).astype(np.uint8))  # 65535 becomes 255
    if image.mode == "F":
        raise ValueError("its pixels are floats, expected 8 or 16 bits")
    if image.mode in ("1", "L"):
        return image.convert("L")
    if image.has_transparency_data:
        grey = image.mode in GREY_MODES
        layer = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, layer).convert("L" if grey else "RGB")
    return image.convert("RGB")


def _resized(image: Image.Image, size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    image = image.convert("L" if channels == 1 else "RGB")
    height, width = size
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image).reshape(height, width, channels)


def _common_size(sizes: NDArray[Any]) -> tuple[tuple[int, int], list[str]]:
    """The size for pictures of these (height, width), and what is to be said of it."""
    different = np.unique(sizes, axis=0)
    height, width = (round(float(side)) for side in np.median(sizes, axis=0))
    scale = min(1.0, LARGEST_SIDE / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    if len(different) == 1 and scale == 1.0:
        return size, []
    of = f"{len(different)} sizes" if len(different) > 1 else f"{width}x{height} pixels"
    count = f"{len(sizes):,} pictures of {of} were" if len(sizes) > 1 else f"1 picture of {of} was"
    return size, [f"{count} resized to {size[1]}x{size[0]} (width x height)."]


def _checked(read: Callable[[Any], T], skip_bad: bool, advice: str = "Replace it.") -> Callable[[Any], T | None]:
    """`read` whose failure names the file, or is None."""

    def checked(path: Any) -> T | None:
        try:
            return read(path)
        # Pillow raises whatever a decoder stumbles over: OSError, SyntaxError, ValueError, struct.error, a bomb.
        except Exception as error:
            if skip_bad:
                return None
            reason = "it is not a picture" if isinstance(error, UnidentifiedImageError) else str(error)
            raise DataError(f"Picture '{path}' cannot be read: {reason.rstrip('.')}. {advice}") from None

    return checked


def _none_readable(paths: Sequence[Path]) -> DataError:
    return DataError(f"None of {len(paths):,} picture files can be read, '{paths[0]}' for one.")


@contextmanager
def _large_ones_allowed() -> Iterator[None]:
    """Without Pillow's warning of 90 megapixels; from twice as many on it refuses a picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def _in_threads(work: Callable[[Any], T], items: Sequence[Any]) -> Iterable[T]:
    """Results in order. Decoding releases the interpreter lock; few are under way at once, to bound the memory."""
    if len(items) < 8:
        yield from map(work, items)
        return
    workers = min(16, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(items), 64 * workers):
            yield from pool.map(work, items[start : start + 64 * workers])
