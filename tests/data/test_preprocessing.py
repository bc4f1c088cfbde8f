import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from glia.data.columns import Arrays, Categories, Numbers, Pictures, Times
from glia.data.dataset import Dataset
from glia.data.opening import open_dataset
from glia.data.preprocessing import Preprocessing, fit
from glia.data.streamed_fitting import moments
from glia.errors import DataError
from tests.data.samples import photos, table


def everything(dataset: Dataset) -> np.ndarray:
    return np.arange(len(dataset))


def again(preprocessing: Preprocessing) -> Preprocessing:
    return Preprocessing.from_dict(json.loads(json.dumps(preprocessing.to_dict())))


def test_numbers_are_standardised_as_scikit_learn_does_it() -> None:
    values = np.random.default_rng(0).normal(5, 3, (50, 3))
    values[:, 1] = 7.0
    values[::7, 2] = np.nan
    dataset = Dataset({name: Numbers(values[:, place]) for place, name in enumerate("abc")})
    train = np.arange(30)
    preprocessing = fit(dataset, train)
    encoded = preprocessing.encode(dataset)
    expected = StandardScaler().fit(values[train]).transform(values)
    assert preprocessing.features == ("a", "b", "c", "c is missing")
    assert encoded.dtype == torch.float32
    assert encoded[:, :3].numpy() == pytest.approx(np.nan_to_num(expected), abs=1e-6)
    assert encoded[:, 3].tolist() == np.isnan(values[:, 2]).astype(float).tolist()


def test_categories_are_one_hot_as_scikit_learn_does_it() -> None:
    rng = np.random.default_rng(0)
    names = np.array([f"c{i:03}" for i in range(150)], object)
    values = names[np.minimum(rng.geometric(0.02, 3000) - 1, 149)]
    dataset = Dataset({"c": Categories.of(values.tolist())})
    preprocessing = fit(dataset, np.arange(2500))
    oracle = OneHotEncoder(max_categories=101, handle_unknown="infrequent_if_exist", sparse_output=False)
    oracle.fit(values[:2500, None])
    encoded = preprocessing.encode(dataset).numpy()
    assert preprocessing.shape == (101,)
    assert preprocessing.features[-1] == "c=other"
    assert "the 100 most frequent categories are kept" in preprocessing.said[0]
    # Where frequencies tie at the border, either choice is right; the frequent ones must agree.
    counts = pd.Series(values[:2500]).value_counts()
    sure = pd.Series(values).map(counts).fillna(0).to_numpy() > counts.iloc[99]
    assert sure.sum() > 2000
    mine = [preprocessing.features[place].removeprefix("c=") for place in encoded[sure].argmax(axis=1)]
    theirs = oracle.get_feature_names_out(["c"])[oracle.transform(values[sure, None]).argmax(axis=1)]
    assert [f"c_{name}".replace("other", "infrequent_sklearn") for name in mine] == theirs.tolist()
    assert (encoded.sum(axis=1) == 1).all()


def test_few_categories_are_exactly_scikit_learns() -> None:
    values = ["red", "blue", "red", "green", "blue"]
    dataset = Dataset({"c": Categories.of(values)})
    oracle = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(np.array(values[:3])[:, None])
    encoded = fit(dataset, np.arange(3)).encode(dataset)
    assert encoded.tolist() == oracle.transform(np.array(values)[:, None]).tolist()


def test_gaps_and_unseen_categories_share_a_feature_if_training_had_gaps() -> None:
    dataset = Dataset({"c": Categories.of(["a", "b", None, "new"])})
    preprocessing = fit(dataset, np.arange(3))
    assert preprocessing.features == ("c=a", "c=b", "c=other")
    assert preprocessing.encode(dataset).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    without = fit(dataset, np.arange(2))
    assert without.features == ("c=a", "c=b")
    assert without.encode(dataset)[2:].tolist() == [[0, 0], [0, 0]]


def test_a_gap_where_training_had_none_is_the_mean() -> None:
    preprocessing = fit(table(a=[1.0, 3.0]), np.arange(2))
    assert preprocessing.encode(table(a=[np.nan, np.inf])).tolist() == [[0], [0]]


def test_only_training_rows_are_looked_at() -> None:
    before, after = table(a=[1.0, 2.0, 3.0, 4.0]), table(a=[1.0, 2.0, 300.0, np.nan])
    assert fit(before, np.arange(2)).to_dict() == fit(after, np.arange(2)).to_dict()


