import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, Subset, TensorDataset
from torch.utils.data import Dataset as TorchDataset

from glia.data.arrays import feature_columns, pair_dataset, read_arrays, torch_dataset
from glia.errors import DataError
from tests.data.samples import picture


class Items(TorchDataset):
    def __init__(self, items: list[object]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> object:
        return self.items[row]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.zeros((4, 3)), {"x0": "numbers", "x1": "numbers", "x2": "numbers"}),
        (np.zeros(4), {"x0": "numbers"}),
        (np.zeros((4, 2), bool), {"x0": "numbers", "x1": "numbers"}),
        (np.zeros((4, 5, 2)), {"x": "arrays"}),
        (np.zeros((4, 6, 5), np.uint8), {"image": "pictures"}),
        (np.zeros((4, 6, 5, 3), np.uint8), {"image": "pictures"}),
        (torch.zeros(4, 3, 6, 5, dtype=torch.uint8), {"image": "pictures"}),
        (np.zeros((4, 6, 5, 7), np.uint8), {"x": "arrays"}),
        (torch.zeros(4, 1, 6, 5), {"x": "arrays"}),
        ([[1, 2.5], [3, 4]], {"x0": "numbers", "x1": "numbers"}),
        ([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], {"a": "numbers", "b": "categories"}),
    ],
)
def test_type_and_shape_say_what_an_array_is(array: object, expected: dict[str, str]) -> None:
    columns, _ = feature_columns(array)
    assert {name: column.kind for name, column in columns.items()} == expected


def test_channels_first_are_turned_and_that_is_said() -> None:
    first = np.random.default_rng(0).integers(0, 256, (2, 3, 6, 5), dtype=np.uint8)
    columns, said = feature_columns(first)
    assert (columns["image"].values() == first.transpose(0, 2, 3, 1)).all()
    assert said == ["The shape (2, 3, 6, 5) was read as pictures, channels first (N, C, H, W)."]


def test_the_fourth_channel_is_opacity() -> None:
    pixels = np.array([[[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 128]]]], np.uint8)
    columns, said = feature_columns(pixels)
    assert columns["image"].values().tolist() == [[[[255, 0, 0], [255, 255, 255], [127, 127, 127]]]]
    assert "opacity" in said[0]


