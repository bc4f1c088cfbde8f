"""Trials in the index: entries like runs, left out unless asked for, brought up to date as the study grows."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from glia import recipe as recipes
from glia.store.database import open_database
from glia.store.schema import details, facts, outlines, runs
from glia.tracking.folder.trials import read_run
from glia.tracking.index import following
from glia.tracking.index.entries import Entry
from glia.tracking.index.index import Index
from glia.tracking.index.searching import Search
from glia.tracking.log.compaction import compact
from glia.tracking.log.records import TagsRecord
from glia.tracking.recording.study import StudyRecorder
from tests.tracking.children import PATIENCE_SECONDS, child, lines
from tests.tracking.recording.test_study import BEGINS
from tests.tracking.runs import recording, searched, studying


@pytest.fixture
def index(home: Path) -> Index:
    home.mkdir()
    return Index(home)


@pytest.fixture
def filed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that are written from now on, as the last part of their id."""
    written: list[str] = []
    original: Callable[..., Any] = following.file

    def file(connection: Any, known: Any, entries: list[Entry], gone: Any = ()) -> None:
        written.extend(entry.id.rpartition("/")[2] if entry.is_trial else entry.kind for entry in entries)
        original(connection, known, entries, gone)

    monkeypatch.setattr(following, "file", file)
    return written


def test_trials_are_rows_like_runs(home: Path, index: Index) -> None:
    folder = searched(home, 3, name="s", project="p", params={"layers": 2})
    index.refresh()
    row = index.runs(f"id = '{folder.name}/2'")[0]
    assert (row.name, row.project, row.kind, row.parent) == ("s/2", "p", "trial", folder.name)
    assert (row.state, row.params, row.last) == ("done", {"layers": 2, "rate": 0.2}, {"loss": 1 / 3})
    assert (row.summary, row.directions) == ({"value": 1 / 3}, {"loss": "lower"})
    read = read_run(folder / "trials" / "2")
    assert read.ended is not None
    assert row.ended is not None
    for stored, there in ((row.created, read.created), (row.ended, read.ended), (row.updated, read.updated)):
        assert abs((stored - there).total_seconds()) < 1e-5


def test_a_trial_is_filed_by_what_it_differs_in(home: Path, index: Index) -> None:
    params = {"layers": 2, "rate": 1.0, "model": {"name": "mlp", "width": 8}, "flag": True, "search.method": "grid"}
    with studying(home, params=params) as study:
        study.begin(0, {"rate": 0.5}).end(value=0.1)
        study.begin(1, {"flag": 1, "model": {"name": "cnn"}}).end(value=0.2)
    index.refresh()
    of = f"parent = '{study.id}'"
    first, second = index.runs(of, sort="created")
    assert first.params == {**params, "rate": 0.5}
    assert second.params == {**params, "flag": 1, "model": {"name": "cnn"}}
    with open_database(home / "glia.db").read() as connection:
        rows = connection.execute(select(runs.c.id, details.c.params).join(details, details.c.run == runs.c.number))
        stored = {row.id: row.params for row in rows}
    assert stored[f"{study.id}/0"] == {"rate": 0.5, "search.method": "grid"}
    for where, numbers in {
        "params.layers = 2": [0, 1],
        "params.rate = 0.5": [0],
        "params.rate = 1.0": [1],
        "params.rate >= 0.5 and params.layers < 3": [0, 1],
        "params.'model.name' = 'mlp'": [0],
        "params.'model.name' = 'cnn'": [1],
        "params.'model.width' = 8": [0],
        "params.'model.width' is null": [1],
    }.items():
        found = index.ids(Search(where=f"{of} and {where}", sort="created"))
        assert [int(each.rpartition("/")[2]) for each in found] == numbers, where
    for words, count in {"layers=2": 2, "rate=0.5": 1, "rate=1": 1, "width=8": 1, "name=cnn": 1, "mlp": 1}.items():
        assert index.count(Search(where=of, words=words)) == count, words
    assert index.ids(Search(where=of, sort="rate")) == [f"{study.id}/0", f"{study.id}/1"]
    assert index.ids(Search(where=of, sort="-params.'model.width'"))[0] == f"{study.id}/0"


def test_trials_are_left_out_unless_they_are_asked_for(home: Path, index: Index) -> None:
    folder = searched(home, 4)
    with recording(home, parent=folder.name) as inner:
        inner.log({"loss": 0.1})
        inner.state("done")
    index.refresh()

    def found(where: str = "", **options: Any) -> list[str]:
        ids = index.ids(Search(where=where, **options))
        assert len(ids) == index.count(Search(where=where, **options))
        return [id_.rpartition("/")[2] for id_ in ids]

    assert found() == [inner.id, folder.name]
    assert found("state = 'done'") == [inner.id, folder.name]
    assert found("metrics.loss < 0.6") == [inner.id]
    assert found("metrics.loss < 0.6", trials=True) == [inner.id, "3", "2", "1"]
    assert found("kind = 'trial'", sort="rate") == ["0", "1", "2", "3"]
    assert found(f"parent = '{folder.name}'", sort="loss") == [inner.id, "3", "2", "1", "0"]
    assert found(f"parent = '{folder.name}' and kind = 'trial' and params.rate > 0.15", sort="-value") == ["2", "3"]
    assert found("kind = 'study'") == [folder.name]
    assert found("parent is null") == [folder.name]
    assert found("id like '%/1'") == ["1"]
    page = index.page(Search(), limit=10)
    assert (page.total, page.everything, [row.id for row in page.rows]) == (2, 2, [inner.id, folder.name])
    page = index.page(Search(trials=True, sort="rate"), limit=2, offset=1)
    assert (page.total, page.everything, [row.id for row in page.rows]) == (
        6,
        2,
        [f"{folder.name}/1", f"{folder.name}/2"],
    )
    assert page.metrics == {"loss": "lower", "best": ""}


