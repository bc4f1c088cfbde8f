"""Trials by hand: tables as they come, and what is wrong with them."""

from pathlib import Path

import pandas as pd
import pytest

from glia.errors import ConfigError, NotFoundError
from glia.recipe import Recipe
from glia.search.methods.manual import Manual, check_rows, rows_of, space_of
from glia.search.methods.method import Brief
from tests.search.methods.playing import played

ROWS = (
    {"train.learning_rate": 0.1, "model.hidden": [64, 64], "train.optimizer": "sgd"},
    {"train.learning_rate": 0.01, "model.hidden": [8]},
)
CSV = 'train.learning-rate,model.hidden,train.optimizer\n0.1,"[64, 64]",sgd\n\n0.01,[8],\n'


def test_a_table_in_csv_parquet_or_python(tmp_path: Path) -> None:
    (tmp_path / "trials.csv").write_text(CSV)
    pd.DataFrame(ROWS).to_parquet(tmp_path / "trials.parquet")
    assert rows_of(tmp_path / "trials.csv") == ROWS
    assert rows_of(str(tmp_path / "trials.parquet")) == ROWS
    assert rows_of(pd.DataFrame(ROWS)) == ROWS
    assert rows_of(ROWS) == ROWS


def test_every_row_is_a_trial() -> None:
    trials = played(Manual(Brief(space=space_of(ROWS), rows=ROWS)), lambda *_: 0.0, count=1)
    assert tuple(dict(each.settings) for each in trials) == ROWS


def test_the_space_of_rows_is_what_occurs_in_them() -> None:
    space = space_of(({"a": 3, "b": "x"}, {"a": 1}, {"a": 3, "b": "y"}))
    assert [(each.key, each.values.all()) for each in space.dimensions] == [("a", (1, 3)), ("b", ("x", "y"))]


def test_rows_that_the_recipe_has_no_place_for() -> None:
    check_rows(ROWS, Recipe())
    with pytest.raises(ConfigError, match=r"Row 2 of the table of trials cannot be tried.*Did you mean 'epochs'"):
        check_rows([{"train.epochs": 3}, {"train.epoch": 3}], Recipe())
    with pytest.raises(ConfigError, match="Row 1"):
        check_rows([{"train.learning_rate": "fast"}], Recipe())


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "has no rows"),
        ("train.epochs\n", "has no rows"),
        ("train.epochs,train.epochs\n1,2\n", "'train.epochs' is named twice"),
        ("train.epochs,\n1,2\n", "'' is named twice or not at all"),
        ("train.epochs,train.seed\n1,2\n3\n", "line 3, has 1 cells, but there are 2 columns"),
        ("model.hidden\n[64, 64]\n", "line 2, has 2 cells"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, part: str) -> None:
    file = tmp_path / "trials.csv"
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        rows_of(file)
    assert part in str(raised.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no table of trials"):
        rows_of(tmp_path / "nothing.csv")
    (tmp_path / "broken.parquet").write_text("a,b")
    with pytest.raises(ConfigError, match="not a Parquet file"):
        rows_of(tmp_path / "broken.parquet")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ConfigError, match="not a table in CSV"):
        rows_of(tmp_path / "binary.csv")
    with pytest.raises(ConfigError, match="has no rows"):
        rows_of([])
    with pytest.raises(ConfigError, match="there are none"):
        Manual(Brief(space=space_of(ROWS)))
