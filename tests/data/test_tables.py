import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from glia.data.tables import columns_of, frame_columns, read_table
from glia.errors import DataError


def read(tmp_path, content: str | bytes, name: str = "t.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path)


def test_each_kind_of_column_is_found(tmp_path) -> None:
    columns, said = read(
        tmp_path,
        "whole,real,text,yes,day,moment,clock\n"
        "1,0.5, red ,true,2024-01-31,2024-01-31 10:00:00,10:30\n"
        "2,,NA,false,2024-02-01,2024-02-01T11:00:00,11:00\n",
    )
    assert {name: column.kind for name, column in columns.items()} == {
        "whole": "numbers",
        "real": "numbers",
        "text": "categories",
        "yes": "categories",
        "day": "times",
        "moment": "times",
        "clock": "numbers",
    }
    assert columns["whole"].values().dtype == np.int64
    assert columns["real"].gaps.tolist() == [False, True]
    assert columns["text"].values().tolist() == ["red", None]
    assert columns["yes"].values().dtype == bool
    assert columns["day"].item(1).day == 1
    assert columns["clock"].values().tolist() == [37800.0, 39600.0]
    assert said == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.tsv", "a\tb\n1\tx\n2\ty\n"),
        ("t.csv", "a;b\n1;x\n2;y\n"),
        ("t.csv", "a|b\n1|x\n2|y\n"),
        ("t.csv", "\ufeffa,b\r\n1,x\r\n2,y\r\n"),
        ("t.csv", 'a,b\n1,"x"\n\n2,"y"\n'),
    ],
)
def test_separators_marks_and_line_ends_are_understood(tmp_path, name: str, content: str) -> None:
    columns, _ = read(tmp_path, content, name)
    assert columns["a"].values().tolist() == [1, 2]
    assert columns["b"].values().tolist() == ["x", "y"]


def test_gzipped_tables_are_read(tmp_path) -> None:
    columns, _ = read(tmp_path, gzip.compress(b"a\tb\n1\tx\n"), "t.tsv.gz")
    assert columns["b"].values().tolist() == ["x"]


def test_decimal_commas_are_numbers_where_semicolons_separate(tmp_path) -> None:
    columns, said = read(tmp_path, "price;name\n3,14;a,b\n2,5;c\n")
    assert columns["price"].values().tolist() == [3.14, 2.5]
    assert columns["name"].values().tolist() == ["a,b", "c"]
    assert said == ["Columns of 't.csv' are separated by ';'."]


def test_a_quoted_line_break_is_part_of_a_value(tmp_path) -> None:
    assert read(tmp_path, 'a,b\n1,"x\ny"\n')[0]["b"].values().tolist() == ["x\ny"]


def test_a_column_that_turns_to_text_after_a_million_numbers_is_text(tmp_path) -> None:
    assert read(tmp_path, "a\n" + "1\n" * 600_000 + "x\n")[0]["a"].kind == "categories"


def test_numbers_with_a_stray_text_are_categories_and_that_is_said(tmp_path) -> None:
    columns, said = read(tmp_path, "age,town\n" + "".join(f"{age},x{age % 3}\n" for age in range(30)) + "?,x\n")
    assert columns["age"].kind == "categories"
    assert said == [
        "Column 'age' mixes numbers and words: 30 of its 31 values are numbers, others are not, such as '?' in row 31. "
        "It was read as categories. Mend these values, or empty them, if it is meant as numbers; or leave the column "
        "out: --without age."
    ]


def test_whole_numbers_with_leading_zeros_are_text_and_that_is_said(tmp_path) -> None:
    rows = "80331,007,0.5,0,2024-01-31 08:00\n01067,08,01.5,10,2024-01-31 09:00\n,08,2,20,\n"
    columns, said = read(tmp_path, "plz,y,real,n,day\n" + rows)
    assert columns["plz"].values().tolist() == ["80331", "01067", None]
    assert columns["y"].values().tolist() == ["007", "08", "08"]
    assert [columns[name].kind for name in ("real", "n", "day")] == ["numbers", "numbers", "times"]
    assert said[0] == "Column 'plz' was read as text: its whole numbers have leading zeros, such as 01067."
    assert len(said) == 2  # plz and y


