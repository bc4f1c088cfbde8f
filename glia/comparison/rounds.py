"""The rounds of a comparison: which samples all learners learn from, and which all are judged on.

A split that the data brings is taken as it is, and so is time: one round, judged on the test part. All else is dealt
into folds, again and again with other seeds. Copies and groups stay together in all of them (see `glia.data.splits`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glia.data import splits
from glia.data.columns import Times
from glia.data.dataset import Dataset
from glia.data.splits import Division, Indices
from glia.errors import ConfigError, DataError, counted
from glia.recipe import DataRecipe

SEEDS_APART = 1000  # between the folds of one seed and of the next
MOST_NAMED = 5  # classes in a sentence


@dataclass(frozen=True, eq=False)
class Round:
    """One fit of every learner.

    Attributes:
        learned: positions of the samples to learn from, those that early stopping watches among them.
        judged: positions of the samples that nothing of a learner has seen.
        repeat: how many times all samples were dealt into folds before.
    """

    learned: Indices
    judged: Indices
    repeat: int = 0


@dataclass(frozen=True, eq=False)
class Plan:
    """All rounds.

    Attributes:
        rounds: in the order in which they are held.
        rule: how samples were divided, in words.
        repeats: how often samples were dealt; 0: they are not, or another time would give the same folds.
        said: what the user should know of it.
    """

    rounds: tuple[Round, ...]
    rule: str
    repeats: int = 0
    said: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """Samples judged by samples learned from, of one round."""
        return float(np.mean([len(each.judged) / len(each.learned) for each in self.rounds]))


def plan(dataset: Dataset, recipe: DataRecipe, *, folds: int, repeats: int, seed: int, classes: bool) -> Plan:
    """The rounds for a dataset.

    Args:
        dataset: with its target.
        recipe: its `split` and `seed` say how one split is made, and what stays together in folds.
        folds: 1: one split, judged on its test part.
        repeats: how often folds are dealt.
        seed: of the folds.
        classes: whether the target is one of some classes.

    Raises:
        ConfigError: numbers of folds or repeats that cannot be.
        DataError: no sample to judge on, or no column to group by.
    """
    if folds < 1 or repeats < 1:
        raise ConfigError(f"folds={folds} and repeats={repeats} are counts: give 1 or more of each.")
    official = dataset.official is not None and bool((dataset.official == "test").any())
    in_time = not recipe.split.by and any(isinstance(column, Times) for column in dataset.features.values())
    if folds == 1 or official or in_time:
        return _one_split(dataset, recipe, classes, asked=folds)
    rounds, said, dealt, before = list[Round](), list[str](), "", set[bytes]()
    for repeat in range(repeats):
        found = splits.folds(dataset, folds, SEEDS_APART * seed + repeat, by=recipe.split.by)
        parts = {fold.validation.tobytes() for fold in found}
        if parts == before:  # as of as many folds as there are samples
            said.append("Dealt again, the folds are the same, so each is judged once: more repeats tell nothing more.")
            repeats = 0
            break
        before = parts
        for fold in found:
            known = splits.without_unseen(fold, dataset.targets()) if classes else fold
            said += fold.said
            rounds.append(Round(known.train, known.validation, repeat))
            dealt = fold.rule.partition(", ")[2]
    judging = _judging(dataset, rounds)
    said += [*_rare_classes(dataset, rounds, folds), *_lone_classes(dataset, judging)] if classes else []
    if lost := len(rounds) - len(judging):
        said.append(f"Without a sample to judge, and left out: {lost} of {counted(len(rounds), 'round')}.")
    times = "" if repeats < 2 else f", {repeats} times"
    return Plan(judging, f"{folds} folds{times}, {dealt}", repeats, tuple(dict.fromkeys(said)))


def smaller(learned: Indices, labels: NDArray[np.object_] | None, share: float, seed: int) -> Indices:
    """A share of the samples to learn from, drawn by chance; of each class at least one.

    Args:
        learned: positions.
        labels: the class of every sample of the dataset; None: there are no classes.
        share: of `learned`. A smaller share of the same seed is a part of a larger one.
        seed: of the drawing.
    """
    order = np.random.default_rng(seed).permutation(learned)
    if labels is not None:
        _, first = np.unique(labels[order].astype(str), return_index=True)
        rest = np.delete(order, first)
        order = np.concatenate([order[first], rest])
    return np.sort(order[: max(1, round(share * len(order)))])


def _one_split(dataset: Dataset, recipe: DataRecipe, classes: bool, *, asked: int) -> Plan:
    division = splits.divide(dataset, recipe.split, recipe.seed)
    if not len(division.test):
        raise DataError(
            f"{dataset.title} has no test part to judge on: of {len(dataset)} samples none is left for data.split.test="
            f"{recipe.split.test:g}. Give more samples or a larger share, or compare on folds."
        )
    learned = np.sort(np.concatenate([division.train, division.validation]))
    whole = Division(learned, division.test, np.empty(0, np.int64), division.rule, division.said)
    known = splits.without_unseen(whole, dataset.targets()) if classes else whole
    said = list(known.said)
    if asked > 1:
        said.append(f"There is one split ({division.rule}), so no folds: each learner is fitted once.")
    rounds = (Round(known.train, known.validation),)
    said += _lone_classes(dataset, rounds) if classes else []
    return Plan(_judging(dataset, rounds), f"one split: {division.rule}", said=tuple(said))


def _judging(dataset: Dataset, rounds: Sequence[Round]) -> tuple[Round, ...]:
    """The rounds that have samples to judge on."""
    found = tuple(each for each in rounds if len(each.judged))
    if not found:
        raise DataError(
            f"{dataset.title} has {counted(len(dataset), 'sample')}, none of which learners can be judged on: of no "
            "class are there samples both to learn from and to judge. Give several of each class."
        )
    return found


def _rare_classes(dataset: Dataset, rounds: Sequence[Round], folds: int) -> list[str]:
    """What is to be said of classes that no round judges, or not all can."""
    labels, codes, counts = np.unique(dataset.targets().astype(str), return_inverse=True, return_counts=True)
    judged = np.isin(np.arange(len(labels)), codes[np.concatenate([each.judged for each in rounds])])
    said = []
    if never := _named(labels[~judged], counts[~judged]):
        said.append(f"Never judged, since the fold that holds all of a class leaves none of it to learn from: {never}.")
    few = judged & (counts < folds)
    if some := _named(labels[few], counts[few]):
        said.append(f"Judged by some of the {folds} folds only, since there are too few samples for all: {some}.")
    return said


def _lone_classes(dataset: Dataset, rounds: Sequence[Round]) -> list[str]:
    """What is to be said of rounds in which one class alone is judged."""
    labels = dataset.targets().astype(str)
    lone = sum(len(np.unique(labels[each.judged])) == 1 for each in rounds)
    where = f"In {lone} of {counted(len(rounds), 'round')} all samples judged are" if len(rounds) > 1 else ""
    return [f"{where or 'All samples judged are'} of one class: accuracy and F1 tell little there."] if lone else []


def _named(labels: NDArray[np.str_], counts: NDArray[np.int64]) -> str:
    named = [f"'{label}' ({counted(int(count), 'sample')})" for label, count in zip(labels, counts, strict=True)]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return f"{'class' if len(named) == 1 else 'classes'} {', '.join(named[:MOST_NAMED])}{more}" if named else ""
