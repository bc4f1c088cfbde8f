import pickle
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glia.data.columns import Arrays, Categories, Numbers, Pictures, Times
from glia.data.dataset import Dataset
from glia.data.opening import open_dataset
from glia.errors import ConfigError, DataError
from tests.data.samples import table


@pytest.fixture
def mixed() -> Dataset:
    return Dataset(
        {
            "age": Numbers(np.array([30.0, np.nan, 50.0, 61.0])),
            "colour": Categories.of(["red", None, "blue", "red"]),
            "seen": Times(np.array(["2020-01-01", "NaT", "2021-05-05", "2022-01-01"], "datetime64[us]")),
            "window": Arrays(np.arange(12.0).reshape(4, 3)),
            "image": Pictures(np.arange(4 * 2 * 2 * 3, dtype=np.uint8).reshape(4, 2, 2, 3)),
            "y": Numbers(np.array([0, 1, 0, 1])),
        },
        target="y",
        name="mixed",
    )


def test_a_sample_is_a_dict_of_plain_values(mixed: Dataset) -> None:
    sample = mixed[-3]
    assert sample["age"] is None
    assert sample["colour"] is None
    assert sample["seen"] is None
    assert sample["y"] == 1
    assert mixed[0]["seen"] == datetime(2020, 1, 1)
    assert mixed[0]["window"].tolist() == [0, 1, 2]
    assert [one["y"] for one in mixed] == [0, 1, 0, 1]
    with pytest.raises(IndexError, match="Sample 4 of 4"):
        mixed[4]


@pytest.mark.parametrize(
    ("rows", "ages"),
    [(slice(2), [30, None]), ([3, 0], [61, 30]), (np.array([False, True, True, False]), [None, 50])],
)
def test_slices_positions_and_masks_give_datasets(mixed: Dataset, rows: slice, ages: list[float | None]) -> None:
    part = mixed[rows]
    assert [part[row]["age"] for row in range(len(part))] == ages
    assert part.target == "y"


def test_a_mask_of_another_length_is_refused(mixed: Dataset) -> None:
    with pytest.raises(IndexError, match="3 entries for 4 samples"):
        mixed[np.array([True, False, True])]


def test_features_are_neither_target_nor_ignored(mixed: Dataset) -> None:
    assert list(mixed.without("age", "image").features) == ["colour", "seen", "window"]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(DataError, match="one length, not a: 2, b: 3"):
        Dataset({"a": Numbers(np.zeros(2)), "b": Numbers(np.zeros(3))})


def test_a_misspelt_target_is_proposed() -> None:
    with pytest.raises(DataError, match=r"Column 'prise' is not in houses.csv. Did you mean 'price'\?"):
        Dataset({"price": Numbers(np.zeros(2))}, "prise", "houses.csv")


def test_asking_for_targets_where_there_are_none_lists_the_columns() -> None:
    with pytest.raises(DataError, match=r"made has no target.*--target.*There are: a, b"):
        table(a=[1, 2], b=[1, 2]).targets()


def test_the_version_follows_names_kinds_values_and_order() -> None:
    base = table(a=[1, 2, 3], b=["x", "y", "x"])
    assert len(base.version) == 16
    assert base.version == table(a=[1.0, 2.0, 3.0], b=["x", "y", "x"]).version
    others = [
        table(c=[1, 2, 3], b=["x", "y", "x"]),
        table(a=[1, 2, 4], b=["x", "y", "x"]),
        table(a=[1, 3, 2], b=["x", "x", "y"]),
        table(b=["x", "y", "x"], a=[1, 2, 3]),
        table(a=["1", "2", "3"], b=["x", "y", "x"]),
        base[:2],
    ]
    assert len({base.version, *(other.version for other in others)}) == 7


def test_the_official_split_belongs_to_the_version() -> None:
    columns = {"a": Numbers(np.arange(2))}
    one = Dataset(columns, official=np.array(["train", "test"]))
    assert one.version != Dataset(columns, official=np.array(["test", "train"])).version != Dataset(columns).version


