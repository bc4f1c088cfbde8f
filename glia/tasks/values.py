"""The values of a target column, in whatever kind of array they come."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glia.errors import DataError

KINDS = "biufT"  # numpy's letters for booleans, whole numbers with and without sign, numbers, text
TEXT = np.dtypes.StringDType()  # each as long as it is: of one long text among many, others take no more room

MOST_EXACT = 2**53  # beyond, numbers in double precision are whole for want of digits


def plain(values: Any, target: str) -> NDArray[Any]:
    """(N,) the values as booleans, whole numbers, numbers or text; text if some are text.

    Raises:
        DataError: not one value per sample, gaps, or values of another kind.
    """
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"Column '{target}' has the shape {array.shape}: one number or label per sample is expected. "
            "Give an array of shape (samples,)."
        )
    if array.dtype.kind in "OT":
        array = _from_objects(array, target)
    if array.dtype.kind == "U":
        array = array.astype(TEXT)
    if array.dtype.kind not in KINDS:
        raise _of_another_kind(array.dtype.name, target)
    return array


def is_text(values: NDArray[Any]) -> bool:
    """Whether plain values are text."""
    return values.dtype.kind == "T"


def are_whole(values: NDArray[Any]) -> bool:
    """Whether plain values are numbers without fractions, such as 1 and 2.0."""
    if values.dtype.kind != "f":
        return values.dtype.kind in "iu"
    return bool(np.all((values == np.floor(values)) & (np.abs(values) < MOST_EXACT)))


def numbers(values: Any, target: str) -> NDArray[np.float64]:
    """(N,) the values as finite numbers.

    Raises:
        DataError: text, or values that are not finite.
    """
    array = plain(values, target)
    if is_text(array):
        word = next((text for text in array.tolist() if not _reads_as_number(text)), array[0])
        raise DataError(
            f"Column '{target}' holds text such as '{word}'; regression needs numbers. "
            "Use task=classification, or a column of numbers."
        )
    array = array.astype(np.float64)
    unusable = np.flatnonzero(~np.isfinite(array))
    if len(unusable):
        raise DataError(
            f"Column '{target}' has {len(unusable)} of {len(array)} values that are not finite numbers, first "
            f"{array[unusable[0]]} at sample {unusable[0]}. Correct them or leave these samples out."
        )
    return array


def _from_objects(array: NDArray[Any], target: str) -> NDArray[Any]:
    gaps = np.flatnonzero(pd.isna(array.astype(object)))
    if len(gaps):
        raise DataError(
            f"Column '{target}' has gaps in {len(gaps)} of {len(array)} samples, first in sample {gaps[0]}. "
            "Fill them or leave these samples out."
        )
    items = array.tolist()
    for item in items:
        if not isinstance(item, str | int | float | np.generic):
            raise _of_another_kind(type(item).__name__, target)
    return np.array(items, dtype=TEXT if any(isinstance(item, str) for item in items) else None)


def _of_another_kind(kind: str, target: str) -> DataError:
    return DataError(f"Column '{target}' holds values of type {kind}. Labels are text, numbers or booleans.")


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
