"""Tables as people bring them: what is decided is said, and why something cannot be learned from."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.errors import GliaError

runner = CliRunner()
ROWS = 60
X, Z = np.random.default_rng(0).normal(size=(2, ROWS)).round(3)
Y = (3 * X + Z).round(3)
DAYS = [f"{1 + row % 28:02}.{1 + row // 28:02}.2024" for row in range(ROWS)]


def csv(**columns: object) -> bytes:
    """A file with the columns x, z and y, of which some are replaced, or further ones added before y."""
    names = {"x": X, "z": Z, **columns, "y": columns.get("y", Y)}
    rows = zip(*(np.asarray(values, object) for values in names.values()), strict=True)
    quoted = [[f'"{value}"' if "," in str(value) else str(value) for value in row] for row in rows]
    return "\n".join([",".join(names), *(",".join(row) for row in quoted)]).encode()


def every(row: int, there: object, else_: object) -> list[object]:
    """A column that is something special in every so many-th row."""
    return [there if place % row == 0 else np.asarray(else_)[place] for place in range(ROWS)]


READ = {
    "target missing in some rows": (csv(y=every(7, "", Y)), "9 of 60 rows have no 'y' and were left out."),
    "an id": (csv(id=[f"k{row}" for row in range(ROWS)]), "Column 'id' has another text in every row, as an id has"),
    "a leak": (csv(tax=0.2 * Y + 1), "Column 'tax' alone predicts 'y' almost perfectly"),
    "infinite values": (csv(x=every(10, "inf", X)), "Column 'x' has 6 infinite values, taken as gaps."),
    "numbers and words": (csv(x=every(12, "high", X)), "Column 'x' mixes numbers and words: 55 of its 60 values are"),
    "thousands": (csv(price=[f"{1000 + 731 * row:,}" for row in range(ROWS)]), "'price' is read as numbers with ','"),
    "a rare class": (csv(y=every(60, "rare", ["ab"[row % 2] for row in range(ROWS)])), ""),
    "dates": (csv(day=[f"2024-{1 + row // 28:02}-{1 + row % 28:02}" for row in range(ROWS)]), "Split by time of 'day'"),
    "dates of another kind": (csv(day=DAYS), "it holds dates such as '01.01.2024'. Write them as 2024-05-31"),
    "a byte order mark": (b"\xef\xbb\xbf" + csv(), ""),
    "semicolons": (csv().replace(b",", b";").replace(b".", b","), "are separated by ';'"),
    "an empty last column": (csv().replace(b"\n", b",\n") + b",", "Column 'column 4' is empty: it is no feature."),
    "odd names": (csv().replace(b"x,z", '"größe in m","it\'s ""z"""'.encode(), 1), ""),
    "a constant": (csv(k=[5] * ROWS), "Column 'k' has the one value 5: it is no feature."),
    "yes and no": (csv(b=X > 0), ""),
    "blanks around numbers": (csv(x=[f"  {value} " for value in X]), ""),
    "many categories": (csv(c=[f"c{row % 59}" for row in range(ROWS)]), ""),
}
REFUSED = {
    "nothing": ("t.csv", b"", "is empty: expected a header line and rows"),
    "a header alone": ("t.csv", b"x,z,y\n", "has a header (x, z, y) and no rows"),
    "three rows": (
        "t.csv",
        b"\n".join(csv().split(b"\n")[:4]),
        "too few to learn from. Give more rows, or train on all",
    ),
    "one column": ("t.csv", b"y\n1\n2\n3\n", "there is nothing to learn from"),
    "constants alone": ("t.csv", b"k,y\n" + b"5,1.5\n5,2.5\n" * 20, "Columns that are no features: k"),
    "a name twice": ("t.csv", csv().replace(b"z", b"x", 1), "has 2 columns named 'x'. Give each column a name"),
    "another encoding": ("t.csv", csv(z=["Köln"] * ROWS).decode().encode("latin-1"), "iconv -f WINDOWS-1252 -t UTF-8"),
    "ragged rows": ("t.csv", csv().replace(b"y\n", b"y\n0,", 1), "is ragged: line 2 has 4 columns, the header 3"),
    "an infinite target": ("t.csv", csv(y=every(6, "inf", Y)), "the target, is inf in row 1: expected finite numbers"),
    "one class": ("t.csv", csv(y=["a"] * ROWS), "has the one value 'a' in all"),
    "moments to learn": ("t.csv", csv(y=["2024-01-01"] * ROWS), "holds times: a target is numbers or categories. Give"),
    "huge numbers": ("t.csv", csv(y=Y * 1e299), "squares of such numbers, which forests and networks alike make least"),
    "another target": ("t.csv", csv().replace(b",y", b",why", 1), "Column 'y' is not in t.csv"),
    "a workbook": ("t.xlsx", b"PK", "Save the sheet as CSV, or read it in Python"),
    "a name that says nothing": ("t.txt", csv(), "If it is a table of text, give it a name that ends in .csv"),
}


