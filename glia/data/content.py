"""What samples contain, as hashes: the version of a dataset, equal samples, and a place that follows from content.

Hashes are BLAKE3 over canonical values (`Column.words`): the same content gives the same hash from a CSV file, a
frame or an array, on every machine.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from glia.data.columns import Categories, Column, Words


def version_of(
    columns: Mapping[str, Column],
    official: NDArray[Any] | None = None,
    pieces: Callable[[], Iterable[slice]] = lambda: (slice(None),),
) -> str:
    """64 hexadecimal digits over names, kinds, values and order; the first 16 are shown.

    Args:
        columns: name → column.
        official: the part of each sample that the dataset brings.
        pieces: the rows in stretches that are looked at one after the other.
    """
    hasher = blake3(json.dumps([[name, column.kind, len(column)] for name, column in columns.items()]).encode())
    for column in columns.values():
        words = words_of(column)
        for part in pieces():
            hasher.update(words(part).astype("<u8").tobytes())
    if official is not None:
        hasher.update(" ".join(official.tolist()).encode())
    return hasher.hexdigest()


def contents(columns: Sequence[Column], found: Words, pieces: Iterable[slice]) -> None:
    """Write one word per sample into `found`, equal for samples that are equal in all these columns."""
    readers = [words_of(column) for column in columns]
    for part in pieces:
        if len(readers) == 1:
            found[part] = readers[0](part)
            continue
        rows = np.stack([words(part).astype("<u8") for words in readers], axis=1)
        digests = b"".join([blake3(row.data).digest(8) for row in rows.view(np.uint8)])
        found[part] = np.frombuffer(digests, "<u8")


def words_of(column: Column) -> Callable[[slice], Words]:
    """The words of any stretch of a column; labels are hashed once for all of them."""
    if isinstance(column, Categories):
        table, codes = column.label_words, column.codes
        return lambda part: table[codes[part]]

    def words(part: slice) -> Words:
        # Asked for whole, a column remembers them: pictures would be decoded again.
        return column.words if part in (slice(None), slice(0, len(column))) else column.take(part).words

    return words


def places(groups: Words, seed: int, purpose: str) -> NDArray[np.float64]:
    """A place in [0, 1) for each sample, drawn from (seed, purpose, its group): equal groups stand together.

    A place depends on nothing else, least of all on the other samples, so it stays as samples are added.
    """
    distinct, inverse = np.unique(groups, return_inverse=True)
    start = f"{purpose} {seed} ".encode()
    digests = b"".join([blake3(start + group).digest(8) for group in _bytes_of(distinct)])
    whole = np.frombuffer(digests, "<u8").astype(np.uint64)
    # 53 bits, for a float64 must not round up to 1.
    return ((whole >> np.uint64(11)).astype(np.float64) * 2.0**-53)[inverse]


def _bytes_of(words: Words) -> list[bytes]:
    content = words.astype("<u8").tobytes()
    return [content[start : start + 8] for start in range(0, len(content), 8)]
