"""Dividing samples into train, validation and test, so that what is measured has not been seen.

Precedence: the dataset's own split; `by` a column whose equal values belong together; rows with a time column by
time; all else by content. A sample's place follows from a hash of its group (or content) and the seed alone, and is
compared with the shares. Two consequences are wanted: equal groups are never on two sides, and no sample changes
sides as others are added. The price is that small sets get odd shares, which is said where they are far off; only a
part that would be empty, or a class that would be missing from training, takes the nearest group from its neighbour.
The class comes first: a part stays empty rather than take the last group of a class from training.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glia.data import content
from glia.data.columns import Categories, Column, Numbers, Times, Words
from glia.errors import ConfigError, DataError, counted, did_you_mean
from glia.recipe import Split

if TYPE_CHECKING:
    from glia.data.dataset import Dataset

Indices = NDArray[np.int64]
Places = NDArray[np.float64]

TRAIN, VALIDATION, TEST, LEFT_OUT = 0, 1, 2, -1
NAMES = {TRAIN: "train", VALIDATION: "validation", TEST: "test"}
BY_CONTENT = "content"  # `by` of those who want no split by time
HELD_OUT = ((VALIDATION, (TEST,)), (TRAIN, (VALIDATION, TEST)))  # parts, and those of which they may hold no copy
ODD = 1 / 3  # of the share asked for: a part that is farther off than this is said
FEW_VALUES = 20  # integers with at most so many values are dealt into folds by value


@dataclass(frozen=True, eq=False)
class Division:
    """Positions of the samples of each part, ascending, and the rule in words."""

    train: Indices
    validation: Indices
    test: Indices
    rule: str  # "official test split; validation by content hash"
    said: tuple[str, ...] = ()


def divide(dataset: "Dataset", split: Split, seed: int) -> Division:
    """Divide the samples by the precedence above.

    Raises:
        DataError: an unknown column in `by`, or nothing (left) to train on.
    """
    if dataset.streaming is not None:
        from glia.data import streamed_splits  # which builds on what follows

        return streamed_splits.divide(dataset, dataset.streaming, split, seed)
    part, shares, given = official(dataset, split)
    rows = np.flatnonzero(part == TRAIN)
    if not len(rows):
        raise DataError(f"{dataset.title} has {len(dataset)} samples, none of them to train on.")
    rules, said = [f"official {' and '.join(given)} split"] if given else [], list[str]()
    contents = dataset.contents(without=split.by)
    if shares:
        groups, rule, noted = _groups(dataset, split.by, contents)
        part[rows], noted_too = _carve(dataset, rows, shares, groups, seed=seed)
        asked = " and ".join(NAMES[code] for code in sorted(shares))
        rules.append(f"{asked} {rule}" if given else rule)
        said += [*noted, *noted_too]
    if given or split.by:
        said += _leave_out_copies(part, contents)
    left = nothing_left([code for code in sorted(shares) if not (part == code).any()])
    if not given:
        said += left or odd_shares(part, {TRAIN: split.train, **shares}, " ".join(rules))
        said += few_contents(len(np.unique(contents)), len(contents))
    else:
        said += left
    target = dataset.columns.get(dataset.target)
    division = _division(part, "; ".join(rules) or "without a split", said)
    return without_unseen(division, target.values()) if isinstance(target, Categories) else division


def folds(dataset: "Dataset", k: int, seed: int, *, by: str = "") -> list[Division]:
    """`k` divisions into train and validation: each sample validates once, equal samples in the same fold.

    Within each class, or decile of a numeric target, samples are ordered by hash and dealt in turn, so that folds
    differ by at most one sample as far as copies allow. Samples of an official test split are in no fold.

    Args:
        dataset: whose samples are dealt.
        k: how many folds.
        seed: another seed deals otherwise.
        by: a column whose equal values stay in one fold; "" or "content": by the features. A training sample that
            equals one of its fold, but is of another group, is left out of that training part.

    Raises:
        ConfigError: fewer than two folds, or more than there are different samples or groups.
        DataError: there is no column `by`.
    """
    rows = np.arange(len(dataset))
    if dataset.official is not None:
        rows = rows[dataset.official != "test"]
    contents = dataset.contents(without=by)[rows]
    groups = contents
    if by in dataset.columns:
        groups = _words(_named_group(dataset, by)[0], dataset.contents(without=by))[rows]
    if by not in ("", BY_CONTENT, *dataset.columns):
        raise _unknown_group(dataset, by)
    different = len(np.unique(groups))
    if not 2 <= k <= different:
        things = f"groups of '{by}'" if by in dataset.columns else "samples"
        raise ConfigError(f"folds={k} cannot be had of {different} different {things}: give 2 to {different}.")
    target = dataset.columns.get(dataset.target)
    strata = np.zeros(len(rows)) if target is None else _strata(target)[rows]
    fold = _deal(content.places(groups, seed, "folds"), strata, k)
    dealt = f"by group '{by}'" if by in dataset.columns else "by content hash"
    return [_fold(rows, contents, fold == i, f"fold {i + 1} of {k}, dealt {dealt}") for i in range(k)]


def without_unseen(division: Division, labels: NDArray[Any]) -> Division:
    """A division whose validation and test parts hold only classes that are also in the training part.

    Args:
        division: of the samples that `labels` belong to.
        labels: the class of every sample.
    """
    classes, codes = np.unique(labels.astype(str), return_inverse=True)
    seen = np.isin(np.arange(len(classes)), codes[division.train])
    return only_seen(division, lambda rows: seen[codes[rows]], classes[~seen])


def only_seen(division: Division, are_seen: Callable[[Indices], NDArray[np.bool_]], unseen: Iterable[Any]) -> Division:
    """A division without those samples of validation and test that `are_seen` denies.

    Args:
        division: of the samples.
        are_seen: whether the class of each of some rows is in the training part.
        unseen: the classes that are not.
    """
    parts = ("validation", "test")
    kept = {name: getattr(division, name)[are_seen(getattr(division, name))] for name in parts}
    lost = len(division.validation) + len(division.test) - len(kept["validation"]) - len(kept["test"])
    if not lost:
        return division
    names = [f"'{label}'" for label in unseen]
    which, of_it = ("class", "it") if len(names) == 1 else ("classes", "them")
    left_out = f"{counted(lost, 'sample')} of {of_it} {'was' if lost == 1 else 'were'} left out of validation and test"
    said = f"No training sample has the {which} {_listed(names)}, so {left_out}."
    emptied = [code for code in (VALIDATION, TEST) if len(getattr(division, NAMES[code])) > len(kept[NAMES[code]]) == 0]
    return replace(division, **kept, said=(*division.said, said, *nothing_left(emptied)))


def official(dataset: "Dataset", split: Split) -> tuple[NDArray[np.int8], dict[int, float], list[str]]:
    """The part of each sample as the dataset brings it, the shares still to be carved from train, the parts given."""
    part = np.full(len(dataset), TRAIN, np.int8)
    shares = {VALIDATION: split.validation, TEST: split.test}
    given = []
    if dataset.official is not None:
        for code in (TEST, VALIDATION):
            belongs = dataset.official == NAMES[code]
            if belongs.any():
                part[belongs] = code
                given.append(NAMES[code])
                shares.pop(code)
    total = split.train + sum(shares.values())
    return part, {code: share / total for code, share in shares.items() if share > 0}, given


def _groups(dataset: "Dataset", by: str, contents: Words) -> tuple[Words | Times, str, list[str]]:
    """What must stay together, the rule in words, what is to be said."""
    column, rule, said = grouping(dataset, by)
    if column is None:
        return contents, rule, said
    if isinstance(column, Times) and not by:
        return column, rule, said
    return _words(column, contents), rule, said


def _words(column: Column, contents: Words) -> Words:
    """The group of each sample; one without stands for itself."""
    return np.where(column.gaps, contents, column.words)


def grouping(dataset: "Dataset", by: str) -> tuple[Column | None, str, list[str]]:
    """The column by whose values samples are divided, None: by content; the rule in words, what is to be said.

    Raises:
        DataError: there is no column `by`, or it is the target.
    """
    if by in dataset.columns:
        column, said = _named_group(dataset, by)
        return column, f"by group '{by}'", said
    if by not in ("", BY_CONTENT):
        raise _unknown_group(dataset, by)
    times = [(name, column) for name, column in dataset.features.items() if isinstance(column, Times)]
    if not times or by:
        return None, "by content hash", []
    name, column = times[0]
    said = [
        f"Split by time of '{name}': the latest samples are tested on. "
        f"For a split that ignores time, set data.split.by = '{BY_CONTENT}'."
    ]
    if column.gaps.any():
        said.append(f"{counted(int(column.gaps.sum()), 'sample')} without a '{name}' count as the earliest.")
    return column, f"by time of '{name}'", said


def _named_group(dataset: "Dataset", by: str) -> tuple[Column, list[str]]:
    """The column that tells the group of each sample, and what is to be said."""
    if by == dataset.target:
        raise DataError(f"data.split.by='{by}' is the target: each class would lie on one side only.")
    column = dataset.columns[by]
    gaps = int(column.gaps.sum())
    return column, [f"{counted(gaps, 'sample')} without a '{by}' each went their own way."] if gaps else []


def _unknown_group(dataset: "Dataset", by: str) -> DataError:
    return DataError(f"data.split.by='{by}' is not a column of {dataset.title}.{did_you_mean(by, dataset.columns)}")


def _fold(rows: Indices, contents: Words, judged: NDArray[np.bool_], rule: str) -> Division:
    """One fold of `rows`: copies of what is judged on, in groups of others, leave the training part."""
    copies = ~judged & np.isin(contents, contents[judged])
    # Where most samples repeat each other, an equal one is no sign of a copy.
    if copies.any() and 2 * len(np.unique(contents)) > len(contents):
        said = (f"Left out of training, as equal to a sample of the fold: {counted(int(copies.sum()), 'sample')}.",)
        return Division(rows[~judged & ~copies], rows[judged], np.empty(0, np.int64), rule, said)
    return Division(rows[~judged], rows[judged], np.empty(0, np.int64), rule)


def _carve(
    dataset: "Dataset", rows: Indices, shares: Mapping[int, float], groups: Words | Times, *, seed: int
) -> tuple[NDArray[np.int8], list[str]]:
    """The part of each of `rows`. Test takes the places from 0 up, validation the next, train the rest."""
    if isinstance(groups, Times):
        places = _places_in_time(groups.take(rows))
    else:
        places = content.places(groups[rows], seed, "split")
    part = np.full(len(rows), TRAIN, np.int8)
    regions = regions_of(shares)
    for code in shares:
        low, high = regions[code]
        part[(places >= low) & (places < high)] = code
    said = list[str]()
    classes = None if isinstance(groups, Times) else _classes(dataset.columns.get(dataset.target))
    codes = np.zeros(len(rows), np.int32)
    if classes:
        codes = classes.codes[rows]
        said += _seat_classes(part, places, classes.take(rows))
    fill_empty(part, places, regions, codes)
    return part, said


def regions_of(shares: Mapping[int, float]) -> dict[int, tuple[float, float]]:
    """The places of each part: test from 0 up, validation next, train the rest."""
    low, regions = 0.0, {}
    for code in sorted(shares, reverse=True):
        regions[code] = (low, low + shares[code])
        low += shares[code]
    return {**regions, TRAIN: (low, 1.0)}


def _classes(target: Column | None) -> Categories | None:
    """The target as classes: categories, and numbers if there are two, of which training needs both."""
    if not isinstance(target, Numbers):
        return target if isinstance(target, Categories) else None
    different, codes = np.unique(target.array, return_inverse=True)
    return Categories(codes.astype(np.int32), tuple(map(str, different.tolist()))) if len(different) == 2 else None


def _places_in_time(times: Times) -> Places:
    """The latest moment stands near 0, the earliest near 1, each at the middle of the samples it holds."""
    # As an integer NaT is the smallest: samples without a time count as the earliest.
    _, inverse, counts = np.unique(times.array.astype(np.int64), return_inverse=True, return_counts=True)
    return places_of_moments(counts)[inverse]


def places_of_moments(counts: NDArray[np.int64]) -> Places:
    """The place of each moment, in order, that so many samples have."""
    middles = (np.cumsum(counts) - counts / 2) / counts.sum()
    places: Places = 1.0 - middles
    return places


def _seat_classes(part: NDArray[np.int8], places: Places, target: Categories) -> list[str]:
    """Move the group nearest to the training part there, for each class that would be missing from it."""
    moved = []
    for code in np.setdiff1d(np.unique(target.codes), target.codes[part == TRAIN]):
        if not (target.codes[part == TRAIN] == code).any():
            part[places == places[target.codes == code].max()] = TRAIN
            moved.append(target.labels[code])
    return seated(moved)


def seated(labels: Sequence[Any]) -> list[str]:
    """What is to be said of classes that would have been missing from training."""
    named = _listed(f"'{label}'" for label in labels)
    said = f"By its hash the class {named} would be missing from training: a sample of it was moved there."
    return [said] if labels else []


def fill_empty(
    part: NDArray[np.int8], places: Places, regions: Mapping[int, tuple[float, float]], classes: NDArray[np.int32]
) -> None:
    """Give each empty part the nearest group of a part that has more than one; train comes first and takes any.

    From training no group is taken that alone holds a class.
    """
    for code in sorted(regions):
        if (part == code).any():
            continue
        low, high = regions[code]
        spare = 0 if code == TRAIN else 1
        rich = [other for other in regions if len(np.unique(places[part == other])) > spare]
        candidates = np.unique(places[np.isin(part, rich)])
        trained = part == TRAIN
        candidates = np.setdiff1d(candidates, _lone_holders(places[trained], classes[trained]))
        if len(candidates):
            distance = np.maximum(np.maximum(low - candidates, candidates - high), 0)
            part[places == candidates[distance.argmin()]] = code


def _lone_holders(places: Places, classes: NDArray[np.int32]) -> Places:
    """The places of groups that hold all samples of a class."""
    code, place = np.unique(np.stack([classes, places]), axis=1)
    _, first, groups = np.unique(code, return_index=True, return_counts=True)
    lone: Places = place[first[groups == 1]]
    return lone


def _leave_out_copies(part: NDArray[np.int8], contents: Words) -> list[str]:
    """Take out of training what equals a validation or test sample, and out of validation what equals a test sample."""
    said = []
    for code, held_out in HELD_OUT:
        mine = np.flatnonzero(part == code)
        copies = mine[np.isin(contents[mine], contents[np.isin(part, held_out)])]
        if not len(copies):
            continue
        leave, told = about_copies(code, held_out, len(copies), len(mine), len(np.unique(contents[mine])))
        said.append(told)
        if leave:
            part[copies] = LEFT_OUT
    return said


def about_copies(code: int, held_out: Iterable[int], copies: int, mine: int, different: int) -> tuple[bool, str]:
    """Whether samples of a part that equal held-out ones are left out of it, and what is to be said.

    Args:
        code: of the part.
        held_out: the parts that they equal samples of.
        copies: how many there are.
        mine: samples of the part.
        different: how many of these differ in their features.

    Raises:
        DataError: nothing would be left to train on.
    """
    others = " or ".join(NAMES[other] for other in held_out)
    equal, were = ("equals", "was") if copies == 1 else ("equal", "were")
    found = f"{counted(copies, 'sample')} of {mine:,} in {NAMES[code]} {equal} a {others} sample"
    # Where most samples repeat each other, an equal one is no sign of a copy, and little would be left.
    if 2 * different <= mine:
        return False, f"{found}: the features do not tell samples apart, so all were kept."
    if code == TRAIN and copies == mine:
        raise DataError(f"{found}: nothing is left to train on. Was the same data given for both?")
    return True, f"{found} and {were} left out."


def odd_shares(part: NDArray[np.int8], asked: Mapping[int, float], rule: str) -> list[str]:
    """What is to be said of parts that are far from the shares asked for."""
    counts = {code: int((part == code).sum()) for code in sorted(asked)}
    total = sum(counts.values())
    if all(abs(counts[code] / total - share) <= ODD * share for code, share in asked.items()):
        return []
    got = ", ".join(f"{NAMES[code]} {count:,} ({count / total:.0%})" for code, count in counts.items())
    wanted = ", ".join(f"{asked[code]:.0%}" for code in counts)
    return [f"The split {rule} gave {got}; {wanted} were asked for."]


def nothing_left(codes: Iterable[int]) -> list[str]:
    """What is to be said of parts that no sample is left for."""
    aims = {VALIDATION: "validate", TEST: "test"}
    wanted = " or ".join(f"{aims[code]} on" for code in codes)
    return (
        [f"No sample is left to {wanted}. Give more samples, several of each class if there are classes."]
        if wanted
        else []
    )


def few_contents(different: int, count: int) -> list[str]:
    """What is to be said of so many samples of which few differ in their features."""
    if 2 * different > count:
        return []
    return [
        f"Only {different:,} of {count:,} samples differ in their features; equal ones are on one side. If the "
        "rows are separate things that happen to look alike, name a key column in data.split.by."
    ]


def _strata(target: Column) -> NDArray[Any]:
    """The class of each sample, or the decile of a numeric target."""
    if isinstance(target, Categories):
        return target.codes
    if not isinstance(target, Numbers):
        return np.zeros(len(target))
    values = target.array
    if values.dtype.kind != "f" and len(np.unique(values)) <= FEW_VALUES:
        return values
    return np.searchsorted(np.nanquantile(values, np.arange(1, 10) / 10), values)


def _deal(places: Places, strata: NDArray[Any], k: int) -> NDArray[np.int64]:
    """The fold of each sample. A group goes to the fold that has the fewest of its stratum, then the fewest at all."""
    _, first, inverse, counts = np.unique(places, return_index=True, return_inverse=True, return_counts=True)
    # Groups of several come first within their stratum, so that single samples can even out what they leave uneven.
    order = np.lexsort((places[first], -counts, strata[first]))
    fold_of_group = np.empty(len(first), np.int64)
    total, here, stratum = [0] * k, [0] * k, None
    for group in order:
        if strata[first[group]] != stratum:
            here, stratum = [0] * k, strata[first[group]]
        chosen = min(range(k), key=lambda i: (here[i], total[i]))
        here[chosen] += counts[group]
        total[chosen] += counts[group]
        fold_of_group[group] = chosen
    return fold_of_group[inverse]


def _division(part: NDArray[np.int8], rule: str, said: Iterable[str]) -> Division:
    train, validation, test = (np.flatnonzero(part == code) for code in (TRAIN, VALIDATION, TEST))
    return Division(train, validation, test, rule, tuple(said))


def _listed(names: Iterable[str], most: int = 5) -> str:
    shown = list(names)
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")