@pytest.mark.parametrize("unit", [1e300, 1.7e308, 1e-300, 1e-160])
def test_numbers_whose_squares_double_precision_cannot_hold_are_standardised(unit: float) -> None:
    values = np.linspace(-1.0, 1.0, 100) ** 3
    preprocessing = fit(table(a=values * unit), np.arange(100))
    expected = (values - values.mean()) / values.std()
    assert preprocessing.encode(table(a=values * unit))[:, 0].numpy() == pytest.approx(expected, abs=1e-6)
    mean, deviation, count = moments(lambda: np.array_split(values * unit, 3))
    assert (mean / unit, deviation / unit, count) == pytest.approx((values.mean(), values.std(), 100), abs=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_huge_integers_keep_their_differences(sign: int) -> None:
    steps = np.arange(100) * 7
    dataset = table(a=sign * 2**62 + steps)
    preprocessing = again(fit(dataset, np.arange(100)))
    expected = (steps - steps.mean()) / steps.std()
    assert preprocessing.encode(dataset)[:, 0].numpy() == pytest.approx(expected, abs=1e-6)
    far = preprocessing.encode(table(a=[-(2**63), 2**63 - 1]))[:, 0].tolist()
    assert far == pytest.approx([(value - sign * 2**62) / steps.std() for value in (-(2**63), 2**63)], rel=1e-5)
    small = Dataset({"a": Numbers(np.array([1], np.int8))})
    assert torch.equal(preprocessing.encode(small), preprocessing.encode(table(a=[1.0])))


def test_times_become_standardised_seconds() -> None:
    days = np.array(["2020-01-01", "2020-01-03", "NaT"], "datetime64[us]")
    preprocessing = fit(Dataset({"day": Times(days)}), np.arange(3))
    assert preprocessing.encode(Dataset({"day": Times(days)})).tolist() == [[-1, 0], [1, 0], [0, 1]]


def test_target_and_ignored_columns_are_not_encoded() -> None:
    dataset = open_dataset(pd.DataFrame({"id": range(5), "a": [1.0, 2, 3, 4, 9], "y": [0, 1, 0, 1, 0]}), target="y")
    assert fit(dataset, everything(dataset)).features == ("a",)


def test_vectors_are_standardised_by_place_and_larger_arrays_as_a_whole() -> None:
    rng = np.random.default_rng(0)
    vectors, windows = rng.normal(3, 2, (40, 5)), rng.normal(3, 2, (40, 6, 2))
    windows[0, 0, 0] = np.nan
    by_place = fit(Dataset({"e": Arrays(vectors)}), np.arange(30))
    assert by_place.shape == (5,)
    assert by_place.features == ("e[0]", "e[1]", "e[2]", "e[3]", "e[4]")
    expected = StandardScaler().fit(vectors[:30]).transform(vectors)
    assert by_place.encode(Dataset({"e": Arrays(vectors)})).numpy() == pytest.approx(expected, abs=1e-6)
    whole = fit(Dataset({"w": Arrays(windows)}), np.arange(40))
    encoded = whole.encode(Dataset({"w": Arrays(windows)})).numpy()
    assert whole.shape == (6, 2)
    assert encoded[0, 0, 0] == 0
    assert encoded == pytest.approx(np.nan_to_num((windows - np.nanmean(windows)) / np.nanstd(windows)), abs=1e-6)


def test_vectors_beside_numbers_are_laid_side_by_side() -> None:
    dataset = Dataset(
        {"e": Arrays(np.arange(6.0).reshape(3, 2)), "a": Numbers(np.arange(3)), "c": Categories.of(["x", "y", "x"])}
    )
    preprocessing = fit(dataset, np.arange(3))
    assert preprocessing.features == ("e[0]", "e[1]", "a", "c=x", "c=y")
    assert preprocessing.encode(dataset).shape == (3, 5) == (3, *preprocessing.shape)


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_stay_bytes_until_they_are_finished(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 6, 5, channels), dtype=np.uint8)
    pixels[..., 0] //= 2
    dataset = Dataset({"image": Pictures(pixels)})
    preprocessing = fit(dataset, np.arange(12))
    encoded = preprocessing.encode(dataset)
    assert preprocessing.shape == (channels, 6, 5)
    assert preprocessing.features == ()
    assert encoded.dtype == torch.uint8
    assert (encoded.numpy() == pixels.transpose(0, 3, 1, 2)).all()
    train = pixels[:12].astype(np.float64)
    expected = (pixels - train.mean(axis=(0, 1, 2))) / train.std(axis=(0, 1, 2))
    finished = preprocessing.finish(encoded)
    assert finished.dtype == torch.float32
    assert finished.numpy() == pytest.approx(expected.transpose(0, 3, 1, 2), abs=1e-5)
    assert torch.equal(finished[3:5], preprocessing.finish(encoded[3:5]))
    assert encoded.dtype == torch.uint8


