import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from torch.utils.data import TensorDataset

from glia.data.opening import open_dataset
from glia.errors import DataError, NotFoundError
from tests.data.samples import photos, picture, table

FLOWERS = "length,colour,species\n" + "".join(
    f"{i / 10},{'red' if i % 3 else 'blue'},{'ab'[i % 2]}\n" for i in range(20)
)


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    path = tmp_path / "flowers.csv"
    path.write_text(FLOWERS)
    return path


def test_files_folders_frames_arrays_and_torch_objects_are_opened(tmp_path, flowers) -> None:
    frame = pd.read_csv(flowers)
    frame.to_parquet(tmp_path / "f.parquet")
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 2)), y=[1, 2, 3])
    x, y = np.zeros((20, 2)), np.arange(20)
    sources: list[object] = [
        flowers, str(flowers), tmp_path / "f.parquet", tmp_path / "d.npz", photos(tmp_path / "p", {"a": 2, "b": 2}),
        frame, frame.to_dict("list"), frame.to_dict("records"), pa.Table.from_pandas(frame), (x, y), x,
        torch.zeros(3, 2), TensorDataset(torch.zeros(3, 2), torch.arange(3)), table(a=[1, 2]), "iris",
    ]  # fmt: skip
    lengths = [len(open_dataset(source)) for source in sources]
    assert lengths == [20, 20, 20, 3, 4, 20, 20, 20, 20, 20, 20, 3, 3, 2, 150]


def test_a_table_keeps_its_file_name_and_takes_its_target(flowers) -> None:
    dataset = open_dataset(flowers, target="species")
    assert dataset.name == "flowers.csv"
    assert list(dataset.features) == ["length", "colour"]
    assert dataset.said == ()
    assert open_dataset(flowers, name="mine").name == "mine"
    assert open_dataset(flowers).target == ""


def test_a_dataset_is_itself_and_may_get_another_target(flowers) -> None:
    dataset = open_dataset(flowers, target="species")
    assert open_dataset(dataset) is dataset
    assert open_dataset(dataset, target="species") is dataset
    assert list(open_dataset(dataset, target="colour").features) == ["length", "species"]


def test_what_a_user_left_out_stays_out_under_another_target(flowers) -> None:
    dataset = open_dataset(flowers, target="species").without("length")
    assert list(open_dataset(dataset, target="colour").features) == ["species"]


def test_a_missing_file_is_told_with_those_beside_it(flowers, monkeypatch) -> None:
    with pytest.raises(NotFoundError, match=r"no file or folder '.*flower.csv'. Did you mean '.*flowers.csv'\?"):
        open_dataset(flowers.with_name("flower.csv"))
    monkeypatch.chdir(flowers.parent)
    with pytest.raises(NotFoundError, match=r"no file or folder 'flowers.cvs'. Did you mean 'flowers.csv'\?"):
        open_dataset("flowers.cvs")
    assert open_dataset("breast_cancer").name == "breast-cancer"
    with pytest.raises(NotFoundError, match=r"no data set or file 'mnits'. Did you mean 'mnist'\?"):
        open_dataset("mnits")
    with pytest.raises(NotFoundError, match=r"no file or folder 'nowhere/x.csv'"):
        open_dataset("nowhere/x.csv")
    with pytest.raises(NotFoundError, match="no data to open"):
        open_dataset("")


