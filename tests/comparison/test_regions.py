"""Decision regions: which columns, what each learner predicts over them, and that they are kept and drawn."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import glia
from glia.comparison.regions import CELLS, MOST_CLASSES, OTHERS, plane
from glia.comparison.report import Report
from glia.data.opening import open_dataset
from glia.errors import ConfigError, DataError
from glia.pictures import Regions
from glia.record.drawing import draw

NEIGHBOURS = "sklearn.neighbors:KNeighborsClassifier"


def noise(count: int = 200, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(size=count)


def table(count: int = 200) -> pd.DataFrame:
    """The class is whether a and b have the same sign: neither column alone tells it."""
    draw = np.random.default_rng(0)
    a, b = draw.uniform(-1, 1, (2, count))
    frame = pd.DataFrame({"noise": noise(count), "a": a, "b": b, "town": draw.choice(["x", "y"], count)})
    return frame.assign(y=np.where(a * b > 0, "same", "other"))


def compared(data: object, **given: object) -> Report:
    asked = {"models": ["baseline", NEIGHBOURS, "decision-tree"], "folds": 5, "repeats": 1, "curve": False, **given}
    return glia.compare(data, target="y", **asked)  # type: ignore[arg-type]


def regions_of(report: Report) -> dict[str, Regions]:
    return {name: picture for name, picture in report.pictures if isinstance(picture, Regions)}


def test_every_learner_but_the_baseline_is_drawn_over_the_columns_named(home) -> None:
    report = compared(table(), regions=["a", "b"])
    drawn = regions_of(report)
    assert set(drawn) == {f"regions/{NEIGHBOURS}", "regions/decision-tree"}
    picture = drawn[f"regions/{NEIGHBOURS}"]
    assert re.fullmatch(r"KNeighborsClassifier: (9.\.|100\.)\d% of 40 unseen right", picture.title)
    assert (picture.x, picture.y, picture.classes) == ("a", "b", ("other", "same"))
    cells = np.array(picture.cells)
    assert cells.shape == (CELLS, CELLS)
    true = np.sign(np.outer(picture.ys, picture.xs)) > 0
    assert (cells == true).mean() > 0.9
    assert [name for name, _, _ in picture.groups] == ["other", "same"]
    for number, (_, xs, ys) in enumerate(picture.groups):
        assert all((x * y > 0) == number for x, y in zip(xs, ys, strict=True))
    assert {medium.name for medium in glia.run(report.run)._reader.media if medium.kind == "picture"} >= set(drawn)
    assert draw(picture).axes[0].get_xlabel() == "a"


def test_the_two_columns_that_tell_most_together_are_found() -> None:
    frame = table(400)
    a, b = frame["a"], frame["b"]
    frame = frame.assign(copy=2 * a, y=np.where(a > 0, "r", np.where(b > 0, "s", "t")))
    found = plane(open_dataset(frame, target="y"), (), classes=True)
    assert set(found) in ({"a", "b"}, {"copy", "b"})  # not a column and its copy
    more = pd.DataFrame({f"noise {at}": noise(400, at) for at in range(120)})
    wide = pd.concat([frame, more], axis=1)
    assert set(plane(open_dataset(wide, target="y"), (), classes=True)) == set(found)


def test_many_classes_have_colours_as_far_as_they_go() -> None:
    frame = pd.DataFrame({"a": np.repeat(np.arange(12.0), 20), "b": noise(240)})
    frame["y"] = [f"c{int(a):02}" for a in frame["a"]]
    picture = regions_of(compared(frame, models=["decision-tree", NEIGHBOURS], regions=True))["regions/decision-tree"]
    assert len(picture.classes) == MOST_CLASSES
    assert picture.classes[-1] == OTHERS
    assert set(np.unique(picture.cells)) == set(range(MOST_CLASSES))


def test_gaps_and_one_that_fails_are_no_end(home) -> None:
    frame = table()
    frame.loc[::7, "a"] = np.nan
    report = compared(
        frame, models=["decision-tree", "sklearn.naive_bayes:MultinomialNB", "naive-bayes"], regions=["a", "b"]
    )
    assert "regions/decision-tree" in regions_of(report)
    assert any("MultinomialNB has no decision regions: " in said and "egative" in said for said in report.warnings)


@pytest.mark.parametrize(
    ("named", "error", "message"),
    [
        (["a"], ConfigError, "over two columns, not over a"),
        (["a", "a"], ConfigError, "over two columns, not over a, a"),
        (["a", "bb"], ConfigError, "Column 'bb' is none that .* is learned from. Did you mean 'b'"),
        (["a", "town"], ConfigError, "Column 'town' holds categories"),
    ],
)
def test_what_is_no_plane_is_refused_before_anything_is_recorded(home, named, error, message) -> None:
    with pytest.raises(error, match=message):
        compared(table(), regions=named)
    assert not list(glia.runs())


def test_numbers_and_too_few_columns_have_no_regions(home) -> None:
    frame = pd.DataFrame({"a": noise(60, 1), "b": noise(60, 2), "y": noise(60, 3)})
    with pytest.raises(ConfigError, match="Regions are of classes, and 'y' is a number"):
        glia.compare(frame, target="y", regions=True)
    with pytest.raises(DataError, match="has 1 column of numbers"):
        compared(table()[["a", "town", "y"]], regions=True)
