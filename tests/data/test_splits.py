from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glia.data.columns import Categories, Numbers, Times
from glia.data.dataset import Dataset
from glia.data.splits import Division, divide, folds, without_unseen
from glia.errors import ConfigError, DataError
from glia.recipe import Split
from tests.data.samples import table

HALVES = Split(train=0.5, validation=0.25, test=0.25)
WITHOUT_TEST = Split(train=0.8, validation=0.2, test=0)

ASKED = Split(train=0.7, validation=0.15, test=0.15)


def parts(division: Division) -> list[np.ndarray]:
    return [division.train, division.validation, division.test]


def sides(dataset: Dataset, division: Division, name: str) -> list[set[object]]:
    values = dataset.columns[name].values()
    return [set(values[rows].tolist()) for rows in parts(division)]


def disjoint(sets: list[set[object]]) -> bool:
    return len(set().union(*sets)) == sum(map(len, sets))


# By content


@given(st.lists(st.integers(0, 40), min_size=1, max_size=200), st.integers(0, 1000))
def test_no_content_lies_on_two_sides_and_no_sample_is_lost(values: list[int], seed: int) -> None:
    dataset = table(a=values, y=list(range(len(values))))
    division = divide(dataset, HALVES, seed)
    assert disjoint(sides(dataset, division, "a"))
    assert sorted(np.concatenate(parts(division)).tolist()) == list(range(len(values)))


@given(st.lists(st.integers(), min_size=1, max_size=60, unique=True), st.integers(0, 1000))
def test_no_part_is_empty_that_was_asked_for(values: list[int], seed: int) -> None:
    division = divide(table(a=np.array(values, np.float64)), ASKED, seed)
    different = len(set(np.array(values, np.float64).tolist()))
    filled = [len(part) > 0 for part in parts(division)]
    assert filled[0]
    assert sum(filled) == min(3, different)


@given(st.integers(100, 300), st.integers(1, 300), st.integers(0, 1000))
def test_samples_keep_their_side_as_others_are_added(before: int, added: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=before + added)
    some, all_of_them = divide(table(a=values[:before]), ASKED, seed), divide(table(a=values), ASKED, seed)
    for fewer, more in zip(parts(some), parts(all_of_them), strict=True):
        assert set(fewer) <= set(more)


@given(st.permutations(list(range(50))))
def test_the_side_of_a_sample_does_not_depend_on_its_row(order: list[int]) -> None:
    dataset = table(a=list(range(50)), b=["x", "y"] * 25)
    straight, shuffled = divide(dataset, ASKED, 0), divide(dataset[order], ASKED, 0)
    for one, other in zip(parts(straight), parts(shuffled), strict=True):
        assert set(one) == {order[row] for row in other}


def test_what_was_divided_once_is_divided_so_for_ever() -> None:
    # Recorded runs are judged on the same samples by every later Glia: these numbers never change.
    division = divide(table(a=list(range(12)), b=["x", "y", "z"] * 4), ASKED, 1337)
    assert [part.tolist() for part in parts(division)] == [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [11], [0]]


def test_neither_the_target_nor_the_order_of_columns_moves_a_sample() -> None:
    one = table(a=list(range(90)), b=[0.5] * 90, y=list(range(90)))
    other = table(y=list(range(90))[::-1], b=[0.5] * 90, a=list(range(90)))
    for first, second in zip(parts(divide(one, ASKED, 1)), parts(divide(other, ASKED, 1)), strict=True):
        assert first.tolist() == second.tolist()


def test_another_seed_is_another_split() -> None:
    dataset = table(a=list(range(90)))
    assert divide(dataset, ASKED, 1).test.tolist() != divide(dataset, ASKED, 2).test.tolist()


def test_large_sets_get_the_shares_asked_for_and_nothing_is_said() -> None:
    dataset = table(a=list(range(20_000)))
    division = divide(dataset, ASKED, 0)
    assert [len(part) / 20_000 for part in parts(division)] == pytest.approx([0.7, 0.15, 0.15], abs=0.01)
    assert division.said == ()
    assert division.rule == "by content hash"


def test_small_sets_say_what_was_got() -> None:
    division = divide(table(a=list(range(20))), ASKED, 1)
    got = [f"{name} {len(part)}" for name, part in zip(("train", "validation", "test"), parts(division), strict=True)]
    assert all(text in division.said[0] for text in got)
    assert "70%, 15%, 15% were asked for" in division.said[0]


