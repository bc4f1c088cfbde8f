"""A streamed dataset divided as `glia.data.splits` divides all others: the same samples on the same sides.

What that module does with all places and contents at once is done here in pieces, or, where samples are compared with
each other, for all those whose hashes begin alike. What concerns few samples is left to it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, final

import numpy as np
from numpy.typing import NDArray

from glia.data import content, splits
from glia.data.columns import Categories, Column, Numbers, Times, Words
from glia.data.splits import HELD_OUT, LEFT_OUT, TEST, TRAIN, VALIDATION, Division
from glia.data.streaming import Streaming
from glia.errors import DataError
from glia.recipe import Split

if TYPE_CHECKING:
    from glia.data.dataset import Dataset

MOST_COMPARED = 2**23  # hashes that are compared with each other at once
Part = NDArray[np.int8]
Regions = Mapping[int, tuple[float, float]]


def divide(dataset: "Dataset", streaming: Streaming, split: Split, seed: int) -> Division:
    """What `splits.divide` gives.

    Args:
        dataset: streamed.
        streaming: of it.
        split: shares, and what stays together.
        seed: of the split.

    Raises:
        DataError: an unknown column in `by`, or one of too many different texts.
    """
    if split.by in streaming.cut:
        raise DataError(
            f"data.split.by='{split.by}' has more different texts than are told apart in a table that is too large "
            "for memory. Number its groups."
        )
    part, shares, _ = splits.official(dataset, split)
    contents = dataset.contents(without=split.by)
    column, rule, said = splits.grouping(dataset, split.by) if shares else (None, "", [])
    if shares:
        if isinstance(column, Times) and not split.by:
            sides: _Sides = _Moments(dataset, column)
        else:
            places = streaming.scratch.array(len(dataset), np.float64)
            sides = _Hashes(dataset, _groups(contents, column), places, seed)
        said = [*said, *_carve(dataset, part, sides, shares)]
    if split.by:
        said += _leave_out_copies(part, contents, dataset)
    left = splits.nothing_left([code for code in sorted(shares) if not (part == code).any()])
    said += left or splits.odd_shares(part, {TRAIN: split.train, **shares}, rule)
    different = sum(_different(words) for _, words in _alike(contents, dataset))
    said += splits.few_contents(different, len(dataset))
    train, validation, test = (_positions(dataset, streaming, part, code) for code in (TRAIN, VALIDATION, TEST))
    division = Division(train, validation, test, rule or "without a split", tuple(said))
    target = dataset.columns.get(dataset.target)
    return without_unseen(division, dataset) if isinstance(target, Categories) else division


def without_unseen(division: Division, dataset: "Dataset") -> Division:
    """What `splits.without_unseen` gives for the target of a streamed dataset, if that is made of few values."""
    classes = classes_of(dataset)
    if classes is None:
        return division
    labels, codes = classes
    parts = [np.zeros(len(labels), bool) for _ in range(3)]
    for used, rows in zip(parts, (division.train, division.validation, division.test), strict=True):
        for piece in dataset.pieces_of(rows):
            used[codes(piece)] = True
    seen, judged = parts[0], parts[1] | parts[2]
    if not (judged & ~seen).any():
        return division
    names = np.asarray(labels).astype(str)
    return splits.only_seen(division, lambda rows: seen[codes(rows)], sorted(names[~seen].tolist()))


def classes_of(dataset: "Dataset", most: int = 10_000) -> tuple[list[Any], Callable[[Any], NDArray[Any]]] | None:
    """The values of the target in order, and a function from rows to the place of each one's; None of a quantity.

    Args:
        dataset: with its target.
        most: different numbers that still are classes.
    """
    target = dataset.columns.get(dataset.target)
    if isinstance(target, Categories):
        return list(target.labels), lambda rows: target.codes[rows]
    if not isinstance(target, Numbers):
        return None
    different = np.unique(target.array[:0])
    for part in dataset.pieces():
        different = np.union1d(different, target.array[part])
        if len(different) > most:
            return None
    return different.tolist(), lambda rows: np.searchsorted(different, target.array[rows])


def _groups(contents: Words, column: Column | None) -> Callable[[slice], Words]:
    """What must stay together, of any stretch of samples: equal contents, or equal values of a column."""
    if column is None:
        return lambda rows: contents[rows]
    words = content.words_of(column)
    return lambda rows: np.where(column.take(rows).gaps, contents[rows], words(rows))


class _Sides(Protocol):
    """What tells on which side a sample is."""

    def assign(self, part: Part, shares: Mapping[int, float], regions: Regions) -> None:
        """Write the part of each sample, where that is not train."""

    def keys(self, rows: slice) -> NDArray[Any]:
        """What the samples are divided by: equal keys stay together."""

    def places(self, keys: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The places of all keys there are, in order, that so many samples have."""


