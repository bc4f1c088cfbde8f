"""A table on disk is divided as the same table in memory: the same samples on the same sides, and the same is said."""

from pathlib import Path

import numpy as np
import pytest

from glia.data import parquet, streamed_splits, streaming
from glia.data.opening import open_dataset
from glia.data.splits import Division, divide
from glia.errors import DataError
from glia.recipe import Split
from tests.data.streamed import columns, write


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PIECE", 64)
    monkeypatch.setattr(streamed_splits, "MOST_COMPARED", 90)
    monkeypatch.setattr(parquet, "BATCH", 50)


def both(path: Path, target: str, split: Split, seed: int = 1337) -> tuple[Division, Division]:
    return (
        divide(open_dataset(path, target=target, stream=False), split, seed),
        divide(open_dataset(path, target=target, stream=True), split, seed),
    )


def same(whole: Division, streamed: Division) -> None:
    for part in ("train", "validation", "test"):
        assert np.array_equal(getattr(whole, part), getattr(streamed, part)), part
    assert whole.rule == streamed.rule
    assert whole.said == streamed.said


@pytest.mark.parametrize("target", ["label", "amount"])
@pytest.mark.parametrize("by", ["", "content", "k", "colour", "k or none"])
def test_the_parts_are_those_of_the_table_in_memory(tmp_path, target: str, by: str) -> None:
    same(*both(write(tmp_path / "t.parquet", columns(700)), target, Split(by=by)))


def test_another_seed_and_other_shares_give_other_parts_in_both(tmp_path) -> None:
    path = write(tmp_path / "t.parquet", columns(500))
    first = both(path, "label", Split(by="content"), 1)
    second = both(path, "label", Split(train=0.5, validation=0.5, test=0.0, by="content"), 2)
    same(*first)
    same(*second)
    assert len(second[1].test) == 0
    assert not np.array_equal(first[1].train, second[1].train)


def test_copies_stay_on_one_side_and_few_contents_are_said(tmp_path) -> None:
    draw = np.random.default_rng(0)
    path = write(tmp_path / "t.parquet", {"x": draw.integers(0, 60, 600), "y": draw.normal(size=600)})
    whole, streamed = both(path, "y", Split())
    same(whole, streamed)
    x = open_dataset(path, target="y").columns["x"].values()
    assert not set(x[streamed.train]) & set(x[streamed.test])
    assert "Only 60 of 600 samples differ" in streamed.said[-1]


def test_copies_of_other_groups_leave_training(tmp_path) -> None:
    draw = np.random.default_rng(1)
    x = draw.normal(size=600)
    x[:200] = x[200:400]
    path = write(tmp_path / "t.parquet", {"x": x, "who": draw.integers(0, 40, 600), "y": draw.normal(size=600)})
    whole, streamed = both(path, "y", Split(by="who"))
    same(whole, streamed)
    assert any("equal a validation or test sample and were left out" in said for said in streamed.said)


@pytest.mark.parametrize("seed", range(12))
def test_classes_and_parts_that_would_be_empty_take_the_nearest_group(tmp_path, seed: int) -> None:
    """One sample of the rare class, and as few groups as there are parts: what hashes give is put right."""
    draw = np.random.default_rng(seed)
    label = np.array(["often"] * 60, object)
    label[int(draw.integers(60))] = "once"
    given = {"x": draw.normal(size=60), "who": draw.integers(0, 4, 60), "label": label, "two": (label == "once") * 1}
    path = write(tmp_path / "t.parquet", given)
    for target, by in (("label", ""), ("label", "who"), ("two", ""), ("two", "who")):
        same(*both(path, target, Split(by=by), seed))


@pytest.mark.parametrize("days", [2, 3, 5])
def test_few_moments_are_divided_as_in_memory(tmp_path, days: int) -> None:
    draw = np.random.default_rng(days)
    when = np.datetime64("2024-01-01", "us") + draw.integers(0, days, 300).astype("timedelta64[D]")
    when[::50] = np.datetime64("NaT")
    path = write(tmp_path / "t.parquet", {"x": draw.normal(size=300), "when": when, "y": draw.normal(size=300)})
    same(*both(path, "y", Split()))


def test_unknown_and_overfull_groups_are_refused(tmp_path, monkeypatch) -> None:
    path = write(tmp_path / "t.parquet", columns(200))
    with pytest.raises(DataError, match=r"by='clour' is not a column of t\.parquet\. Did you mean 'colour'"):
        divide(open_dataset(path, target="amount", stream=True), Split(by="clour"), 0)
    with pytest.raises(DataError, match="by='amount' is the target"):
        divide(open_dataset(path, target="amount", stream=True), Split(by="amount"), 0)
    monkeypatch.setattr("glia.data.stored.MOST_LABELS", 2)
    with pytest.raises(DataError, match="by='colour' has more different texts than are told apart"):
        divide(open_dataset(path, target="amount", stream=True), Split(by="colour"), 0)
