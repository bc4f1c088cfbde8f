"""Which samples learners learn from and are judged on."""

from dataclasses import replace

import numpy as np
import pytest

from glia.comparison.rounds import Plan, plan, smaller
from glia.data.columns import Times
from glia.data.dataset import Dataset
from glia.errors import ConfigError, DataError
from glia.recipe import DataRecipe, Split
from tests.data.samples import table


def planned(dataset: Dataset, recipe: DataRecipe | None = None, **given: object) -> Plan:
    asked = {"folds": 5, "repeats": 2, "seed": 0, "classes": True, **given}
    return plan(dataset, recipe or DataRecipe(), **asked)  # type: ignore[arg-type]


def rows(count: int = 60, **more: object) -> Dataset:
    return table(a=list(range(count)), y=[f"c{row % 3}" for row in range(count)], **more)


def test_every_sample_is_judged_once_a_repeat_and_never_learned_from_then() -> None:
    found = planned(rows())
    assert len(found.rounds) == 10
    for repeat in (0, 1):
        judged = [each.judged for each in found.rounds if each.repeat == repeat]
        assert sorted(np.concatenate(judged)) == list(range(60))
    assert all(not set(each.learned) & set(each.judged) for each in found.rounds)
    assert found.ratio == pytest.approx(0.25)
    assert found.rule == "5 folds, 2 times, dealt by content hash"


def test_repeats_and_seeds_deal_otherwise_and_equal_seeds_alike() -> None:
    first, again, other = planned(rows()), planned(rows()), planned(rows(), seed=1)
    assert all((one.judged == two.judged).all() for one, two in zip(first.rounds, again.rounds, strict=True))
    assert (first.rounds[0].judged.tolist()) != first.rounds[5].judged.tolist()
    assert (first.rounds[0].judged.tolist()) != other.rounds[0].judged.tolist()


def test_a_group_is_never_on_both_sides() -> None:
    dataset = rows(who=[f"p{row // 4}" for row in range(60)])
    who = dataset.columns["who"].values()
    found = planned(dataset, DataRecipe(split=Split(by="who")))
    assert all(not set(who[each.learned]) & set(who[each.judged]) for each in found.rounds)
    assert "by group 'who'" in found.rule


def test_an_official_test_part_is_judged_on_and_nothing_else() -> None:
    official = np.array(["train"] * 40 + ["validation"] * 5 + ["test"] * 15)
    found = planned(replace(rows(), official=official))
    assert len(found.rounds) == 1
    assert found.rounds[0].judged.tolist() == list(range(45, 60))
    assert found.rounds[0].learned.tolist() == list(range(45))
    assert "so no folds: each learner is fitted once" in found.said[-1]


def test_what_has_times_is_judged_on_the_latest() -> None:
    times = Times(np.arange(60).astype("datetime64[D]"))
    dataset = rows()
    dataset = replace(dataset, columns={**dataset.columns, "when": times})
    found = planned(dataset)
    assert found.rounds[0].judged.min() > found.rounds[0].learned.max()
    assert len(planned(dataset, DataRecipe(split=Split(by="content"))).rounds) == 10


def test_one_fold_is_one_split() -> None:
    found = planned(rows(), folds=1)
    assert len(found.rounds) == 1
    assert not found.said or "no folds" not in found.said[-1]
    with pytest.raises(DataError, match=r"to judge on: of 60 samples none is left for data\.split\.test=0"):
        planned(rows(), DataRecipe(split=Split(train=0.9, validation=0.1, test=0)), folds=1)


def test_rare_classes_are_told_and_never_judged_where_they_were_not_learned() -> None:
    labels = ["a"] * 30 + ["b"] * 28 + ["rare"] * 2 + ["lone"]
    dataset = table(a=list(range(61)), y=labels)
    found = planned(dataset)
    assert found.said == (
        "Never judged, since the fold that holds all of a class leaves none of it to learn from: class 'lone' "
        "(1 sample).",
        "Judged by some of the 5 folds only, since there are too few samples for all: class 'rare' (2 samples).",
    )
    for each in found.rounds:
        assert set(np.array(labels)[each.judged]) <= set(np.array(labels)[each.learned])


def test_rounds_that_judge_nothing_and_rounds_of_one_class_are_counted() -> None:
    lone = table(a=list(range(9)), y=[*"aaaaaa", "b", "c", "d"])
    found = planned(lone, folds=9, repeats=1)
    assert len(found.rounds) == 6
    assert found.said[0].endswith("classes 'b' (1 sample), 'c' (1 sample), 'd' (1 sample).")
    assert found.said[-1] == "Without a sample to judge, and left out: 3 of 9 rounds."
    assert found.said[-2] == "In 6 of 6 rounds all samples judged are of one class: accuracy and F1 tell little there."
    with pytest.raises(DataError, match=r"has 3 samples, none of which .* Give several of each class"):
        planned(table(a=[1, 2, 3], y=["a", "b", "c"]), folds=3)


def test_folds_that_cannot_be_dealt_otherwise_are_judged_once() -> None:
    few = table(a=[1, 2, 3], y=[1.5, 2.5, 3.5])
    found = planned(few, folds=3, repeats=4, classes=False)
    assert (len(found.rounds), found.repeats, found.rule) == (3, 0, "3 folds, dealt by content hash")
    assert found.said == (
        "Dealt again, the folds are the same, so each is judged once: more repeats tell nothing more.",
    )
    assert planned(rows()).repeats == 2


@pytest.mark.parametrize("given", [{"folds": 0}, {"repeats": 0}, {"folds": 61}])
def test_impossible_numbers_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="folds="):
        planned(rows(), **given)


def test_fewer_samples_are_a_part_of_more_and_have_every_class() -> None:
    labels = np.array(["a"] * 97 + ["b"] * 3)
    learned = np.arange(100)
    quarter, half = (smaller(learned, labels, share, seed=1) for share in (0.25, 0.5))
    assert (len(quarter), len(half)) == (25, 50)
    assert set(quarter) < set(half)
    assert set(labels[quarter]) == {"a", "b"}
    assert len(smaller(learned, None, 0.1, seed=1)) == 10