def test_shares_that_are_a_little_off_are_not_said() -> None:
    division = divide(table(a=list(range(20))), ASKED, 3)
    assert [len(part) for part in parts(division)] != [14, 3, 3]
    assert division.said == ()


@pytest.mark.parametrize("labels", [["ja", "nein"], ["ja", "nein", "ja"], [0, 1], [0.5, 1.5, 0.5]])
def test_tiny_tables_train_on_every_class(labels: list[object]) -> None:
    for seed in range(10):
        division = divide(table(a=list(range(len(labels))), y=labels), ASKED, seed)
        assert {labels[row] for row in division.train} == set(labels)
        assert sum(map(len, parts(division))) == len(labels)
        assert any("is left to" in said for said in division.said)


def test_where_nothing_is_left_to_judge_by_that_is_said() -> None:
    alone = divide(table(a=list(range(120)), y=[f"k{i}" for i in range(120)]), ASKED, 0)
    assert [len(part) for part in parts(alone)] == [120, 0, 0]
    assert alone.said[1].startswith("No sample is left to validate on or test on. Give more samples")
    division = Division(np.array([0, 1]), np.array([2]), np.array([3, 4]), "by time of 'day'")
    kept = without_unseen(division, np.array(["a", "b", "c", "a", "b"], object))
    assert kept.said[1].startswith("No sample is left to validate on. ")


def test_features_that_tell_few_samples_apart_are_said() -> None:
    division = divide(table(a=[0, 1, 2, 3] * 50), HALVES, 0)
    assert any("Only 4 of 200 samples differ" in said for said in division.said)


def test_a_class_is_never_missing_from_training() -> None:
    for seed in range(30):
        dataset = table(a=list(range(40)), y=["common"] * 39 + ["rare"])
        division = divide(dataset, HALVES, seed)
        assert 39 in division.train
        assert sum(map(len, parts(division))) == 40
    moved = [divide(dataset, HALVES, seed).said for seed in range(30)]
    assert any("class 'rare' would be missing" in text for said in moved for text in said)


# By group, by time, official


def test_equal_groups_stay_together() -> None:
    dataset = table(a=np.random.default_rng(0).normal(size=300), patient=[f"p{i % 30}" for i in range(300)])
    division = divide(dataset, Split(by="patient"), 0)
    assert division.rule == "by group 'patient'"
    assert disjoint(sides(dataset, division, "patient"))
    assert all(len(part) for part in parts(division))


def test_a_sample_without_a_group_goes_its_own_way() -> None:
    dataset = table(a=list(range(100)), patient=[None] * 50 + ["p", "q"] * 25)
    division = divide(dataset, Split(train=0.5, validation=0.5, test=0, by="patient"), 0)
    assert "50 samples without a 'patient' each went their own way." in division.said
    assert 0 < (division.train < 50).sum() < 50


def test_copies_in_other_groups_are_left_out_of_training() -> None:
    values = [*range(100), 0, 1, 2]
    dataset = table(a=values, patient=[f"p{i}" for i in range(103)])
    division = divide(dataset, Split(train=0.5, validation=0.25, test=0.25, by="patient"), 5)
    assert disjoint(sides(dataset, division, "a"))


def test_where_most_samples_repeat_they_are_kept_and_that_is_said() -> None:
    dataset = table(a=[0, 1] * 50, patient=[f"p{i}" for i in range(100)])
    division = divide(dataset, Split(by="patient"), 0)
    assert sum(map(len, parts(division))) == 100
    assert any("do not tell samples apart" in said for said in division.said)


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(DataError, match=r"by='patent' is not a column of made. Did you mean 'patient'\?"):
        divide(table(a=[1, 2], patient=["p", "q"]), Split(by="patent"), 0)
    with pytest.raises(DataError, match="by='y' is the target"):
        divide(table(a=[1, 2], y=["p", "q"]), Split(by="y"), 0)


def in_time(days: int) -> Dataset:
    order = np.random.default_rng(1).permutation(days)
    moments = (np.datetime64("2020-01-01") + order.astype("timedelta64[D]")).astype("datetime64[us]")
    return Dataset({"day": Times(moments), "y": Numbers(order)}, "y")