@pytest.mark.parametrize("separator", [";", "|", "\t"])
def test_leading_zeros_are_kept_whatever_separates(tmp_path, separator: str) -> None:
    content = 'a,b\n 00,1\n"-01",2\n12345678901234567890,3\n'.replace(",", separator)
    columns, _ = read(tmp_path, content, "t.tsv" if separator == "\t" else "t.csv")
    assert columns["a"].values().tolist() == ["00", "-01", "12345678901234567890"]
    assert columns["b"].values().tolist() == [1, 2, 3]


def test_the_case_of_a_suffix_does_not_matter(tmp_path) -> None:
    assert read(tmp_path, "a\tb\n1\t2\n", "T.TSV")[0]["b"].values().tolist() == [2]
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "T.PARQUET")
    assert read_table(tmp_path / "T.PARQUET")[0]["a"].values().tolist() == [1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"t.csv' is empty: expected a header line"),
        ("\n \n", r"t.csv' is empty"),
        ("a,b\n", r"t.csv' has a header \(a, b\) and no rows"),
        ("a,b\n1,2\n3\n", r"t.csv' is ragged: line 3 has 1 column, the header 2. Give each line as many"),
        ("a,b\n1,2\n\n3,4,5\n", r"t.csv' is ragged: line 4 has 3 columns, the header 2"),
        ('a,b\n1,"x\ny"\n3\n', r"t.csv' is ragged: line 4 has 1 column, the header 2. Give each line as many"),
        ("a,b,a\n1,2,3\n", r"t.csv has 2 columns named 'a'"),
        (
            "a,b\n1,caf\xe9\n".encode("latin-1"),
            r"t.csv' is not UTF-8 text: byte 0xe9 in line 2. Save it as UTF-8: iconv -f WINDOWS-1252 -t UTF-8 t.csv",
        ),
        (
            "a,b\n1,x\n".encode("utf-16"),
            r"t.csv' is not UTF-8 text: byte 0xff in line 1. Save it as UTF-8: iconv -f UTF-16",
        ),
        ('a,b\n1,"x\n2,y\n', r"t.csv' opens a quote in line 2 that is never closed"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_told(tmp_path, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(tmp_path, content)


def test_a_cut_gzip_file_is_told(tmp_path) -> None:
    with pytest.raises(DataError, match=r"t.csv.gz' is not a whole gzip file: .*end-of-stream"):
        read(tmp_path, gzip.compress(b"a,b\n1,2\n" * 100)[:25], "t.csv.gz")


def test_a_broken_parquet_file_is_told(tmp_path) -> None:
    with pytest.raises(DataError, match=r"t.parquet' cannot be read as Parquet: .*magic"):
        read(tmp_path, b"no parquet at all", "t.parquet")


def test_a_column_without_a_name_gets_its_number(tmp_path) -> None:
    assert list(read(tmp_path, ",x\n0,5\n1,6\n")[0]) == ["column 1", "x"]


def test_frames_bring_their_types() -> None:
    frame = pd.DataFrame(
        {
            "nullable": pd.array([1, None], "Int64"),
            "category": pd.Categorical(["b", "a"]),
            "zoned": pd.to_datetime(["2024-01-01T00:00:00+01:00", "2024-01-02T00:00:00+01:00"]),
            "took": pd.to_timedelta(["1s", "2min"]),
            "vector": [np.zeros(3), np.ones(3)],
            "list": [[1, 2], [3, 4]],
            "unsigned": np.array([1, 2], np.uint8),
            "half": np.array([0.5, 1.5], np.float16),
            "empty": [None, None],
        }
    )
    columns, said = frame_columns(frame, "the frame")
    kinds = {name: column.kind for name, column in columns.items()}
    assert kinds == {
        "nullable": "numbers",
        "category": "categories",
        "zoned": "times",
        "took": "numbers",
        "vector": "arrays",
        "list": "arrays",
        "unsigned": "numbers",
        "half": "numbers",
        "empty": "numbers",
    }
    assert columns["zoned"].item(0).hour == 23
    assert columns["took"].values().tolist() == [1.0, 120.0]
    assert columns["list"].values().tolist() == [[1, 2], [3, 4]]
    assert columns["half"].values().tolist() == [0.5, 1.5]
    assert columns["empty"].gaps.all()
    assert said == []


def test_iso_dates_as_text_become_times_and_others_stay_text() -> None:
    columns, said = frame_columns({"iso": ["2024-01-01", None], "ours": ["1/2/2024", "3/4/2024"]}, "x")
    assert columns["iso"].kind == "times"
    assert columns["ours"].kind == "categories"
    assert said == [
        "Column 'iso' holds dates: read as moments, in seconds.",
        "Column 'ours' was read as categories: it holds dates such as '1/2/2024'. Write them as 2024-05-31, so that "
        "day and month are told apart.",
    ]


def test_numbers_of_several_types_are_numbers() -> None:
    columns, said = frame_columns({"a": pd.Series([1, 2.5, None, 2**70], dtype=object)}, "x")
    assert columns["a"].values()[[0, 1, 3]].tolist() == [1.0, 2.5, 2.0**70]
    assert said == []


def test_mixed_values_are_read_as_text_and_that_is_said() -> None:
    columns, said = frame_columns(pd.DataFrame({"room": pd.Series([12, "12b", None], dtype=object)}), "x")
    assert columns["room"].values().tolist() == ["12", "12b", None]
    assert "mixes numbers and words: 1 of its 2 values are numbers, others are not, such as '12b' in row 2" in said[0]
    _, said = frame_columns(pd.DataFrame({"room": pd.Series([12, "a", "b"], dtype=object)}), "x")
    assert said == ["Column 'room' mixes int and str: read as text."]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"a": [1, 2], "b": [1]}, "one length, not a: 2, b: 1"),
        ({"a": [[1], [1, 2]]}, "Column 'a' holds lists of 1 and 2 values"),
        ({"a": [["x"], ["y"]]}, "Column 'a' holds lists of string"),
        ({"a": [object(), 1]}, "Column 'a' holds int and object, expected numbers, text"),
        ({"a": [1, 2j]}, "Column 'a' holds complex and int, expected numbers, text"),
        ({"a": 3}, "Column 'a' is 3, expected one value per sample"),
        ({}, "x has 0 columns and no rows"),
        ({"a": []}, "x has 1 columns and no rows"),
    ],
)
def test_what_is_wrong_with_columns_is_told(values: dict[str, list[object]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        frame_columns(values, "x")


def test_a_type_that_cannot_be_learned_from_is_left_out_and_said() -> None:
    columns, said = columns_of(pa.table({"a": [1, 2], "meta": [{"k": 1}, {"k": 2}]}), "x")
    assert list(columns) == ["a"]
    assert said == ["Column 'meta' was left out: its type is struct<k: int64>."]


def test_dictionaries_decimals_and_tensors_of_arrow_are_read() -> None:
    table = pa.table(
        {
            "dictionary": pa.array(["x", "y"]).dictionary_encode(),
            "view": pa.array(["x", None], pa.string_view()),
            "decimal": pa.array([1, 2], pa.decimal128(5, 2)),
            "tensor": pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((2, 3, 3))),
            "picture": pa.FixedShapeTensorArray.from_numpy_ndarray(np.zeros((2, 4, 5, 3), np.uint8)),
        }
    )
    columns, _ = columns_of(table, "x")
    assert [column.kind for column in columns.values()] == [
        "categories", "categories", "numbers", "arrays", "pictures",
    ]  # fmt: skip


@pytest.mark.mirror
def test_every_table_of_the_mirror_is_read(mirror) -> None:
    paths = sorted((mirror / "pmlb").glob("*/*.tsv.gz"))
    assert len(paths) > 50
    for path in paths:
        if path.name == "schizo.tsv.gz":  # as published, with two columns of that name which differ
            with pytest.raises(DataError, match="2 columns named 'target'"):
                read_table(path)
        else:
            assert "target" in read_table(path)[0], path
