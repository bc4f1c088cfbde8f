"""Numbers with separators, currency signs and percent: read where one way alone reads them, told where not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glia.data.columns import Categories, Numbers
from glia.data.opening import open_dataset
from glia.data.preprocessing import Preprocessing, fit
from glia.data.tables import frame_columns, read_table
from glia.data.written_numbers import are_numbers, ways_of
from glia.errors import DataError


@pytest.mark.parametrize(
    ("texts", "numbers", "words"),
    [
        (["1,234,567", "12"], [1234567, 12], "with ',' between thousands"),
        (["1,234.5", "+985"], [1234.5, 985], "with ',' between thousands"),
        (["1.234.567", "-5"], [1234567, -5], "with '.' between thousands"),
        (["1.234,50", "2,5"], [1234.5, 2.5], "with '.' between thousands and ',' before decimals"),
        (["1'234", "5"], [1234, 5], "with an apostrophe between thousands"),
        (["1’234.5"], [1234.5], "with an apostrophe between thousands"),
        (["1 234", "2\u202f345\u00a0678"], [1234, 2345678], "with a blank between thousands"),
        (["1 234,5", "0,25"], [1234.5, 0.25], "with a blank between thousands and ',' before decimals"),
        (["3,14", "2,718"], [3.14, 2.718], "with ',' before decimals"),
        (["0,123"], [0.123], "with ',' before decimals"),
        (["$1,200", "-$5.50", "$ 7"], [1200, -5.5, 7], "with ',' between thousands and '$'"),
        (["$12", "$7.25"], [12, 7.25], "with '$'"),
        (["1.200,50 €", "5€"], [1200.5, 5], "with '.' between thousands and ',' before decimals and '€'"),
        (["12 %", "5.5%"], [12, 5.5], "with '%'"),
        (["100.200.300.400", "127.100.200.100"], [100200300400, 127100200100], "with '.' between thousands"),
    ],
)
def test_what_one_way_alone_reads_is_a_number(texts: list[str], numbers: list[float], words: str) -> None:
    (way,) = ways_of(texts)
    assert (way.values.tolist(), way.words) == (numbers, words)
    columns, said = frame_columns({"a": [*texts, None]}, "x")
    assert isinstance(columns["a"], Numbers)
    assert columns["a"].values()[:-1].tolist() == numbers
    assert columns["a"].gaps.tolist() == [False] * len(texts) + [True]
    assert said == [f"Column 'a' is read as numbers {words}."]


@pytest.mark.parametrize(
    "texts",
    [
        ["01,234"],  # a code
        ["1,2,3", "4"],
        ["192.168.0.1"],
        ["192.168.100.101", "127.100.200.255"],
        ["2024 01", "12:30"],
        ["(1,234)"],
        ["٣", "1٣"],
        ["12,34,567"],
        ["1,234", "n/a"],
        ["5 kg"],
        ["$5", "5"],
        ["1.5", "2,5"],
        ["007", "008"],
        ["1", "2.5"],  # text that Python reads: whoever gives text may mean text
        ["", "1,234.5"],
        [],
    ],
)
def test_what_is_no_number_or_no_matter_of_writing_stays_text(texts: list[str]) -> None:
    assert ways_of(texts) == []


@pytest.mark.parametrize(
    ("texts", "mark", "example"),
    [
        (["985", "1,234"], ",", "'1,234'. Write them as 1234 or as 1.234, whichever is meant."),
        (["€1,459", "€1,509"], ",", "'€1,459'. Write them as 1459 or as 1.459, whichever is meant."),
        (["$3.459", "$3.509"], ".", "'$3.459'. Write them as 3.459 or as 3459, whichever is meant."),
    ],
)
def test_what_may_be_read_in_two_ways_is_not_guessed(texts: list[str], mark: str, example: str) -> None:
    columns, said = frame_columns({"a": texts}, "x")
    assert columns["a"].values().tolist() == texts
    assert said == [
        f"Column 'a' was read as categories: it cannot be told what '{mark}' means in numbers such as {example}"
    ]


def read(tmp_path: Path, content: str) -> tuple[dict[str, object], list[str]]:
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    columns, said = read_table(path)
    return {name: column.values().tolist() for name, column in columns.items()}, said


def test_decimals_of_other_columns_tell_what_a_comma_is(tmp_path) -> None:
    columns, said = read(tmp_path, 'price,z\n"1,234",0.5\n985,1\n')
    assert columns["price"] == [1234, 985]
    assert said == ["Column 'price' is read as numbers with ',' between thousands."]
    columns, said = read(tmp_path, 'price,z\n"1,234",5\n985,1\n')
    assert columns["price"] == ["1,234", "985"], "nothing tells"
    columns, said = read(tmp_path, 'answers,z\n"1,3",0.5\n"2,4",1\n')
    assert columns["answers"] == ["1,3", "2,4"]
    assert said == [
        "Column 'answers' was read as categories: it cannot be told what ',' means in numbers such as '1,3'. Write "
        "them as 1.3 if that is meant."
    ]


def test_points_are_between_thousands_where_a_file_has_decimal_commas(tmp_path) -> None:
    columns, said = read(tmp_path, "x;p;q\n0,13;63.865;1.5\n2,5;985;2\n")
    assert columns == {"x": [0.13, 2.5], "p": [63865, 985], "q": [1.5, 2.0]}
    assert said[1:] == ["Column 'p' is read as numbers with '.' between thousands."]


def test_commas_are_between_thousands_where_a_file_has_decimal_points(tmp_path) -> None:
    columns, said = read(tmp_path, "x;p\n0.13;63,865\n2.5;985\n")
    assert columns == {"x": [0.13, 2.5], "p": [63865, 985]}
    assert said[1:] == ["Column 'p' is read as numbers with ',' between thousands."]


def test_a_comma_that_is_between_thousands_elsewhere_is_no_sign_of_decimals(tmp_path) -> None:
    assert read(tmp_path, "x;p\n1,234;1\n2,345;2\n")[0]["x"] == [1.234, 2.345]
    for other in ("1,234,567", "1,234.50", "$1,234.50"):
        columns, said = read(tmp_path, f"x;p\n1,234;{other}\n2,345;{other}\n")
        assert columns["x"] == ["1,234", "2,345"]
        assert "'1,234'. Write them as 1234 or as 1.234, whichever is meant." in said[1]


def prices() -> Preprocessing:
    frame = pd.DataFrame({"price": [f"{1000 * n:,}.5" for n in range(1, 13)], "y": np.arange(12) / 2})
    dataset = open_dataset(frame, target="y")
    return Preprocessing.from_dict(fit(dataset[np.arange(12) % 2 == 0], np.arange(6)).to_dict())


def test_what_is_predicted_on_is_read_as_what_was_trained_on() -> None:
    samples = prices().read({"price": "1,234"})  # which alone could be either
    assert prices().encode(samples).tolist() == prices().encode(prices().read({"price": 1234})).tolist()
    assert samples.said == ("Column 'price' is read as numbers with ',' between thousands.",)
    assert prices().read({"price": ["1,234.5"]}).said == samples.said
    with pytest.raises(DataError, match=r"Column 'price' holds categories such as 'cheap' in row 2, expected numbers"):
        prices().read({"price": ["1,234", "cheap"]})


@pytest.mark.parametrize(
    ("trained", "asked", "meant"),
    [
        ('a,y\n"1.234,5",1\n"9,5",2\n', "a\n1.234\n", 1234),
        ('a,y\n"1.234,5",1\n"9,5",2\n', "a\n0.5\n1.234\n", 1.234),  # which has points before decimals
        ("a;y\n1,234.5;1\n9.5;2\n", "a;b\n1,234;1\n", 1234),
    ],
)
def test_a_file_to_predict_is_read_as_the_one_trained_on(tmp_path, trained: str, asked: str, meant: float) -> None:
    (tmp_path / "trained.csv").write_text(trained)
    (tmp_path / "asked.csv").write_text(asked)
    prepared = fit(open_dataset(tmp_path / "trained.csv", target="y"), np.arange(2))
    assert prepared.read(tmp_path / "asked.csv").columns["a"].values()[-1] == meant


def test_gaps_and_infinities_that_training_had_none_of_are_told() -> None:
    assert prices().read({"price": [np.inf, None, 2.0]}).said == (
        "Column 'price' has 1 infinite value, taken as gaps.",
        "Column 'price' has 1 gap and had none in training: each counts as the mean.",
    )


def test_a_column_that_mixes_numbers_and_words_is_told_with_what_to_do() -> None:
    columns, said = frame_columns({"my age": ["31", "1,234", "40.5", "high", None, "low"]}, "x")
    assert isinstance(columns["my age"], Categories)
    assert said == [
        "Column 'my age' mixes numbers and words: 3 of its 5 values are numbers, others are not, such as 'high' in row "
        "4. It was read as categories. Mend these values, or empty them, if it is meant as numbers; or leave the "
        "column out: --without 'my age'."
    ]
    assert frame_columns({"room": ["12", "a", "b"]}, "x")[1] == [], "words, one of which looks like a number"


def test_text_that_is_all_numbers_with_decimals_is_told() -> None:
    _, said = frame_columns({"a": ["1.5", "2"]}, "x")
    assert said[0].startswith(
        "Column 'a' is text, though all of it reads as numbers such as '1.5': read as categories."
    )
    assert frame_columns({"postcode": ["80331", "01067"]}, "x")[1] == []


@pytest.mark.parametrize("text", ["1", "-1e5", ".5", "nan", "1,234", "€ 5", "12 %", "1'000.5"])
def test_a_number_by_itself_is_one_in_any_writing(text: str) -> None:
    assert are_numbers([text, f"{text}x"]).tolist() == [True, False]
