"""Columns that know the target are named with the evidence; those that only look like it are not."""

import numpy as np
import pytest

from glia.data.dataset import Dataset
from glia.data.leaks import leaks
from glia.data.opening import open_dataset
from tests.data.samples import table

COUNT = 300
GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=COUNT)
LABELS = np.where(X + GENERATOR.normal(size=COUNT) > 0, "yes", "no")


def with_column(values: object) -> Dataset:
    return table(x=X, other=values, y=LABELS)


def test_a_copy_of_the_target_is_named_with_the_evidence() -> None:
    (said,) = leaks(with_column(np.where(LABELS == "yes", 7, 3)), classes=True)
    assert said.startswith("Column 'other' alone predicts 'y' almost perfectly: 100.0% of samples not seen before.")


def test_equal_rows_are_judged_together() -> None:
    few, labels = GENERATOR.normal(size=40), GENERATOR.choice(["p", "q", "r"], 40)
    assert leaks(table(x=np.tile(few, 6), y=np.tile(labels, 6)), classes=True) == []
    (said,) = leaks(table(x=np.tile(few, 6), other=np.tile(labels, 6), y=np.tile(labels, 6)), classes=True)
    assert "'other' alone predicts 'y'" in said


def test_words_that_stand_for_classes_are_named() -> None:
    words = [f"{'ok' if label == 'yes' else 'bad'} {row % 4}" for row, label in enumerate(LABELS)]
    assert len(leaks(with_column(words), classes=True)) == 1


def test_a_number_that_was_computed_from_the_target_is_named() -> None:
    price = GENERATOR.normal(100, 20, size=COUNT)
    dataset = table(x=X, tax=0.19 * price + 3, y=price)
    (said,) = leaks(dataset, classes=False)
    assert "'tax' alone predicts 'y'" in said
    assert "of the variance" in said


def test_a_straight_line_is_found_in_few_rows_too() -> None:
    price = GENERATOR.normal(100, 20, size=60)
    (said,) = leaks(table(x=X[:60], tax=0.19 * price + 3, y=price), classes=False)
    assert said.endswith("If not, leave it out: --without tax.")
    assert leaks(table(tax=price + GENERATOR.normal(0, 5, size=60), y=price), classes=False) == []


@pytest.mark.parametrize(
    "values",
    [
        np.arange(COUNT),  # tells rows apart, as an id does
        [f"k{row}" for row in range(COUNT)],
        GENERATOR.normal(size=COUNT),
        np.where(np.arange(COUNT) % 10 == 0, 0, LABELS == "yes").astype(int),  # right in 95 %
    ],
)
def test_what_does_not_know_it_is_not_named(values: object) -> None:
    assert leaks(with_column(values), classes=True) == []


def test_where_nearly_all_are_of_one_class_knowing_that_is_no_leak() -> None:
    labels = np.array(["no"] * 298 + ["yes"] * 2)
    assert leaks(table(x=X, y=labels), classes=True) == []


def test_the_sets_of_the_catalogue_are_clean() -> None:
    for name, classes in (("iris", True), ("wine", True), ("breast-cancer", True), ("diabetes", False)):
        assert leaks(open_dataset(name), classes=classes) == [], name


def test_of_few_rows_nothing_is_said() -> None:
    assert leaks(table(x=list(range(20)), y=["a", "b"] * 10), classes=True) == []
