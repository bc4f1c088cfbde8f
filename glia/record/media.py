"""Pictures, sounds, texts, tables and histograms as the bytes that a run keeps.

Each function takes what users have (arrays of any library and device, frames, figures) and gives files that outlive
programs: PNG, WAV, text, JSON. What has the wrong shape is refused with a reason.
"""

import io
import json
import sys
import wave
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glia import pictures
from glia.errors import ConfigError
from glia.pictures import Matrix
from glia.tracking.log.records import plain

MOST_ROWS = 10_000
MOST_CELLS = 500_000
LONGEST_CELL = 1_000  # characters
LONGEST_TEXT = 1_000_000
MOST_CLASSES = 1_000
MOST_BINS = 1_000
HIGHEST_RATE = 768_000


@dataclass(frozen=True)
class Encoded:
    """A medium as it is kept."""

    data: bytes
    suffix: str
    kind: str
    note: str = ""  # what of it was not kept


def array_of(value: Any) -> NDArray[Any]:
    """Anything like an array, of any library and device, as numpy has it; types numpy lacks become float32."""
    if callable(getattr(value, "detach", None)):  # torch
        value = value.detach().cpu()
        if str(value.dtype).rpartition(".")[2].startswith(("bfloat", "float8")):
            value = value.float()
    return np.asarray(value)


def picture(drawn: pictures.Picture) -> Encoded:
    """A drawing of glia.pictures."""
    return Encoded(json.dumps(pictures.to_dict(drawn), default=float).encode(), ".json", "picture")


def image(array: Any) -> Encoded:
    """A picture as PNG: H W or H W C (1, 3 or 4 channels); uint8, integers from 0 to 255, floats from 0 to 1, or PIL's.

    Raises:
        ConfigError: another shape, or integers beyond 0 to 255.
    """
    from PIL import Image

    if isinstance(array, Image.Image):
        array = array if array.mode in ("L", "RGB", "RGBA") else array.convert("RGBA")
    pixels = array_of(array)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)) or 0 in pixels.shape:
        raise ConfigError(f"An image has the shape H W or H W C with 1, 3 or 4 channels, not {pixels.shape}.")
    if pixels.dtype.kind in "iu":
        if pixels.min() < 0 or pixels.max() > 255:
            raise ConfigError(
                f"The integers of an image go from 0 to 255; these go from {pixels.min()} to {pixels.max()}. "
                "Give floats from 0 to 1 instead."
            )
        pixels = pixels.astype(np.uint8)
    elif pixels.dtype.kind in "fb":
        pixels = (np.nan_to_num(pixels.astype(np.float64)).clip(0, 1) * 255).round().astype(np.uint8)
    else:
        raise ConfigError(f"An image is made of numbers, not of {pixels.dtype}.")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return Encoded(buffer.getvalue(), ".png", "image")


def audio(array: Any, rate: int) -> Encoded:
    """A sound as 16-bit WAV: N samples, or N C or C N with one or two channels; floats from -1 to 1, or int16.

    Raises:
        ConfigError: another shape or type, or a rate that is none.
    """
    sound = array_of(array)
    if sound.ndim == 2 and sound.shape[1] > 2 and sound.shape[0] in (1, 2):
        sound = sound.T
    if sound.ndim not in (1, 2) or (sound.ndim == 2 and sound.shape[1] not in (1, 2)) or sound.size == 0:
        raise ConfigError(f"A sound has the shape N, N C or C N with one or two channels, not {sound.shape}.")
    if isinstance(rate, bool) or int(rate) != rate or not 0 < rate <= HIGHEST_RATE:
        raise ConfigError(f"rate={rate} is not a number of samples a second, such as 16000 or 44100.")
    if sound.dtype.kind == "f":
        sound = (np.nan_to_num(sound.astype(np.float64)).clip(-1, 1) * 32767).round().astype(np.int16)
    elif sound.dtype != np.int16:
        raise ConfigError(f"The samples of a sound are floats from -1 to 1 or int16, not {sound.dtype}.")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1 if sound.ndim == 1 else sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(int(rate))
        file.writeframes(sound.astype("<i2").tobytes())
    return Encoded(buffer.getvalue(), ".wav", "audio")


def text(content: str) -> Encoded:
    """A text; of one longer than a million characters the beginning.

    Raises:
        ConfigError: not a text.
    """
    if not isinstance(content, str):
        raise ConfigError(f"A text is a str, not {type(content).__name__}: {str(content)[:60]!r}.")
    kept = content[:LONGEST_TEXT]
    note = f"of its {len(content):,} characters the first {LONGEST_TEXT:,} are kept" if kept != content else ""
    return Encoded(kept.encode(errors="replace"), ".txt", "text", note)


