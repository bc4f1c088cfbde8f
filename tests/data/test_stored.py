"""A Parquet table left on disk is the same dataset as the table read whole, or refused with the same words."""

import errno
import os
import re
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glia.data import parquet, stored, streaming
from glia.data.dataset import Dataset
from glia.data.opening import open_dataset
from glia.data.scratch import Scratch
from glia.errors import DataError
from tests.data.streamed import columns, write

LEFT = "it is left on disk and gone through in pieces"


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PIECE", 64)
    monkeypatch.setattr(parquet, "BATCH", 50)


def both(path: Path, target: str = "") -> tuple[Dataset, Dataset]:
    return open_dataset(path, target=target, stream=False), open_dataset(path, target=target, stream=True)


def same(whole: Dataset, streamed: Dataset) -> None:
    assert streamed.streaming is not None
    assert whole.streaming is None
    assert {**whole.columns}.keys() == {**streamed.columns}.keys()
    assert whole.arrow().equals(streamed.arrow())
    assert [column.kind for column in whole.columns.values()] == [column.kind for column in streamed.columns.values()]
    assert whole.version == streamed.version
    assert whole.ignored == streamed.ignored
    assert list(whole.said) == [said for said in streamed.said if not said.endswith(LEFT + ".")]


@pytest.mark.parametrize("target", ["", "label", "amount", "flag", "k or none"])
def test_every_kind_of_column_is_what_it_is_in_memory(tmp_path, target: str) -> None:
    whole, streamed = both(write(tmp_path / "t.parquet", columns(400)), target)
    same(whole, streamed)
    assert streamed.said[0 if not target else -2].count("dates") or any("dates" in said for said in streamed.said)


def test_numbers_in_text_are_read_and_mixed_columns_told_as_in_memory(tmp_path) -> None:
    price = [None if n == 70 else f"{n * 1000:,}.5" for n in range(300)]
    age = ["old" if n in (150, 151) else str(n % 90) for n in range(300)]
    whole, streamed = both(write(tmp_path / "t.parquet", {"price": price, "whole": ["$1,200"] * 300, "age": age}))
    same(whole, streamed)
    assert whole.columns["price"].item(2) == 2000.5
    assert any("such as 'old' in row 151" in said for said in whole.said)


def test_rows_without_a_target_are_left_out_and_counted(tmp_path) -> None:
    y = np.arange(300.0)
    y[[0, 7, 64, 65, 299]] = np.nan
    whole, streamed = both(write(tmp_path / "t.parquet", {"x": np.arange(300) ** 2, "y": y}), "y")
    same(whole, streamed)
    assert len(streamed) == 295
    assert streamed.columns["x"].values()[:3].tolist() == [1, 4, 9]
    assert "5 of 300 rows have no 'y' and were left out." in streamed.said


def test_another_target_leaves_the_dataset_as_it_was(tmp_path) -> None:
    path = write(tmp_path / "t.parquet", columns(300))
    dataset = open_dataset(path, stream=True)
    before = dataset.arrow()
    other = open_dataset(dataset, target="label")
    assert len(other) < len(dataset) == 300
    assert dataset.arrow().equals(before)
    assert other.arrow().equals(open_dataset(path, target="label", stream=False).arrow())


@pytest.mark.parametrize(
    "values",
    [
        [1] * 120 + [None],  # gaps show at the end, and the statistics know
        [None] * 120 + ["late"],
        [None] * 120 + ["2024-01-31"],
        ["2024-01-31"] * 120 + ["someday"],
        ["2024-01-31"] * 60 + [None] * 60,
        ["a", None] * 60 + ["b"],
        [None] * 121,
        [True] * 120 + [None],
        [True] * 121,
        ["1", "2", "3", "4", "5", "six"] * 20,
        np.array([1] * 60 + [2**63 + 5] * 60, np.uint64),
        [[1.0, 2.0]] * 120,
    ],
)
@pytest.mark.parametrize("statistics", [True, False])
def test_what_a_column_is_may_show_late(tmp_path, values: list[object], statistics: bool) -> None:
    table = pa.table({"v": pa.array(values), "x": np.random.default_rng(0).normal(size=len(values))})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=50, write_statistics=statistics)
    same(*both(tmp_path / "t.parquet"))


def test_row_groups_of_any_size_and_several_files_give_one_table(tmp_path) -> None:
    given = columns(400)
    whole = pa.table(given)
    folder = tmp_path / "parts"
    folder.mkdir()
    with pq.ParquetWriter(tmp_path / "t.parquet", whole.schema) as writer:
        for start, end in ((0, 1), (1, 3), (3, 230), (230, 231), (231, 400)):
            writer.write_table(whole[start:end])
    pq.write_table(whole[:150], folder / "0.parquet")
    pq.write_table(whole[150:], folder / "1.parquet", row_group_size=70)
    expected = open_dataset(write(tmp_path / "whole.parquet", given), target="label")
    assert open_dataset(tmp_path / "t.parquet", target="label", stream=True).version == expected.version
    for stream in (True, False):
        assert open_dataset(folder, target="label", stream=stream).version == expected.version
    (folder / "_metadata.parquet").write_text("left out")
    pq.write_table(whole.select(["x", "k"])[:3], folder / "2.parquet")
    with pytest.raises(DataError, match=r"2\.parquet' has the columns x \(double\), k \(int64\), and .*0\.parquet"):
        open_dataset(folder, target="label")


