import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glia.data.columns import Arrays, Categories, Numbers, Pictures, Times, picture_word


def test_numbers_equal_in_value_have_equal_words_whatever_their_type() -> None:
    integers = Numbers(np.array([0, 1, -3, 2**40], np.int64))
    floats = Numbers(np.array([-0.0, 1.0, -3.0, 2.0**40]))
    assert (integers.words == floats.words).all()
    assert (Numbers(np.array([1, 2], np.int8)).words == Numbers(np.array([1, 2], np.float32)).words).all()


def test_integers_too_large_for_a_float_keep_words_of_their_own() -> None:
    words = Numbers(np.array([2**53, 2**53 + 1, 2**53 + 2])).words
    assert len(set(words.tolist())) == 3


def test_every_nan_is_the_same_gap() -> None:
    odd_nan = np.array([0x7FF8000000000001], np.uint64).view(np.float64)
    column = Numbers(np.array([np.nan, odd_nan[0], 1.0]))
    assert column.words[0] == column.words[1]
    assert column.gaps.tolist() == [True, True, False]
    assert column.item(0) is None
    assert column.item(2) == 1.0


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1))
def test_categories_give_back_what_they_were_made_of(values: list[str | None]) -> None:
    column = Categories.of(values)
    assert column.values().tolist() == values
    assert [column.item(row) for row in range(len(column))] == values
    assert column.labels == tuple(sorted({value for value in values if value is not None}))


def test_booleans_without_gaps_stay_booleans() -> None:
    assert Categories.of([True, False]).values().dtype == bool
    assert Categories.of([True, None]).values().tolist() == [True, None]


def test_words_of_categories_follow_labels_not_codes() -> None:
    few, many = Categories.of(["b", "c"]), Categories.of(["a", "b", "c"])
    assert (few.words == many.take(np.array([1, 2])).words).all()
    assert Categories.of(["True"]).words[0] != Categories.of([True]).words[0]


def test_times_count_seconds() -> None:
    column = Times(np.array(["1970-01-01T00:00:01.5", "NaT"], "datetime64[us]"))
    assert column.floats().tolist()[0] == 1.5
    assert np.isnan(column.floats()[1])
    assert column.gaps.tolist() == [False, True]


def test_times_of_any_unit_are_the_same_times() -> None:
    days = np.array(["2020-01-01", "2021-05-05"], "datetime64[D]")
    assert (Times(days).words == Times(days.astype("datetime64[ns]")).words).all()
    assert Times(days).floats()[0] == 1577836800.0


def test_arrays_differ_by_shape_and_value() -> None:
    flat = Arrays(np.arange(8).reshape(2, 4))
    square = Arrays(np.arange(8).reshape(2, 2, 2))
    assert flat.words[0] != square.words[0]
    assert len(set(flat.words.tolist())) == 2


def test_a_grey_picture_in_colour_is_the_same_picture() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 1), dtype=np.uint8)
    assert (Pictures(grey).words == Pictures(grey.repeat(3, axis=3)).words).all()
    assert Pictures(grey).words.tolist() == [picture_word(picture) for picture in grey]
    turned = Pictures(grey.reshape(3, 5, 4, 1))
    assert (turned.words != Pictures(grey).words).all()


@pytest.mark.parametrize("rows", [slice(1, 3), np.array([2, 0]), np.array([True, False, True])])
def test_taking_rows_takes_their_words(rows: slice | np.ndarray) -> None:
    columns = [
        Numbers(np.array([1.5, np.nan, 2.0])),
        Categories.of(["a", None, "b"]),
        Times(np.array(["2020-01-01", "NaT", "2021-01-01"], "datetime64[us]")),
        Arrays(np.arange(6.0).reshape(3, 2)),
        Pictures(np.arange(12, dtype=np.uint8).reshape(3, 2, 2, 1)),
    ]
    for column in columns:
        taken = column.take(rows)
        assert taken.words.tolist() == column.words[rows].tolist()
        assert len(taken) == len(column.words[rows])