def table(content: Any) -> Encoded:
    """A pandas frame, a list of dicts or a dict of lists as JSON; of a long one the first 10,000 rows.

    Raises:
        ConfigError: something else, or columns of different lengths.
    """
    names, rows, total = _rows(content)
    most = min(MOST_ROWS, MOST_CELLS // max(1, len(names)))
    kept = [[_cell(value) for value in row] for row in islice(rows, most)]
    note = f"of its {total:,} rows the first {most:,} are kept" if total > most else ""
    said = {"columns": names, "rows": kept, "total": total}
    return Encoded(json.dumps(said, allow_nan=False, separators=(",", ":")).encode(), ".json", "table", note)


def figure(drawn: Any) -> Encoded:
    """A matplotlib figure (or axes, or pyplot) as PNG, or a drawing of glia.pictures.

    Raises:
        ConfigError: something else.
    """
    if isinstance(drawn, pictures.Picture):
        return picture(drawn)
    savefig = getattr(drawn, "savefig", None) or getattr(getattr(drawn, "figure", None), "savefig", None)
    if not callable(savefig):
        raise ConfigError(
            f"A figure is one of matplotlib or of glia.pictures, not {type(drawn).__module__}.{type(drawn).__name__}. "
            "Write it as a PNG and give its pixels to run.image, or keep its file: run.save_artifact(path)."
        )
    buffer = io.BytesIO()
    savefig(buffer, format="png", dpi=110)
    return Encoded(buffer.getvalue(), ".png", "image")


def histograms(counted: Mapping[str, Mapping[str, Any]]) -> Encoded:
    """Counts by name, as `binned` gives them, in one file."""
    return Encoded(json.dumps({"histograms": counted}, separators=(",", ":")).encode(), ".json", "histogram")


def binned(values: Any, bins: int = 64) -> dict[str, Any]:
    """How many of the values lie between each two edges; NaN and infinities are counted apart, as `other`.

    Raises:
        ConfigError: no numbers, or a count of bins that is none.
    """
    numbers = array_of(values).ravel()
    if numbers.dtype.kind not in "biuf" or numbers.size == 0:
        raise ConfigError(f"A histogram is made of numbers; these are {numbers.size} of type {numbers.dtype}.")
    if not 1 <= bins <= MOST_BINS:
        raise ConfigError(f"bins={bins} is not between 1 and {MOST_BINS}.")
    numbers = numbers.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    if len(finite):
        counts, edges = np.histogram(finite, bins=bins)
    else:
        counts, edges = np.zeros(1, np.int64), np.array([0.0, 1.0])
    return {"edges": edges.tolist(), "counts": counts.tolist(), "other": len(numbers) - len(finite)}


def counted(counts: Any, edges: Any) -> dict[str, Any]:
    """Counts that the user made: one between each two of the ascending edges.

    Raises:
        ConfigError: they do not fit together.
    """
    sizes, borders = (array_of(each).astype(np.float64) for each in (counts, edges))
    if sizes.ndim != 1 or borders.shape != (len(sizes) + 1,) or not 1 <= len(sizes) <= MOST_BINS:
        raise ConfigError(
            f"counts has the shape {sizes.shape} and edges {borders.shape}: "
            f"n counts, {MOST_BINS} at most, lie between n + 1 edges."
        )
    if not (np.isfinite(borders).all() and (np.diff(borders) > 0).all() and np.isfinite(sizes).all()):
        raise ConfigError("edges ascend, and counts and edges are finite numbers.")
    return {"edges": borders.tolist(), "counts": sizes.tolist(), "other": 0}


def confusion(truth: Any, prediction: Any, labels: Sequence[Any] | None = None) -> Matrix:
    """How often each class was taken for each.

    Args:
        truth: a class for each sample.
        prediction: likewise.
        labels: the classes in order, or the names of the classes 0, 1, 2 …; None: those that occur.

    Raises:
        ConfigError: the two do not fit together, or a class is not among the labels.
    """
    true, predicted = array_of(truth), array_of(prediction)
    if true.ndim != 1 or true.shape != predicted.shape or not len(true):
        raise ConfigError(
            f"truth has the shape {true.shape} and prediction {predicted.shape}: give one class for each sample; "
            "of scores, prediction.argmax(1)."
        )
    seen = sorted({*true.tolist(), *predicted.tolist()}, key=lambda each: (str(type(each)), each))
    names = seen if labels is None else list(labels)
    place = {label: index for index, label in enumerate(names)}
    if labels is not None and not all(each in place for each in seen):
        place = {index: index for index in range(len(names))}
    unknown = [each for each in seen if each not in place]
    if unknown:
        raise ConfigError(f"The class {unknown[0]!r} is not among the {len(names)} labels: {str(names)[:200]}.")
    if len(names) > MOST_CLASSES:
        raise ConfigError(
            f"A confusion matrix of {len(names):,} classes cannot be drawn; {MOST_CLASSES:,} is the most."
        )
    counts = np.zeros((len(names), len(names)))
    rows, columns = ([place[each] for each in side.tolist()] for side in (true, predicted))
    np.add.at(counts, (rows, columns), 1)
    shown = tuple(str(name) for name in names)
    values = tuple(tuple(row) for row in counts.tolist())
    return Matrix(title="Confusion matrix", x="predicted", y="true", columns=shown, rows=shown, values=values)


def _rows(content: Any) -> tuple[list[str], Iterable[Sequence[Any]], int]:
    if "pandas" in sys.modules and isinstance(content, sys.modules["pandas"].DataFrame):
        frame = content if type(content.index).__name__ == "RangeIndex" else content.reset_index()
        return [str(name) for name in frame.columns], frame.itertuples(index=False, name=None), len(frame)
    if isinstance(content, Mapping):
        columns = {str(name): list(values) for name, values in content.items()}
        lengths = {len(values) for values in columns.values()}
        if len(lengths) > 1:
            said = ", ".join(f"{name} {len(values)}" for name, values in columns.items())
            raise ConfigError(f"The columns of a table are of one length, and these are not: {said}.")
        return list(columns), zip(*columns.values(), strict=True), max(lengths, default=0)
    if isinstance(content, Sequence) and all(isinstance(row, Mapping) for row in content):
        names = list(dict.fromkeys(name for row in content for name in row))
        return [str(name) for name in names], ([row.get(name) for name in names] for row in content), len(content)
    raise ConfigError(
        f"A table is a pandas frame, a list of dicts or a dict of lists, not {type(content).__name__}: "
        f"{str(content)[:60]!r}."
    )


def _cell(value: Any) -> Any:
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    value = plain(value)
    if isinstance(value, list | dict):
        value = json.dumps(value)
    if isinstance(value, str) and len(value) > LONGEST_CELL:
        return value[:LONGEST_CELL] + "…"
    return value
