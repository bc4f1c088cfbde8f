from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from PIL import Image

from glia.data.columns import Arrays, Categories, Numbers, Pictures, Times
from glia.data.dataset import Dataset
from glia.data.opening import open_dataset
from glia.data.preprocessing import Preprocessing, fit
from glia.errors import DataError, NotFoundError
from tests.data.samples import photos, picture

FRAME = pd.DataFrame(
    {
        "id": range(1, 13),
        "rooms": [1, 2, 3, 4] * 3,
        "town": ["Ulm", "Bonn"] * 6,
        "garden": [True, False, True] * 4,
        "price": np.linspace(1, 2, 12),
    }
)


@pytest.fixture
def houses() -> Preprocessing:
    return fit(open_dataset(FRAME, target="price"), np.arange(12))


@pytest.fixture
def pets(tmp_path: Path) -> tuple[Preprocessing, Dataset]:
    dataset = open_dataset(photos(tmp_path / "pets", {"cat": 4, "dog": 4}))
    return fit(dataset, np.arange(8)), dataset


def test_rows_may_come_in_any_form(houses: Preprocessing, tmp_path) -> None:
    expected = houses.encode(open_dataset(FRAME, target="price"))[:2]
    features = FRAME.drop(columns=["id", "price"])[:2]
    features.to_csv(tmp_path / "new.csv", index=False)
    features.to_parquet(tmp_path / "new.parquet")
    forms: list[object] = [
        features,
        features[["garden", "town", "rooms"]],
        features.to_dict("list"),
        features.to_dict("records"),
        pa.Table.from_pandas(features),
        features.values.tolist(),
        tuple(map(tuple, features.values.tolist())),
        features.to_numpy(),
        tmp_path / "new.csv",
        str(tmp_path / "new.parquet"),
        open_dataset(FRAME, target="price")[:2],
    ]
    for form in forms:
        assert torch.equal(houses.encode(houses.read(form)), expected), form


@pytest.mark.parametrize(
    "one",
    [
        {"rooms": 1, "town": "Ulm", "garden": True},
        [1, "Ulm", True],
        pd.Series({"rooms": 1, "town": "Ulm", "garden": True}),
        [{"rooms": 1, "town": "Ulm", "garden": True}],
    ],
)
def test_one_sample_may_come_alone(houses: Preprocessing, one: object) -> None:
    assert torch.equal(houses.encode(houses.read(one)), houses.encode(open_dataset(FRAME, target="price"))[:1])


def test_columns_known_from_training_are_passed_over_in_silence(houses: Preprocessing) -> None:
    assert houses.read(FRAME).said == ()
    assert list(houses.read(FRAME).columns) == ["rooms", "town", "garden"]