def test_the_recipe_can_be_asked_for(home: Path, index: Index) -> None:
    recipe = recipes.from_dict({"data": {"name": "digits"}, "model": {"name": "mlp"}})
    with studying(home, recipe_toml=recipe.toml(), params=recipe.params()) as study:
        for number, rate in enumerate((0.1, 0.01)):
            study.begin(number, {"train.learning_rate": rate}).end()
        index.refresh()
        where = "kind = 'trial' and model = 'mlp' and data = 'digits' and params.train.learning_rate < 0.05"
        assert [row.name for row in index.runs(where)] == [f"{study.name}/1"]


def test_only_trials_of_which_something_is_new_are_written_anew(home: Path, index: Index, filed: list[str]) -> None:
    with studying(home) as study:
        recorders = [study.begin(number, {}) for number in range(5)]
        for recorder in recorders:
            recorder.log({"loss": 1.0}, step=1)
        index.refresh()
        assert filed == ["0", "1", "2", "3", "4", "study"]
        filed.clear()
        index.refresh()
        assert filed == []
        recorders[3].log({"loss": 0.5}, step=2)  # a value, and no word
        for each in (index, Index(home)):  # who only begins to read knows what is there
            each.refresh()
            assert filed == ["3", "study"]
            assert each.runs("id like '%/3'")[0].last == {"loss": 0.5}
        filed.clear()
        recorders[1].end(value=0.5)
        study.begin(5, {})
        Index(home).refresh()
        assert filed == ["1", "5", "study"]
        index.refresh()
        filed.clear()
        study.log({"best": 0.5})
        index.refresh()
        assert filed == ["study"]


def test_what_is_said_of_one_trial_later_writes_no_other_anew(
    home: Path, index: Index, filed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RECENTLY_NS", -1)
    folder = searched(home, 5)
    index.refresh()
    filed.clear()
    read_run(folder / "trials" / "2").remark(TagsRecord(set={"best": "yes"}))
    for each in (index, Index(home)):
        each.refresh()
    assert filed == ["2", "study"]
    assert [row.id for row in index.runs("kind = 'trial' and tags.best = 'yes'")] == [f"{folder.name}/2"]


def test_states_of_trials_are_found_out_when_asked(home: Path, index: Index) -> None:
    with studying(home) as study, child(BEGINS, study.folder, 0, 1) as process:
        assert next(lines(process)) == "begun"
        study.begin(2, {})
        study.begin(3, {}).end("failed", "boom")

        def states() -> dict[str, str]:
            return {row.id.rpartition("/")[2]: row.state for row in index.runs("kind = 'trial'", sort="id")}

        index.refresh()
        assert states() == {"0": "running", "1": "running", "2": "running", "3": "failed"}
        process.kill()
        process.wait(PATIENCE_SECONDS)
        crashed = {"0": "crashed", "1": "crashed", "2": "running", "3": "failed"}
        assert states() == crashed  # nothing was brought up to date
        index.refresh()
        assert states() == crashed
        assert index.count("kind = 'trial' and state = 'crashed'") == 2
        study.begin(1, {})
        index.refresh()
        assert states() == {"0": "crashed", "1": "running", "2": "running", "3": "failed"}


def test_trials_that_crashed_in_a_study_at_rest_stay_crashed(
    home: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "RECENTLY_NS", -1)
    with studying(home) as study:
        study.begin(0, {})
        study.state("stopped")
    index.refresh()
    assert [row.state for row in index.runs("kind = 'trial'")] == ["crashed"]
    again = StudyRecorder.reopen(study.folder)
    again.begin(0, {}).end(value=1)
    again.close()
    index.refresh()
    assert [row.state for row in index.runs("kind = 'trial'")] == ["done"]


def test_with_a_study_its_trials_go(home: Path, index: Index) -> None:
    folder, kept = searched(home, 3), searched(home, 2)
    index.refresh()
    shutil.rmtree(folder)
    index.refresh()
    assert {row.parent or row.id for row in index.runs("kind != ''")} == {kept.name}
    with open_database(home / "glia.db").read() as connection:
        numbers = {row.number for row in connection.execute(runs.select())}
        assert len(numbers) == 3
        assert {row.run for row in connection.execute(details.select())} == numbers
        assert {row.run for row in connection.execute(facts.select())} == numbers
        used = {row.outline for row in connection.execute(runs.select())}
        assert {row.id for row in connection.execute(outlines.select())} == used


def test_many_trials_are_written_a_part_at_a_time(
    home: Path, index: Index, filed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_FACTS", 5)
    searched(home, 20)
    index.refresh()
    assert filed == [*map(str, range(20)), "study"]
    assert (index.count("kind = 'trial'"), index.count()) == (20, 1)


def test_values_that_only_columns_have_are_filed(home: Path, index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    with studying(home) as study:
        recorders = [study.begin(number, {}) for number in range(3)]
        for recorder in recorders:
            recorder.log({"loss": 1.0}, step=1)
        index.refresh()
        recorders[2].log({"loss": 0.25}, step=2)
    assert compact(study.folder, least=0)
    other = Index(home)
    other.refresh()
    assert [row.last["loss"] for row in other.runs("kind = 'trial'", sort="id")] == [1.0, 1.0, 0.25]