def test_a_csv_file_a_parquet_file_and_a_frame_have_one_version(tmp_path) -> None:
    frame = pd.DataFrame(
        {
            "n": [1, 2, 3],
            "x": [0.5, None, 2.25],
            "text": ["a", None, "b b"],
            "yes": [True, False, True],
            "day": pd.to_datetime(["2024-01-01", "2024-02-29", "2025-01-01"]),
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    made = [open_dataset(source) for source in (tmp_path / "t.csv", tmp_path / "t.parquet", frame)]
    assert len({dataset.version for dataset in made}) == 1
    assert [column.kind for column in made[0].columns.values()] == [
        "numbers", "numbers", "categories", "categories", "times"
    ]  # fmt: skip


def test_frame_and_arrow_give_the_same_dataset_back(mixed: Dataset, tmp_path) -> None:
    assert open_dataset(mixed.frame(), target="y").version == mixed.version
    assert open_dataset(mixed.arrow(), target="y").version == mixed.version
    pq.write_table(mixed.arrow(), tmp_path / "mixed.parquet")
    assert open_dataset(tmp_path / "mixed.parquet", target="y").version == mixed.version
    assert mixed.arrow().schema.field("y").type == pa.int64()
    assert mixed.frame()["seen"].iloc[0].to_pydatetime().replace(tzinfo=UTC) == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_sample_of_a_share_keeps_the_order_and_repeats() -> None:
    dataset = table(a=list(range(100)))
    part = dataset.sample(0.25, seed=3)
    values = part.columns["a"].values()
    assert len(part) == 25
    assert (np.diff(values) > 0).all()
    assert (dataset.sample(0.25, seed=3).columns["a"].values() == values).all()
    assert (dataset.sample(0.25, seed=4).columns["a"].values() != values).any()
    with pytest.raises(ConfigError, match=r"share=1.5 is not a share"):
        dataset.sample(1.5)


def test_splitting_gives_three_datasets_and_says_how() -> None:
    dataset = table(a=list(range(1000)), y=list(range(1000)))
    train, validation, test = dataset.split(train=0.8, test=0.2)
    assert len(train) + len(test) == 1000
    assert len(validation) == 0
    assert "Split by content hash." in train.said
    assert sum(len(part) for part in dataset.split()) == 1000
    with pytest.raises(ConfigError, match=r"Unknown setting 'split.trian'"):
        dataset.split(trian=0.8)
    with pytest.raises(ConfigError, match=r"sum to 0.8"):
        dataset.split(train=0.8)


def test_folds_are_pairs_of_datasets() -> None:
    pairs = table(a=list(range(10)), y=["a", "b"] * 5).folds(5)
    assert [(len(train), len(validation)) for train, validation in pairs] == [(8, 2)] * 5


def test_streaming_passes_every_sample_once() -> None:
    dataset = table(a=list(range(10)), b=["x"] * 10)
    batches = list(dataset.stream(batch_size=4))
    assert [len(batch["b"]) for batch in batches] == [4, 4, 2]
    assert np.concatenate([batch["a"] for batch in batches]).tolist() == list(range(10))
    shuffled = np.concatenate([batch["a"] for batch in dataset.stream(batch_size=3, shuffle=True, seed=1)])
    assert sorted(shuffled.tolist()) == list(range(10))
    assert shuffled.tolist() != list(range(10))
    with pytest.raises(ConfigError, match="batch_size=0 is too small"):
        next(dataset.stream(batch_size=0))


def test_it_can_be_copied_to_another_process(mixed: Dataset) -> None:
    assert pickle.loads(pickle.dumps(mixed)).version == mixed.version


def test_no_samples_are_a_dataset_too(mixed: Dataset) -> None:
    assert len(mixed[:0]) == 0
    assert list(mixed[:0].stream(batch_size=2)) == []
    assert mixed[:0].frame().shape == (0, 6)
    assert len(mixed[:0].contents()) == 0
    assert len(mixed[:0].version) == 16


def test_it_shows_what_it_is(mixed: Dataset) -> None:
    assert repr(mixed) == (
        "<Dataset mixed: 4 samples, target y (age: numbers, colour: 2 categories, seen: times, window: arrays 3, "
        "image: pictures 2×2×3, y: numbers)>"
    )