@final
class _Hashes:
    """By the hash of a sample's content, or of its group."""

    def __init__(
        self, dataset: "Dataset", groups: Callable[[slice], Words], places: NDArray[np.float64], seed: int
    ) -> None:
        self._dataset, self._places = dataset, places
        for part in dataset.pieces("dividing"):
            self._places[part] = content.places(groups(part), seed, "split")

    def assign(self, part: Part, shares: Mapping[int, float], regions: Regions) -> None:
        for rows in self._dataset.pieces():
            places = self._places[rows]
            for code in shares:
                low, high = regions[code]
                part[rows][(places >= low) & (places < high)] = code

    def keys(self, rows: slice) -> NDArray[Any]:
        return self._places[rows]

    def places(self, keys: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
        return keys


@final
class _Moments:
    """By time: the latest are tested on."""

    def __init__(self, dataset: "Dataset", column: Times) -> None:
        self._dataset = dataset
        self._moments: NDArray[np.int64] = column.array.view(np.int64)  # NaT is the smallest: it counts as the earliest

    def assign(self, part: Part, shares: Mapping[int, float], regions: Regions) -> None:
        borders = {code: (self._first_below(regions[code][1]), self._first_below(regions[code][0])) for code in shares}
        for rows in self._dataset.pieces():
            moments = self._moments[rows]
            for code, (first, end) in borders.items():
                part[rows][(moments >= first) & (moments < end)] = code

    def _first_below(self, place: float) -> int:
        """The earliest moment whose place is below this; a place falls as time goes on."""
        ends = [(int(self._moments[rows].min()), int(self._moments[rows].max())) for rows in self._dataset.pieces()]
        low, high = min(first for first, _ in ends), max(last for _, last in ends) + 1
        while low < high:
            middle = (low + high) // 2
            if self._place(middle) < place:
                high = middle
            else:
                low = middle + 1
        return low

    def _place(self, moment: int) -> float:
        before = here = 0
        for rows in self._dataset.pieces():
            moments = self._moments[rows]
            before += int((moments < moment).sum())
            here += int((moments == moment).sum())
        return 1.0 - (before + here - here / 2) / len(self._moments)

    def keys(self, rows: slice) -> NDArray[Any]:
        return self._moments[rows]

    def places(self, keys: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[np.float64]:
        return splits.places_of_moments(counts)


def _carve(dataset: "Dataset", part: Part, sides: _Sides, shares: Mapping[int, float]) -> list[str]:
    """Write the part of each sample; what is to be said."""
    regions = splits.regions_of(shares)
    sides.assign(part, shares, regions)
    classes = None if isinstance(sides, _Moments) else classes_of(dataset)
    if classes is not None and isinstance(dataset.columns[dataset.target], Numbers) and len(classes[0]) != 2:
        classes = None
    said = [] if classes is None else _seat_classes(dataset, part, sides, *classes)
    if not all((part == code).any() for code in regions):
        _fill_empty(dataset, part, sides, regions, (lambda rows: np.int32(0)) if classes is None else classes[1])
    return said


def _seat_classes(
    dataset: "Dataset", part: Part, sides: _Sides, labels: list[Any], codes: Callable[[Any], NDArray[Any]]
) -> list[str]:
    """Move the group nearest to the training part there, for each class that would be missing from it."""
    found, trained = np.zeros(len(labels), bool), np.zeros(len(labels), bool)
    for rows in dataset.pieces():
        here = codes(rows)
        found[here] = True
        trained[here[part[rows] == TRAIN]] = True
    moved = []
    for code in np.flatnonzero(found & ~trained):
        if trained[code]:
            continue
        highest = max(sides.keys(rows)[codes(rows) == code].max(initial=-1.0) for rows in dataset.pieces())
        for rows in dataset.pieces():
            chosen = sides.keys(rows) == highest
            part[rows][chosen] = TRAIN
            trained[codes(rows)[chosen]] = True
        moved.append(labels[code])
    return splits.seated(moved)


def _fill_empty(dataset: "Dataset", part: Part, sides: _Sides, regions: Regions, codes: Callable[[Any], Any]) -> None:
    """Give each empty part a group: there are few groups where a part is empty, so they are looked at together."""
    groups: dict[tuple[Any, int, int], int] = {}
    for rows in dataset.pieces():
        keys = sides.keys(rows)
        classes = np.broadcast_to(codes(rows), keys.shape)
        table = np.rec.fromarrays([keys, classes, part[rows]])
        different, counts = np.unique(table, return_counts=True)
        for group, count in zip(different.tolist(), counts.tolist(), strict=True):
            groups[group] = groups.get(group, 0) + count
    every = sorted(groups)
    keys, first, inverse = np.unique(np.array([key for key, _, _ in every]), return_index=True, return_inverse=True)
    counts = np.bincount(inverse, [groups[group] for group in every]).astype(np.int64)
    parts = np.array([code for _, _, code in every], np.int8)
    splits.fill_empty(
        parts, sides.places(keys, counts)[inverse], regions, np.array([code for _, code, _ in every], np.int32)
    )
    of_key = parts[first]
    for rows in dataset.pieces():
        part[rows] = of_key[np.searchsorted(keys, sides.keys(rows))]


def _leave_out_copies(part: Part, contents: Words, dataset: "Dataset") -> list[str]:
    said = []
    for code, held_out in HELD_OUT:
        copies, mine, different = list[NDArray[np.int64]](), 0, 0
        for rows, words in _alike(contents, dataset):
            parts = part[rows]
            own = parts == code
            mine += int(own.sum())
            different += _different(words[own])
            copies.append(rows[own & np.isin(words, words[np.isin(parts, held_out)])])
        found = sum(map(len, copies))
        if not found:
            continue
        leave, told = splits.about_copies(code, held_out, found, mine, different)
        said.append(told)
        for rows in copies if leave else []:
            part[rows] = LEFT_OUT
    return said


def _alike(contents: Words, dataset: "Dataset") -> Iterator[tuple[NDArray[np.int64], Words]]:
    """Rows whose hashes begin alike, and these, all together in so many parts that each can be compared with itself."""
    bits = max(0, -(-len(contents) // MOST_COMPARED) - 1).bit_length()
    for beginning in range(2**bits):
        rows, words = list[NDArray[np.int64]](), list[Words]()
        for part in dataset.pieces():
            here = contents[part]
            chosen = np.flatnonzero(here >> np.uint64(64 - bits) == beginning) if bits else np.arange(len(here))
            rows.append(part.start + chosen)
            words.append(here[chosen])
        yield np.concatenate(rows), np.concatenate(words)


def _different(words: Words) -> int:
    """How many of these words differ. They are sorted in place, which takes a tenth of the time of `np.unique`."""
    words.sort()
    return int((words[1:] != words[:-1]).sum()) + 1 if len(words) else 0


def _positions(dataset: "Dataset", streaming: Streaming, part: Part, code: int) -> NDArray[np.int64]:
    """Where the samples of a part are, on disk like what they are of."""
    places: NDArray[np.int64] = streaming.scratch.array(int((part == code).sum()), np.int64)
    end = 0
    for rows in dataset.pieces():
        found = rows.start + np.flatnonzero(part[rows] == code)
        places[end : end + len(found)] = found
        end += len(found)
    return places