def test_pictures_of_one_colour_become_zero() -> None:
    dataset = Dataset({"image": Pictures(np.full((3, 2, 2, 1), 7, np.uint8))})
    preprocessing = fit(dataset, np.arange(3))
    assert preprocessing.finish(preprocessing.encode(dataset)).abs().max() < 1e-6


def test_pictures_are_brought_to_the_size_asked_for(tmp_path) -> None:
    dataset = open_dataset(photos(tmp_path / "p", {"a": 3, "b": 3}))
    assert fit(dataset, np.arange(6)).shape == (3, 6, 5)
    assert fit(dataset, np.arange(6), image_size=4).shape == (3, 4, 4)
    preprocessing = fit(dataset, np.arange(6), image_size=(8, 9))
    assert preprocessing.encode(dataset).shape == (6, 3, 8, 9)


def test_tables_need_no_finish() -> None:
    preprocessing = fit(table(a=[1.0, 2.0]), np.arange(2))
    encoded = preprocessing.encode(table(a=[1.0, 2.0]))
    assert preprocessing.finish(encoded) is encoded


@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e6) | st.just(float("nan")),
            st.sampled_from(["a", "b", None]),
            st.booleans(),
        ),
        min_size=2,
        max_size=30,
    )
)
def test_it_travels_as_json_and_encodes_the_same(rows: list[tuple[float, str | None, bool]]) -> None:
    numbers, texts, flags = zip(*rows, strict=True)
    dataset = Dataset(
        {"n": Numbers(np.array(numbers)), "c": Categories.of(list(texts)), "f": Categories.of(list(flags))}
    )
    preprocessing = fit(dataset, np.arange(len(rows)))
    travelled = again(preprocessing)
    assert travelled == preprocessing
    assert torch.equal(travelled.encode(dataset), preprocessing.encode(dataset))
    assert preprocessing.encode(dataset).shape == (len(rows), *preprocessing.shape)
    assert len(preprocessing.features) == preprocessing.shape[0]
    assert torch.isfinite(preprocessing.encode(dataset)).all()
    columns = preprocessing.encode(dataset).numpy()
    assert torch.equal(preprocessing.encode(dataset[::-1]), torch.from_numpy(columns[::-1].copy()))


def test_pictures_and_arrays_travel_as_json() -> None:
    for column in (
        Pictures(np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)),
        Arrays(np.arange(12.0).reshape(2, 3, 2)),
    ):
        preprocessing = fit(Dataset({"x": column}), np.arange(2))
        assert again(preprocessing) == preprocessing
        assert again(preprocessing).shape == preprocessing.shape


def test_what_cannot_be_fitted_is_told() -> None:
    with pytest.raises(DataError, match=r"made has 0 features and 2 training samples.*no features: b"):
        fit(table(b=[1, 2], y=[0, 1]).without("b"), np.arange(2))
    with pytest.raises(DataError, match="made has 1 features and 0 training samples"):
        fit(table(a=[1, 2]), np.arange(0))
    mixed = Dataset({"image": Pictures(np.zeros((2, 2, 2, 1), np.uint8)), "age": Numbers(np.arange(2))})
    with pytest.raises(DataError, match=r"Pictures \('image'\) are learned from alone, .*: age"):
        fit(mixed, np.arange(2))
    assert fit(mixed.without("age"), np.arange(2)).shape == (1, 2, 2)


def test_no_samples_become_an_empty_tensor() -> None:
    dataset = Dataset(
        {
            "n": Numbers(np.array([1.0, np.nan])),
            "c": Categories.of(["a", None]),
            "d": Times(np.array(["2020-01-01", "NaT"], "datetime64[us]")),
            "e": Arrays(np.ones((2, 3))),
        }
    )
    assert fit(dataset, np.arange(2)).encode(dataset[:0]).shape == (0, 9)
    pictures = Dataset({"image": Pictures(np.zeros((2, 4, 5, 3), np.uint8))})
    assert fit(pictures, np.arange(2)).encode(pictures[:0]).shape == (0, 3, 4, 5)


def test_a_dataset_of_another_kind_is_refused() -> None:
    preprocessing = fit(table(a=[1.0, 2.0], c=["x", "y"]), np.arange(2))
    with pytest.raises(DataError, match="Column 'a' holds categories such as 'old' in row 1, expected numbers"):
        preprocessing.encode(table(a=["old", "new"], c=["x", "y"]))
    with pytest.raises(DataError, match=r"trained on 'c', which is missing. Did you mean 'cc'\?"):
        preprocessing.encode(table(a=[1.0], cc=["x"]))