def test_rows_with_a_time_are_divided_by_it() -> None:
    dataset = in_time(100)
    division = divide(dataset, ASKED, 0)
    days = [dataset.columns["y"].values()[rows] for rows in parts(division)]
    assert [len(part) for part in days] == [70, 15, 15]
    assert days[0].max() < days[1].min()
    assert days[1].max() < days[2].min()
    assert division.rule == "by time of 'day'"
    assert "data.split.by = 'content'" in division.said[0]


def test_equal_times_stay_together_and_gaps_come_first() -> None:
    moments = np.array(["2020-01-01"] * 4 + ["2020-01-02"] * 4 + ["2020-01-03"] * 2 + ["NaT"], "datetime64[us]")
    dataset = Dataset({"day": Times(moments), "a": Numbers(np.arange(11))})
    division = divide(dataset, ASKED, 0)
    assert [part.tolist() for part in parts(division)] == [[0, 1, 2, 3, 10], [4, 5, 6, 7], [8, 9]]
    assert "1 sample without a 'day' count as the earliest." in division.said


def test_time_can_be_ignored() -> None:
    assert divide(in_time(100), Split(by="content"), 0).rule == "by content hash"


def test_the_official_split_comes_first() -> None:
    official = np.array(["train"] * 80 + ["test"] * 20)
    dataset = replace(table(a=list(range(100))), official=official)
    division = divide(dataset, ASKED, 0)
    assert division.test.tolist() == list(range(80, 100))
    assert set(division.validation) <= set(range(80))
    assert 5 < len(division.validation) < 25
    assert division.rule == "official test split; validation by content hash"
    whole = replace(dataset, official=np.array(["train"] * 60 + ["validation"] * 20 + ["test"] * 20))
    assert [len(part) for part in parts(divide(whole, ASKED, 0))] == [60, 20, 20]
    assert divide(whole, ASKED, 0).rule == "official test and validation split"


def test_training_samples_that_equal_an_official_test_sample_are_left_out() -> None:
    values = [*range(80), *range(78, 98)]
    dataset = replace(table(a=values), official=np.array(["train"] * 80 + ["test"] * 20))
    division = divide(dataset, WITHOUT_TEST, 0)
    assert disjoint(sides(dataset, division, "a"))
    assert len(division.test) == 20
    assert sum(map(len, parts(division))) == 98
    assert any("equal a" in said and "left out" in said for said in division.said)


def test_samples_without_features_are_all_alike() -> None:
    assert len(divide(table(a=[1, 2, 3]).without("a"), ASKED, 0).train) == 3


def test_the_same_data_to_train_and_to_test_on_is_refused() -> None:
    dataset = replace(table(a=[*range(30), *range(30)]), official=np.array(["train"] * 30 + ["test"] * 30))
    with pytest.raises(DataError, match=r"30 samples of 30 in train equal a .* nothing is left to train on"):
        divide(dataset, Split(train=1, validation=0, test=0), 0)


def test_all_may_be_trained_on() -> None:
    division = divide(table(a=list(range(20))), Split(train=1, validation=0, test=0), 0)
    assert [len(part) for part in parts(division)] == [20, 0, 0]
    assert division.rule == "without a split"
    assert division.said == ()


def test_nothing_to_train_on_is_refused() -> None:
    dataset = replace(table(a=[1, 2]), official=np.array(["test", "test"]))
    with pytest.raises(DataError, match="made has 2 samples, none of them to train on"):
        divide(dataset, ASKED, 0)


def test_classes_that_training_never_saw_are_left_out() -> None:
    division = Division(np.array([0, 1]), np.array([2]), np.array([3, 4]), "by time of 'day'")
    kept = without_unseen(division, np.array(["a", "b", "a", "c", "b"], object))
    assert [part.tolist() for part in parts(kept)] == [[0, 1], [2], [4]]
    assert kept.said == (
        "No training sample has the class 'c', so 1 sample of it was left out of validation and test.",
    )


def test_a_class_that_appears_late_is_left_out_of_a_split_by_time() -> None:
    moments = (np.datetime64("2020-01-01") + np.arange(20).astype("timedelta64[D]")).astype("datetime64[us]")
    dataset = Dataset({"day": Times(moments), "y": Categories.of(["a"] * 19 + ["new"])}, "y")
    assert 19 not in divide(dataset, ASKED, 0).test