def test_texts_beyond_those_that_are_told_apart_are_gaps(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(stored, "MOST_LABELS", 48)
    draw = np.random.default_rng(0)
    given = {
        "town": [f"town {min(number, 90)}" for number in draw.geometric(0.02, 500).tolist()],
        "name": [f"person {number}" for number in range(500)],
        "x": draw.normal(size=500),
    }
    dataset = open_dataset(write(tmp_path / "t.parquet", given), target="x", stream=True)
    assert dataset.columns["town"].gaps.sum() > 0
    assert list(dataset.features) == ["town"]
    assert "Column 'town' has more than 48 different texts: those that come after them count as gaps." in dataset.said
    assert any("'name' has another text in nearly every row, as an id has" in said for said in dataset.said)
    with pytest.raises(DataError, match="'town', the target, has more than 48 different texts"):
        open_dataset(tmp_path / "t.parquet", target="town", stream=True)


def test_bad_targets_are_refused_as_in_memory(tmp_path) -> None:
    y = np.arange(200.0)
    y[150] = -np.inf
    path = write(tmp_path / "t.parquet", {"x": np.arange(200), "y": y, "none": [None] * 200})
    for stream in (True, False):
        with pytest.raises(DataError, match="'y', the target, is -inf in row 151: expected finite numbers"):
            open_dataset(path, target="y", stream=stream)
        with pytest.raises(DataError, match="'none', the target, is empty in all 200 rows"):
            open_dataset(path, target="none", stream=stream)
        with pytest.raises(DataError, match="Column 'z' is not in"):
            open_dataset(path, target="z", stream=stream)


def test_some_rows_are_read_as_in_memory(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(streaming, "SCATTERED", 16)
    given = {**columns(300), "list": [[float(number), 1.0] for number in range(300)]}
    whole, streamed = both(write(tmp_path / "t.parquet", given))
    rows = np.random.default_rng(0).permutation(300)[:100]
    for chosen in (rows, np.arange(300) % 3 == 0, slice(5, 60), [3, 1]):
        assert whole[chosen].arrow().equals(streamed[chosen].arrow())
        assert streamed[chosen].streaming is None
    assert len(streamed[np.arange(0)]) == 0
    assert streamed[7]["list"].tolist() == [7.0, 1.0]


def test_tables_without_rows_or_with_a_name_twice_are_refused(tmp_path) -> None:
    pq.write_table(pa.table({"x": pa.array([], pa.int64())}), tmp_path / "none.parquet")
    with pytest.raises(DataError, match="1 columns and no rows"):
        open_dataset(tmp_path / "none.parquet", stream=True)
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a "])
    pq.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(DataError, match="2 columns named 'a'"):
        open_dataset(tmp_path / "twice.parquet", stream=True)


def test_a_spoiled_row_group_is_named(tmp_path) -> None:
    path = tmp_path / "t.parquet"
    table = pa.table({"x": np.random.default_rng(0).normal(size=400)})
    pq.write_table(table, path, row_group_size=100, compression="zstd", use_dictionary=False)
    place = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[place + 40 : place + 400] = bytes(360)
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"cannot be read as Parquet \(row group 3 of 4\): "):
        open_dataset(path, target="x", stream=True)
    path.write_bytes(content[:300])
    with pytest.raises(DataError, match=r"cannot be read as Parquet: "):
        open_dataset(path, stream=True)


def test_a_disk_without_room_is_told_before_and_while_it_is_written(tmp_path, monkeypatch) -> None:
    path = write(tmp_path / "t.parquet", columns(200))
    monkeypatch.setenv("GLIA_CACHE", str(tmp_path / "cache"))
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(10**9, 10**9, 1000))
    told = f"'{re.escape(str(tmp_path / 'cache'))}' has 0.0 GB free. Make room. Or name another folder .*GLIA_CACHE"
    with pytest.raises(DataError, match=told):
        open_dataset(path, stream=True)
    monkeypatch.undo()
    monkeypatch.setenv("GLIA_CACHE", str(tmp_path / "cache"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DataError, match=r"takes 0\.0 GB of disk while it is learned from"):
        open_dataset(path, stream=True)


def test_nothing_is_left_on_the_disk(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("GLIA_CACHE", str(tmp_path / "cache"))
    dataset = open_dataset(write(tmp_path / "t.parquet", columns(200)), target="label", stream=True)
    assert len(dataset) > 190
    assert list((tmp_path / "cache").iterdir()) == [], "files have no name even while they are used"


def test_arrays_on_disk_hold_what_is_written_after_their_memory_is_let_go(tmp_path) -> None:
    scratch = Scratch("t", tmp_path)
    array = scratch.array((5000, 3), np.float64)
    assert not array.any()
    array[4000] = [1, 2, 3]
    scratch.release()
    assert array[4000].tolist() == [1, 2, 3]
    assert scratch.array(0, np.int32).shape == (0,)


@pytest.mark.parametrize(("share", "streams"), [(1e-9, True), (0.5, False)])
def test_large_tables_stream_by_themselves(tmp_path, monkeypatch, share: float, streams: bool) -> None:
    monkeypatch.setattr(parquet, "IN_MEMORY", share)
    path = write(tmp_path / "t.parquet", columns(300))
    dataset = open_dataset(path, target="label")
    assert (dataset.streaming is not None) == streams
    assert any(LEFT in said for said in dataset.said) == streams
    assert open_dataset(path, target="label", stream=False).streaming is None


def test_memory_is_what_the_container_may_take(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(parquet, "CGROUP", tmp_path / "memory.max")
    machine = parquet.memory()
    (tmp_path / "memory.max").write_text("max\n")
    assert parquet.memory() == machine
    (tmp_path / "memory.max").write_text("1000000\n")
    assert parquet.memory() == 1_000_000