def test_the_catalogue_comes_before_a_folder_of_that_name(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    photos(tmp_path / "iris", {"a": 1, "b": 1})
    assert open_dataset("iris").said == ("'iris' is the set of the catalogue; for what lies here, write './iris'.",)
    assert len(open_dataset("./iris")) == 2


def test_files_that_are_no_data_are_refused(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    picture(1).save(tmp_path / "one.png")
    with pytest.raises(DataError, match=r"notes.txt' cannot be read by its name: expected .csv.* ends in .csv"):
        open_dataset(tmp_path / "notes.txt")
    (tmp_path / "book.xlsx").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"book.xlsx' cannot be read .* Save the sheet as CSV, or read it in Python"):
        open_dataset(tmp_path / "book.xlsx")
    with pytest.raises(DataError, match=r"one.png' is one picture: to learn from pictures, give a folder"):
        open_dataset(tmp_path / "one.png")
    with pytest.raises(DataError, match="A int cannot be read as data"):
        open_dataset(3)


def test_a_misspelt_target_is_proposed(flowers) -> None:
    with pytest.raises(DataError, match=r"Column 'specis' is not in flowers.csv. Did you mean 'species'\?"):
        open_dataset(flowers, target="specis")
    with pytest.raises(DataError, match=r"flowers.csv has no target.*There are: length, colour, species"):
        open_dataset(flowers).targets()


def test_rows_without_a_target_are_left_out_and_that_is_said() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3, 4], "y": ["p", None, "q", None]})
    dataset = open_dataset(frame, target="y")
    assert dataset.targets().tolist() == ["p", "q"]
    assert dataset.columns["a"].values().tolist() == [1, 3]
    assert dataset.said == ("2 of 4 rows have no 'y' and were left out.",)
    assert open_dataset((np.zeros(3), [1.0, np.nan, 2.0])).targets().tolist() == [1, 2]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, np.inf], r"Column 'y', the target, is inf in row 2: expected finite numbers. Mend it"),
        ([None, None], r"Column 'y', the target, is empty in all 2 rows"),
        (
            pd.to_datetime(["2024-01-01", "2024-01-02"]),
            r"Column 'y' holds times: a target is numbers or categories. Give .*number",
        ),
    ],
)
def test_a_target_that_cannot_be_learned_is_refused(values: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_dataset(pd.DataFrame({"a": [1, 2], "y": values}), target="y")


def test_columns_that_teach_nothing_are_no_features() -> None:
    n = 12
    frame = pd.DataFrame(
        {
            "Id": range(1, n + 1),
            "ticket": [f"T{i}" for i in range(n)],
            "same": ["x"] * n,
            "empty": [None] * n,
            "known": [1.0] * (n - 1) + [None],  # that it is missing may tell something
            "year": range(2000, 2000 + n),
            "size": np.linspace(0, 1, n),
            "y": [0, 1] * (n // 2),
        }
    )
    dataset = open_dataset(frame, target="y")
    assert list(dataset.features) == ["known", "year", "size"]
    assert dataset.said == (
        "Column 'Id' counts the rows: it is no feature.",
        "Column 'ticket' has another text in every row, as an id has: it is no feature.",
        "Column 'same' has the one value 'x': it is no feature.",
        "Column 'empty' is empty: it is no feature.",
    )
    assert "ticket" in dataset.columns


def test_the_index_that_pandas_wrote_is_no_feature(tmp_path) -> None:
    pd.DataFrame({"a": [3, 1, 2], "y": [0, 1, 0]}).to_csv(tmp_path / "t.csv")
    assert list(open_dataset(tmp_path / "t.csv", target="y").features) == ["a"]


def test_the_index_that_parquet_kept_is_no_feature(tmp_path) -> None:
    pd.DataFrame({"a": [3, 1, 2], "b": [1, 2, 3], "y": [0, 1, 0]})[1:].to_parquet(tmp_path / "t.parquet")
    assert list(open_dataset(tmp_path / "t.parquet", target="y").features) == ["a", "b"]


def test_a_file_that_may_not_be_read_is_told(flowers, monkeypatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"flowers.csv' may not be read by you"):
        open_dataset(flowers)


def test_infinite_features_are_gaps_and_that_is_said() -> None:
    dataset = open_dataset(pd.DataFrame({"a": [1.0, np.inf, -np.inf], "y": [0, 1, 0]}), target="y")
    assert dataset.columns["a"].gaps.tolist() == [False, True, True]
    assert dataset.said == ("Column 'a' has 2 infinite values, taken as gaps.",)


def test_bad_pictures_stop_or_are_skipped(tmp_path) -> None:
    folder = photos(tmp_path / "p", {"a": 2, "b": 2})
    (folder / "a" / "0.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"a/0.png' cannot be read: .* leave such files out \(--skip-bad\)"):
        open_dataset(folder)
    dataset = open_dataset(folder, skip_bad=True)
    assert len(dataset) == 3
    assert "1 of 4 picture files could not be read and were left out." in dataset.said


def test_a_column_given_as_data_is_refused() -> None:
    with pytest.raises(DataError, match=r"A Series is one column, expected a table: give a frame, and name the column"):
        open_dataset(pd.Series([1, 2, 3], name="price"))


def test_columns_that_are_numbered_are_named_by_their_number() -> None:
    frame = pd.DataFrame(np.arange(12).reshape(4, 3) ** 2)
    assert open_dataset(frame, target=2).target == "2"
    assert open_dataset(frame, target=0).targets().tolist() == [0, 9, 36, 81]


def test_a_text_target_that_differs_in_nearly_every_row_looks_like_an_id() -> None:
    names = [f"k{i}" for i in range(20)]
    said = "Column 'y', the target, has 20 different texts in 20 rows: it looks like an id"
    assert open_dataset({"a": [*range(10)] * 2, "y": names}, target="y").said[0].startswith(said)
    assert open_dataset({"a": [*range(10)] * 2, "y": names[:10] * 2}, target="y").said == ()


def test_numbers_that_floats_cannot_tell_apart_are_said_to_be_such() -> None:
    dataset = open_dataset({"a": [10**25 + i for i in range(3)], "y": [0, 1, 0]}, target="y")
    assert dataset.said == ("Column 'a' has the one value 1e+25 as far as double precision tells: it is no feature.",)


def test_no_rows_are_told() -> None:
    with pytest.raises(DataError, match="X has 2 columns and no rows: expected a row per sample"):
        open_dataset(pd.DataFrame({"a": [], "y": []}), target="y")


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("customer_id", list(range(3, 60, 3)), True),
        ("order no", list(range(3, 60, 3)), True),
        ("ticket", [row * 7 % 120 + 100 for row in range(120)], True),  # successive numbers in another order
        ("year", list(range(1990, 2020)), False),
        ("grid", list(range(3, 60, 3)), False),
        ("customer_id", [1, 1, *range(2, 19)], False),
    ],
)
def test_whole_numbers_that_tell_rows_apart_are_told(name: str, values: list[int], told: bool) -> None:
    dataset = open_dataset({name: values, "y": [0.5 * value for value in range(len(values))]}, target="y")
    assert name in dataset.features
    assert (
        any("looks like an id" in said and f"--without {shlex.quote(name)}." in said for said in dataset.said) == told
    )