def train(path: Path) -> tuple[str, str]:
    """The run and what was said. The model suits the target."""
    classes = any(line.endswith((b",a", b",b")) for line in path.read_bytes().split(b"\n"))
    model = "logistic-regression" if classes else "ridge"
    done = runner.invoke(app, ["train", str(path), "--target", "y", "--model", model], catch_exceptions=False)
    return glia.runs()[0].id, done.stderr


@pytest.mark.parametrize("case", READ)
def test_what_is_odd_is_decided_and_said(case: str, tmp_path) -> None:
    content, said = READ[case]
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    run, told = train(path)
    assert said in told
    assert said or "Note: Column" not in told, "nothing is odd"
    predicted = runner.invoke(app, ["predict", run, str(path), "--json"], catch_exceptions=False)
    assert len(json.loads(predicted.stdout)) == ROWS


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("command", ["train", "compare"])
def test_what_cannot_be_learned_from_is_refused_in_the_same_words(case: str, command: str, tmp_path) -> None:
    name, content, message = REFUSED[case]
    path = tmp_path / name
    path.write_bytes(content)
    models = ["--model", "mlp"] if command == "train" else ["--models", "mlp,tabm", "--folds", "2", "--repeats", "1"]
    if command == "compare" and case in ("one column", "constants alone"):
        message = "has no columns to learn from"
    with pytest.raises(GliaError) as refused:
        runner.invoke(app, [command, str(path), "--target", "y", *models], catch_exceptions=False)
    assert message in str(refused.value)
    assert not list(glia.runs()), "nothing is recorded"


@pytest.mark.parametrize(("name", "made"), [("t.tsv", lambda it: it.replace(b",", b"\t")), ("t.csv.gz", gzip.compress)])
def test_other_files_of_tables_are_read(name: str, made: Callable[[bytes], bytes], tmp_path) -> None:
    path = tmp_path / name
    path.write_bytes(made(csv()))
    assert "Note: Column" not in train(path)[1]


def test_what_is_decided_of_samples_to_predict_on_is_said(tmp_path) -> None:
    path, new = tmp_path / "t.csv", tmp_path / "new.csv"
    path.write_bytes(
        csv(c=["ab"[row % 2] for row in range(ROWS)], price=[f"{1000 + 731 * row:,}" for row in range(ROWS)])
    )
    run, _ = train(path)
    new.write_text('x,z,c,price,more\ninf,,new,"1,234",1\n0.5,1,a,"2,345",2\n')
    done = runner.invoke(app, ["predict", run, str(new)], catch_exceptions=False)
    assert done.stderr.splitlines() == [
        "Note: The model does not know 'more': ignored.",
        "Note: Column 'x' has 1 infinite value, taken as gaps.",
        "Note: Column 'z' has 1 gap and had none in training: each counts as the mean.",
        "Note: Column 'c': 1 of its categories is unknown to the model ('new').",
        "Note: Column 'price' is read as numbers with ',' between thousands.",
    ]
    new.write_text("x,z,c,price\n0.5,1,a,12\n0.5,many,a,12\n")
    with pytest.raises(GliaError, match="Column 'z' holds categories such as 'many' in row 2, expected numbers"):
        runner.invoke(app, ["predict", run, str(new)], catch_exceptions=False)


def test_a_share_alone_is_a_whole_split(tmp_path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(csv())
    settings = ["--set", "data.split.validation=0", "--model", "ridge"]
    runner.invoke(app, ["train", str(path), "--target", "y", *settings], catch_exceptions=False)
    params = glia.runs()[0].params
    assert params["data.split.validation"] == 0
    assert params["data.split.train"] + params["data.split.test"] == pytest.approx(1)