def test_unknown_columns_and_categories_are_said(houses: Preprocessing) -> None:
    samples = houses.read(FRAME.assign(colour="red", town="Rome"))
    assert samples.said == (
        "The model does not know 'colour': ignored.",
        "Column 'town': 1 of its categories is unknown to the model ('Rome').",
    )
    assert houses.encode(samples)[:, 1:3].sum() == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"room": 1, "town": "Ulm", "garden": True}, r"trained on 'rooms', which is missing. Did you mean 'room'\?"),
        ({"rooms": 1}, "trained on 'town', 'garden', which are missing"),
        (
            {"rooms": "many", "town": "Ulm", "garden": True},
            "Column 'rooms' holds categories such as 'many' in row 1, expected numbers",
        ),
        ([[1, "Ulm"]], "takes 3 columns, and a row has 2 values"),
        (np.zeros((2, 5)), "takes 3 columns, and a row has 5 values"),
        (3, "A int is nothing to predict on"),
        (FRAME[:0], "The DataFrame has no samples: there is nothing to predict"),
        ({"rooms": [], "town": [], "garden": []}, "The dict has no samples: there is nothing to predict"),
        (np.zeros((0, 3)), "The ndarray has no samples: there is nothing to predict"),
        ([], "The list has no samples: there is nothing to predict"),
    ],
)
def test_what_is_wrong_with_inputs_is_told(houses: Preprocessing, given: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        houses.read(given)


def test_files_that_are_not_there_or_no_tables_are_told(houses: Preprocessing, tmp_path) -> None:
    with pytest.raises(NotFoundError, match=r"no file 'new.csv'"):
        houses.read("new.csv")
    picture(1).save(tmp_path / "x.png")
    with pytest.raises(DataError, match=r"x.png' is no table: the model takes the columns rooms, town, garden"):
        houses.read(tmp_path / "x.png")


def test_gaps_and_numbers_as_categories_are_understood() -> None:
    dataset = Dataset(
        {
            "n": Numbers(np.array([1.0, 3.0])),
            "c": Categories.of(["1", "x"]),
            "day": Times(np.array(["2020-01-01", "2020-01-03"], "datetime64[us]")),
        }
    )
    preprocessing = fit(dataset, np.arange(2))
    samples = preprocessing.read({"n": [None, None], "c": [1, 2], "day": ["2020-01-01", "2020-01-02"]})
    assert preprocessing.encode(samples).tolist() == [[0, 1, 0, -1], [0, 0, 0, 0]]
    assert preprocessing.encode(preprocessing.read({"n": [1, 1], "c": [1, None], "day": ["2020-01-01"] * 2}))[0, 1] == 1
    with pytest.raises(DataError, match="Column 'day' holds numbers such as 3, expected dates such as 2024-05-31"):
        preprocessing.read({"n": [1], "c": ["x"], "day": [3]})


def test_one_column_takes_a_list_of_numbers() -> None:
    preprocessing = fit(open_dataset((np.array([[1.0], [3.0]]), [0, 1])), np.arange(2))
    assert preprocessing.encode(preprocessing.read([1, 3, 2])).tolist() == [[-1], [1], [0]]
    assert preprocessing.encode(preprocessing.read(np.array([1, 3]))).tolist() == [[-1], [1]]


def test_pictures_may_come_in_any_form(pets, tmp_path) -> None:
    preprocessing, dataset = pets
    paths = dataset.columns["image"].paths
    pixels = dataset.columns["image"].values()
    first, whole = preprocessing.encode(dataset)[:1], preprocessing.encode(dataset)
    np.save(tmp_path / "p.npy", pixels)
    for one in (
        paths[0],
        Path(paths[0]),
        [paths[0]],
        Image.open(paths[0]),
        pixels[0],
        pixels[0] / 255,
        pixels[0].transpose(2, 0, 1),
        {"image": pixels[:1]},
    ):
        assert torch.equal(preprocessing.encode(preprocessing.read(one)), first), type(one)
    for many in (
        list(paths),
        [Image.open(path) for path in paths],
        pixels,
        torch.from_numpy(pixels).permute(0, 3, 1, 2),
        tmp_path / "pets",
        tmp_path / "p.npy",
        dataset,
        {"image": pixels},
    ):
        assert torch.equal(preprocessing.encode(preprocessing.read(many)), whole), type(many)


def test_pictures_of_another_size_or_colour_are_fitted(pets) -> None:
    preprocessing, _ = pets
    for other in (
        picture(1, 20, 30),
        np.zeros((20, 30), np.uint8),
        np.zeros((20, 30, 4), np.uint8),
        [picture(1, 9, 9), picture(2, 8, 7, grey=True)],
    ):
        assert preprocessing.encode(preprocessing.read(other)).shape[1:] == (3, 6, 5)


def test_what_is_wrong_with_pictures_is_told(pets, tmp_path) -> None:
    preprocessing, _ = pets
    (tmp_path / "bad.png").write_text("x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match=r"no picture 'seven.png'"):
        preprocessing.read("seven.png")
    with pytest.raises(DataError, match=r"bad.png' cannot be read: it is not a picture. Replace it.$"):
        preprocessing.read(tmp_path / "bad.png")
    FRAME.to_csv(tmp_path / "new.csv")
    with pytest.raises(DataError, match=r"new.csv' is a table, and the model reads pictures: give picture files"):
        preprocessing.read(tmp_path / "new.csv")
    with pytest.raises(DataError, match=r"empty' holds no pictures"):
        preprocessing.read(tmp_path / "empty")
    with pytest.raises(DataError, match="bytes from 0 to 255, or floats from 0 to 1, not float64"):
        preprocessing.read(np.full((6, 5, 3), 2.0))
    with pytest.raises(DataError, match=r"shape \(1, 2, 3, 4, 5\) is none of pictures"):
        preprocessing.read(np.zeros((1, 2, 3, 4, 5), np.uint8))
    with pytest.raises(DataError, match="Column 'image' holds numbers such as 1, expected pictures of 6x5 pixels"):
        preprocessing.read(Dataset({"image": Numbers(np.array([1]))}))


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_laid_flat_are_not_taken_for_one(channels: int) -> None:
    pixels = np.random.default_rng(0).random((5, 8, 8, channels))
    preprocessing = fit(Dataset({"image": Pictures((pixels * 255).astype(np.uint8))}), np.arange(5))
    sides = "8, 8" if channels == 1 else "8, 8, 3"
    for flat in (pixels.reshape(5, -1), pixels[0].ravel()):
        with pytest.raises(DataError, match=rf"shape .* is no picture; .* Give array.reshape\(-1, {sides}\)"):
            preprocessing.read(flat)
    assert len(preprocessing.read(pixels)) == 5


def test_arrays_come_alone_or_many(tmp_path) -> None:
    windows = np.random.default_rng(0).normal(size=(5, 4, 3))
    preprocessing = fit(Dataset({"x": Arrays(windows)}), np.arange(5))
    expected = preprocessing.encode(Dataset({"x": Arrays(windows)}))
    assert torch.equal(preprocessing.encode(preprocessing.read(windows)), expected)
    assert torch.equal(preprocessing.encode(preprocessing.read(windows[2])), expected[2:3])
    assert torch.equal(preprocessing.encode(preprocessing.read({"x": windows})), expected)
    np.save(tmp_path / "w.npy", windows)
    assert torch.equal(preprocessing.encode(preprocessing.read(tmp_path / "w.npy")), expected)
    with pytest.raises(DataError, match=r"arrays of the shape \(9, 3\), expected arrays of the shape \(4, 3\)"):
        preprocessing.read(np.zeros((2, 9, 3)))


def test_bytes_given_to_a_model_of_arrays_are_arrays() -> None:
    arrays = np.zeros((3, 4, 4, 1), np.float32)
    preprocessing = fit(Dataset({"x": Arrays(arrays)}), np.arange(3))
    samples = preprocessing.read(Dataset({"x": Pictures(np.zeros((2, 4, 4, 1), np.uint8))}))
    assert samples.columns["x"].kind == "arrays"
