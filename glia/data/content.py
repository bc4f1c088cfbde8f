"""What samples contain, as hashes: the version of a dataset, equal samples, and a place that follows from content.

Hashes are BLAKE3 over canonical values (`Column.words`): the same content gives the same hash from a CSV file, a
frame or an array, on every machine.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from glia.data.columns import Column, Words


def version_of(columns: Mapping[str, Column], official: NDArray[Any] | None = None) -> str:
    """64 hexadecimal digits over names, kinds, values and order; the first 16 are shown."""
    hasher = blake3(json.dumps([[name, column.kind, len(column)] for name, column in columns.items()]).encode())
    for column in columns.values():
        hasher.update(column.words.astype("<u8").tobytes())
    if official is not None:
        hasher.update(" ".join(official.tolist()).encode())
    return hasher.hexdigest()


def contents(columns: Sequence[Column]) -> Words:
    """One word per sample, equal for samples that are equal in all these columns."""
    if len(columns) == 1:
        return columns[0].words
    rows = np.stack([column.words.astype("<u8") for column in columns], axis=1)
    digests = b"".join([blake3(row.data).digest(8) for row in rows.view(np.uint8)])
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def places(groups: Words, seed: int, purpose: str) -> NDArray[np.float64]:
    """A place in [0, 1) for each sample, drawn from (seed, purpose, its group): equal groups stand together.

    A place depends on nothing else, least of all on the other samples, so it stays as samples are added.
    """
    distinct, inverse = np.unique(groups, return_inverse=True)
    start = f"{purpose} {seed} ".encode()
    digests = b"".join([blake3(start + group).digest(8) for group in _pieces(distinct)])
    whole = np.frombuffer(digests, "<u8").astype(np.uint64)
    # 53 bits, for a float64 must not round up to 1.
    return ((whole >> np.uint64(11)).astype(np.float64) * 2.0**-53)[inverse]


def _pieces(words: Words) -> list[bytes]:
    content = words.astype("<u8").tobytes()
    return [content[start : start + 8] for start in range(0, len(content), 8)]