# Folds


@given(st.lists(st.sampled_from("abc"), min_size=12, max_size=120), st.integers(2, 6), st.integers(0, 1000))
def test_folds_differ_by_one_sample_in_all_and_in_each_class(labels: list[str], k: int, seed: int) -> None:
    dataset = table(a=list(range(len(labels))), y=labels)
    dealt = folds(dataset, k, seed)
    sizes = [len(fold.validation) for fold in dealt]
    assert max(sizes) - min(sizes) <= 1
    assert sorted(np.concatenate([fold.validation for fold in dealt]).tolist()) == list(range(len(labels)))
    for label in set(labels):
        counts = [sum(labels[row] == label for row in fold.validation) for fold in dealt]
        assert max(counts) - min(counts) <= 1
    for fold in dealt:
        assert set(fold.train) | set(fold.validation) == set(range(len(labels)))
        assert not set(fold.train) & set(fold.validation)


@given(st.lists(st.integers(0, 30), min_size=10, max_size=150), st.integers(2, 5))
def test_copies_are_never_in_two_folds(values: list[int], k: int) -> None:
    assume(len(set(values)) >= k)
    dataset = table(a=values, y=[value % 3 for value in values])
    for fold in folds(dataset, k, 0):
        assert not {values[row] for row in fold.train} & {values[row] for row in fold.validation}


def test_single_samples_even_out_what_copies_leave_uneven() -> None:
    values = [0] * 5 + list(range(1, 16))
    sizes = [len(fold.validation) for fold in folds(table(a=values), 4, 0)]
    assert sizes == [5, 5, 5, 5]


def test_folds_of_a_numeric_target_each_have_all_of_its_range() -> None:
    dataset = table(a=list(range(1000)), y=np.linspace(0, 1, 1000) ** 3)
    means = [dataset.targets()[fold.validation].mean() for fold in folds(dataset, 5, 0)]
    assert max(means) - min(means) < 0.02


def test_samples_of_the_official_test_split_are_in_no_fold() -> None:
    dataset = replace(table(a=list(range(10))), official=np.array(["train"] * 8 + ["test"] * 2))
    for fold in folds(dataset, 2, 0):
        assert set(fold.train) | set(fold.validation) == set(range(8))


@pytest.mark.parametrize("k", [1, 5])
def test_an_impossible_number_of_folds_is_refused(k: int) -> None:
    with pytest.raises(ConfigError, match=f"folds={k} cannot be had of 4 different samples: give 2 to 4"):
        folds(table(a=[1, 2, 3, 4, 4, 4]), k, 0)


def test_groups_are_never_in_two_folds() -> None:
    dataset = table(a=list(range(40)), who=[f"p{row % 8}" for row in range(40)], y=[row % 3 for row in range(40)])
    who = dataset.columns["who"].values()
    dealt = folds(dataset, 4, 0, by="who")
    assert sorted(np.concatenate([fold.validation for fold in dealt])) == list(range(40))
    for fold in dealt:
        assert not set(who[fold.train]) & set(who[fold.validation])
    assert dealt[0].rule == "fold 1 of 4, dealt by group 'who'"
    with pytest.raises(ConfigError, match="folds=9 cannot be had of 8 different groups of 'who'"):
        folds(dataset, 9, 0, by="who")
    with pytest.raises(DataError, match=r"data\.split\.by='whom' is not a column .*Did you mean 'who'"):
        folds(dataset, 4, 0, by="whom")


def test_copies_of_judged_samples_in_other_groups_are_left_out_of_training() -> None:
    values = [*range(19), 0]  # the last equals the first, and belongs to another group
    dataset = table(a=values, who=[f"p{row // 2}" for row in range(20)], y=list(range(20)))
    dealt = folds(dataset, 5, 0, by="who")
    assert all(not set(np.array(values)[fold.train]) & set(np.array(values)[fold.validation]) for fold in dealt)
    assert sum(len(fold.train) + len(fold.validation) < 20 for fold in dealt) == 2
    assert any("equal to a sample of the fold: 1 sample." in said for fold in dealt for said in fold.said)
