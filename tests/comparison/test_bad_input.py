"""Tables as they come: each is learned from after a stated decision, or refused with what to do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glia
from glia.errors import ConfigError, DataError, GliaError

COUNT = 120
DRAW = np.random.default_rng(0)
X = DRAW.normal(size=COUNT)
LABELS = np.where(X + 0.5 * DRAW.normal(size=COUNT) > 0, "yes", "no")
BASE = pd.DataFrame({"x": X, "z": DRAW.normal(size=COUNT), "y": LABELS})
ROWS = np.arange(COUNT)

GOOD = {
    "target missing": (
        BASE.assign(y=np.where(ROWS % 10 == 0, None, LABELS)),
        "12 of 120 rows have no 'y' and were left out",
    ),
    "number as id": (BASE.assign(customer=ROWS + 1000), "Column 'customer' has another whole number in every row"),
    "text as id": (BASE.assign(key=[f"u{row:06x}" for row in ROWS]), "Column 'key' has another text in every row"),
    "leak": (
        BASE.assign(refund=np.where(LABELS == "yes", 2.0, 5.0)),
        "'refund' alone predicts 'y' almost perfectly: 100.0%",
    ),
    "infinite": (BASE.assign(x=np.where(ROWS % 20 == 0, np.inf, X)), "Column 'x' has 6 infinite values, taken as gaps"),
    "mixed": (
        BASE.assign(m=[str(row) if row % 3 else "abc" for row in ROWS]),
        "'m' mixes numbers and words: 80 of its 120 values are numbers",
    ),
    "one feature": (BASE[["x", "y"]], ""),
    "constant": (BASE.assign(k=1), "Column 'k' has the one value 1: it is no feature"),
    "empty column": (BASE.assign(g=np.nan), "Column 'g' is empty: it is no feature"),
    "dates": (BASE.assign(when=pd.date_range("2020-01-01", periods=COUNT)), "Split by time of 'when'"),
    "rare class": (BASE.assign(y=np.where(ROWS == 5, "odd", LABELS)), "'odd'"),
    "unseen category": (BASE.assign(town=[f"t{row % 3}" if row < 110 else f"rare {row}" for row in ROWS]), ""),
}
REFUSED = {
    "one column": (BASE[["y"]], "no columns to learn from|0 features and"),
    "no rows": (BASE.iloc[:0], "no rows"),
    "one row": (BASE.iloc[:1], "1 training row is too few|1 different sample"),
    "constant target": (BASE.assign(y="same"), "has the one value 'same' in all"),
    "a class each row": (
        pd.DataFrame({"x": np.arange(1500.0) / 7, "y": [f"c{row}" for row in range(1500)]}),
        r"has 1,\d+ different values in 1,\d+ rows|has 1,500 different values in 1,500 rows",
    ),
    "infinite target": (BASE.assign(y=np.where(ROWS % 9 == 0, np.inf, X)), "Column 'y', the target, is inf in row 1"),
}
WRITE: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "parquet": lambda frame, path: frame.to_parquet(path),
}


def written(frame: pd.DataFrame, kind: str, folder: Path) -> Path:
    path = folder / f"table.{kind}"
    WRITE[kind](frame, path)
    return path


def compare(path: Path) -> list[str]:
    report = glia.compare(path, target="y", models=["baseline", "naive-bayes"], folds=3, repeats=1, curve=False)
    assert report.standings[0].mean.mean > 0.4
    return list(report.warnings)


def train(path: Path) -> list[str]:
    run = glia.train(path, target="y", model="naive-bayes")
    assert run.state == "done"
    return list(run.warnings)


@pytest.mark.parametrize("kind", WRITE)
@pytest.mark.parametrize("case", GOOD)
def test_a_decision_is_made_and_told(home, tmp_path: Path, case: str, kind: str) -> None:
    frame, message = GOOD[case]
    path = written(frame, kind, tmp_path)
    for verb in (compare, train):
        assert message in " ".join(verb(path)), verb.__name__


@pytest.mark.parametrize("kind", WRITE)
@pytest.mark.parametrize("case", REFUSED)
def test_what_nothing_can_be_learned_from_is_refused(home, tmp_path: Path, case: str, kind: str) -> None:
    frame, message = REFUSED[case]
    path = written(frame, kind, tmp_path)
    for verb in (compare, train):
        with pytest.raises(GliaError, match=message):
            verb(path)
    assert not list(glia.runs())


def test_two_columns_of_one_name_are_refused(home, tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("x,x,y\n" + "".join(f"{row},{row},{'ab'[row % 2]}\n" for row in range(9)))
    for verb in (compare, train):
        with pytest.raises(GliaError, match=r"twice\.csv has 2 columns named 'x'\. Give each column a name of its own"):
            verb(path)


def test_three_rows_are_trained_on_and_compared_on_as_many_folds(home, tmp_path: Path) -> None:
    path = written(BASE.iloc[[0, 1, 2]].assign(y=["no", "yes", "no"]), "csv", tmp_path)
    with pytest.raises(GliaError, match="folds=5 cannot be had of 3 different samples: give 2 to 3"):
        glia.compare(path, target="y", models=["baseline", "naive-bayes"])
    said = " ".join(compare(path))
    assert "leaves none of it to learn from: class 'yes' (1 sample)." in said
    assert (
        "Judged by some of the 3 folds only, since there are too few samples for all: class 'no' (2 samples)." in said
    )
    assert "Without a sample to judge, and left out: 1 of 3 rounds." in said
    assert "In 2 of 2 rounds all samples judged are of one class" in said
    assert any("No sample is left to test on" in said for said in train(path))


def test_many_categories_are_kept_to_the_most_frequent(home, tmp_path: Path) -> None:
    count, draw = 3000, np.random.default_rng(1)
    codes = draw.integers(0, 1000, count)
    frame = pd.DataFrame({"code": [f"c{code}" for code in codes], "y": np.where(codes % 2, "odd", "even")})
    path = written(frame.assign(x=draw.normal(size=count)), "parquet", tmp_path)
    for verb in (compare, train):
        assert "Column 'code': the 100 most frequent categories are kept" in " ".join(verb(path))


def test_a_target_that_mixes_numbers_and_words_is_named_where_it_is_the_cause(tmp_path: Path) -> None:
    rows = "".join(f"{row},{row / 7:.2f}\n" for row in range(40)) + "40,?\n41,n/v\n"
    path = tmp_path / "mixed.csv"
    path.write_text("x,y\n" + rows, encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"no metric 'r2'.* Column 'y' mixes numbers and words: 40 of its 42"
    ) as found:
        glia.compare(str(path), target="y", metric="r2")
    assert "--without" not in str(found.value), "the target cannot be left out"
    with pytest.raises(DataError, match=r"holds text such as '\?'"):
        glia.train(str(path), target="y", task="regression")