def test_x_and_y_make_a_dataset() -> None:
    dataset = pair_dataset(np.zeros((3, 2)), ["a", "b", "a"])
    assert dataset.target == "y"
    assert dataset.targets().tolist() == ["a", "b", "a"]
    assert pair_dataset(np.zeros((3, 2)), torch.tensor([[1], [2], [3]]), "size").targets().tolist() == [1, 2, 3]
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    assert pair_dataset(frame, pd.Series([True, False], name="sold")).target == "sold"
    assert pair_dataset(frame, pd.DataFrame({"price": [1.0, 2.0]})).targets().tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((3, 2)), np.zeros(4), "X has 3 samples and y has 4"),
        (np.zeros((3, 2)), np.zeros((3, 2)), r"y has the shape \(3, 2\), expected one target per sample: \(3,\)"),
        (np.zeros((0, 2)), np.zeros(0), r"X has the shape \(0, 2\)"),
        (np.array([["a", "b"]]), [1], "X holds <U1, expected numbers"),
        ([[1, 2], [3]], [1, 2], "2 items of different shapes"),
        ({"y": [1, 2]}, [1, 2], "X has a column 'y' already"),
    ],
)
def test_what_is_wrong_with_x_and_y_is_told(x: object, y: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        pair_dataset(x, y)


def test_npz_files_of_x_and_y(tmp_path) -> None:
    np.savez(tmp_path / "d.npz", X=np.zeros((3, 4, 4), np.uint8), y=np.array([1, 2, 1]))
    dataset = read_arrays(tmp_path / "d.npz")
    assert dataset.columns["image"].kind == "pictures"
    assert dataset.targets().tolist() == [1, 2, 1]


def test_npz_files_with_their_own_split(tmp_path) -> None:
    np.savez(tmp_path / "d.npz", x_train=np.zeros((3, 2)), y_train=[0, 1, 0], x_test=np.ones((2, 2)), y_test=[1, 1])
    dataset = read_arrays(tmp_path / "d.npz")
    assert dataset.official is not None
    assert dataset.official.tolist() == ["train"] * 3 + ["test"] * 2
    assert dataset.columns["x0"].values().tolist() == [0, 0, 0, 1, 1]


def test_npz_files_of_named_columns(tmp_path) -> None:
    np.savez(tmp_path / "d.npz", age=[1, 2], name=["a", "b"], face=np.zeros((2, 4, 4, 3), np.uint8), e=np.zeros((2, 3)))
    kinds = {name: column.kind for name, column in read_arrays(tmp_path / "d.npz").columns.items()}
    assert kinds == {"age": "numbers", "name": "categories", "face": "pictures", "e": "arrays"}


def test_npy_files_are_features(tmp_path) -> None:
    np.save(tmp_path / "d.npy", np.arange(6).reshape(3, 2))
    assert read_arrays(tmp_path / "d.npy").columns["x1"].values().tolist() == [1, 3, 5]


def test_objects_are_not_unpickled_and_broken_files_are_named(tmp_path) -> None:
    np.save(tmp_path / "o.npy", np.array([{}, []], object), allow_pickle=True)
    with pytest.raises(DataError, match=r"o.npy' cannot be read as NumPy arrays: .*executes code: save numbers"):
        read_arrays(tmp_path / "o.npy")
    (tmp_path / "b.npz").write_bytes(b"PK no zip")
    with pytest.raises(DataError, match=r"b.npz' cannot be read as NumPy arrays"):
        read_arrays(tmp_path / "b.npz")


def test_torch_datasets_and_loaders_are_read() -> None:
    x, y = torch.arange(12.0).reshape(4, 3), torch.tensor([0, 1, 0, 1])
    whole = TensorDataset(x, y)
    for data in (whole, DataLoader(whole, batch_size=2), Items([(x[i], y[i]) for i in range(4)])):
        dataset = torch_dataset(data)
        assert dataset.columns["x2"].values().tolist() == [2, 5, 8, 11]
        assert dataset.targets().tolist() == [0, 1, 0, 1]
    assert torch_dataset(Subset(whole, [3, 1])).targets().tolist() == [1, 1]
    assert torch_dataset(TensorDataset(x)).target == ""
    assert torch_dataset(Items(list(x)), "").columns["x0"].values().tolist() == [0, 3, 6, 9]


def test_torch_items_may_be_dicts_pillow_pictures_and_texts() -> None:
    dataset = torch_dataset(
        Items([{"a": 1, "text": "x", "e": torch.zeros(2, 2)}, {"a": 2, "text": "y", "e": torch.ones(2, 2)}])
    )
    assert {name: column.kind for name, column in dataset.columns.items()} == {
        "a": "numbers",
        "text": "categories",
        "e": "arrays",
    }
    pictures = torch_dataset(Items([(picture(1), "cat"), (picture(2), "dog")]))
    assert (pictures.columns["image"].values()[1] == np.asarray(picture(2))).all()
    assert pictures.targets().tolist() == ["cat", "dog"]


class Endless(IterableDataset):
    def __iter__(self):
        yield torch.zeros(2)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (Endless(), "Endless has no items by number: expected a map-style Dataset"),
        (Items([]), "Items has no samples"),
        (Items([(1, 2, 3)]), "Each item has 3 parts, expected"),
        (Items([(torch.zeros(2), 0), (torch.zeros(3), 0)]), r"Item 1 has the shape \(3,\) and item 0 \(2,\)"),
    ],
)
def test_what_is_wrong_with_a_torch_dataset_is_told(data: TorchDataset, message: str) -> None:
    with pytest.raises(DataError, match=message):
        torch_dataset(data)
