"""Searches over recorded runs: conditions, words, order, pages."""

import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from glia.errors import ConfigError
from glia.query.expressions import QueryError
from glia.tracking.index import following
from glia.tracking.index.index import MOST_METRICS, Index
from glia.tracking.index.searching import COLUMNS, Search
from glia.tracking.recording.recorder import RunRecorder
from tests.tracking.runs import recording

RUNS: list[dict[str, Any]] = [
    {"params": {"lr": 0.1, "epochs": 3, "model.name": "cnn", "model.size": "guide"}, "log": {"loss": 0.5}},
    {"params": {"lr": "0.1", "epochs": "auto", "deep": {"er": {"still": 7}}}, "log": {"loss": math.nan, "a/b": 2.0}},
    {"params": {"lr": 0.001, "flag": True, "list": [1, 2]}, "log": {"loss": math.inf}, "tags": {"owner": "Ada"}},
    {"params": {"rate": "NaN", "huge": 10**400}, "log": {"loss": 0.1, "a/b": 1.0}, "summary": {"loss": 0.7}},
    {"params": {}, "log": {}, "summary": {"loss": math.nan, "best": "epoch 3"}, "note": "it's 50% better"},
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five runs, named by their numbers, the newest last: done, done, failed, crashed, done. Never changed."""
    home = tmp_path_factory.mktemp("recorded") / ".glia"
    for number, given in enumerate(RUNS):
        project = "odd" if number % 2 else "even"
        with recording(home, name=f"run-{number}", project=project, params=given["params"]) as recorder:
            recorder.log(given["log"])
            recorder.tag(**given.get("tags", {}))
            recorder.summary(given.get("summary", {}))
            recorder.note(given.get("note", ""))
            if number != 3:
                recorder.state("failed" if number == 2 else "done")
    Index(home).refresh()
    return home


@pytest.fixture
def asked(recorded: Path) -> Index:
    """Of those five, to be read."""
    index = Index(recorded)
    index.refresh()
    return index


@pytest.fixture
def index(home: Path, recorded: Path) -> Index:
    """Of a copy of those five, to be changed."""
    shutil.copytree(recorded, home)
    index = Index(home)
    index.refresh()
    return index


def found(index: Index, where: str = "", **options: Any) -> str:
    """The numbers of the runs found, in order."""
    rows = index.runs(where, **{"sort": "name", **options})
    return "".join(row.name.removeprefix("run-") for row in rows)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", "01234"),
        ("params.lr < 0.05", "2"),
        ("params.lr = 0.1", "0"),
        ("params.lr = '0.1'", "1"),
        ("params.lr != 0.1", "12"),
        ("not params.lr < 0.05", "0"),
        ("params.lr is null", "34"),
        ("coalesce(params.lr, 1) > 0.05", "0134"),
        ("params.epochs in (3, 'auto')", "01"),
        ("params.deep.er.still = 7", "1"),
        ("params.'deep.er.still' = 7", "1"),
        ("params.flag = true", "2"),
        ("params.list = '[1, 2]'", "2"),
        ("params.rate = 'NaN'", "3"),
        ("starts_with(params.huge, '1000')", "3"),
        ("metrics.loss < 1", "03"),
        ("metrics.loss = 'NaN'", "1"),
        ("metrics.loss > 1e300", "2"),
        ("metrics.'a/b' >= 1 and params.lr is null", "3"),
        ("summary.loss = 0.7", "3"),
        ("summary.best like 'epoch %'", "4"),
        ("tags.owner = 'Ada'", "2"),
        ("tags.'no such' = 'Ada'", ""),
        ("tags.'no such' is null", "01234"),
        ("state = 'done'", "014"),
        ("state in ('crashed', 'failed')", "23"),
        ("state != 'done' and project = 'odd'", "3"),
        ("model = 'cnn/guide'", "0"),
        ("model is null", "1234"),
        ("contains(notes, '50%')", "4"),
        ("notes = 'it''s 50% better'", "4"),
        ("created <= now() and created > now() - days(1)", "01234"),
        ("created < '2020-01-01'", ""),
        ("seconds < 1000 and seconds >= 0", "01234"),
        ("ended is null", "3"),
        ("name = 'run-1'' or ''1'' = ''1'", ""),
        ("kind = 'x' or length(id) = 16", "01234"),
    ],
)
def test_conditions(asked: Index, where: str, expected: str) -> None:
    assert found(asked, where) == expected
    assert asked.count(where) == len(expected)
    assert len(asked.ids(Search(where=where))) == len(expected)


def test_a_condition_beside_a_project_and_a_state(asked: Index) -> None:
    assert found(asked, "metrics.loss < 1", project="odd", state="crashed") == "3"
    assert asked.count("metrics.loss < 1", project="even") == 1


def test_a_state_is_found_out_when_it_is_asked_for(home: Path, index: Index) -> None:
    with recording(home, name="run-5") as recorder:
        index.refresh()
        assert found(index, "state = 'running'") == "5"
        assert found(index, "state = 'running' and seconds >= 0") == "5"
        recorder.log({"x": 1.0})
    assert found(index, "state = 'running'") == ""  # nothing was brought up to date
    assert found(index, "state = 'crashed'") == "35"


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", "01234"),
        ("-name", "43210"),
        ("-created", "43210"),
        ("created", "01234"),
        ("params.lr", "20143"),  # numbers, texts, those without, and of equals the newest first
        ("-params.lr", "10243"),
        ("lr", "20143"),
        ("-lr", "10243"),
        ("loss", "03241"),  # summary before last value; NaN has no place
        ("-loss", "23041"),
        ("metrics.loss", "30241"),
        ("-metrics.'loss'", "20341"),
        ("a/b", "31420"),
        ("-tags.owner", "24310"),
        ("model", "04321"),
        ("state", "34102"),
        ("-ended", "42103"),
    ],
)
def test_orders(asked: Index, sort: str, expected: str) -> None:
    assert found(asked, sort=sort) == expected
    pages = [found(asked, sort=sort, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert "".join(pages) == expected


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_can_be_asked_and_sorted_by(asked: Index, column: str) -> None:
    everything = asked.count(f"{column} is null or {column} is not null")
    assert (everything, len(found(asked, sort=f"-{column}"))) == (5, 5)


def test_what_cannot_be_sorted_by_is_refused(asked: Index) -> None:
    with pytest.raises(ConfigError, match=r"sort='-los': no run has a column 'los'\. Did you mean 'loss'\?"):
        asked.runs(sort="-los")


def test_mistakes_are_told_before_anything_is_asked() -> None:
    with pytest.raises(QueryError, match=r"no 'stat' to ask for\. Did you mean 'state'\?\n  stat = 1\n  \^"):
        Search(where="stat = 1")


def test_names_that_no_run_has_are_hinted_at(asked: Index) -> None:
    assert asked.hint(Search(where="params.lrr < 1")) == " No run has params.lrr. Did you mean 'lr'?"
    assert asked.hint(Search(where="params.lr < 1 and tags.owner = 'x'")) == ""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("RUN-1", "1"),
        ("even cnn", "0"),
        ("epochs=auto", "1"),
        ("epochs=3", "0"),
        ("lr=1e-1", "0"),
        ("owner=ada", "2"),
        ("flag=true", "2"),
        ("name=cnn", "0"),  # the section left out
        ("me=cnn", ""),
        ("50% better", "4"),
        ("nothing=", ""),
    ],
)
def test_words(asked: Index, words: str, expected: str) -> None:
    page = asked.page(Search(words=words, sort="name"), limit=10)
    assert "".join(row.name.removeprefix("run-") for row in page.rows) == expected
    assert page.total == len(expected)


def test_a_page_says_what_can_be_asked_for(asked: Index) -> None:
    page = asked.page(Search(project="even"), limit=2, offset=1)
    assert [row.name for row in page.rows] == ["run-2", "run-0"]
    assert (page.total, page.everything, page.projects) == (3, 5, ["even", "odd"])
    assert page.metrics == {"loss": ""}
    assert page.params[0] == "lr"  # differs
    assert set(page.params) == {"lr", "epochs", "model.name", "model.size", "flag", "list"}
    assert asked.page(Search(project="odd"), limit=2).metrics == {"loss": "", "a/b": ""}
    assert page.rows[1].last == {"loss": 0.5}
    assert asked.page(Search(), limit=5, values=["a/b", "none"]).rows[1].last == {"a/b": 1.0}


def test_of_very_many_metrics_a_page_has_some(home: Path) -> None:
    with recording(home) as recorder:
        recorder.define("last/loss", "lower")
        recorder.log({**{f"m{number}": float(number) for number in range(MOST_METRICS + 5)}, "last/loss": 1.0})
    index = Index(home)
    index.refresh()
    page = index.page(Search(), limit=1)
    assert len(page.metrics) == MOST_METRICS + 6
    assert len(page.rows[0].last) == MOST_METRICS
    assert page.rows[0].last["last/loss"] == 1.0
    assert page.rows[0].directions["last/loss"] == "lower"
    assert len(index.runs()[0].last) == MOST_METRICS + 6


def test_what_a_run_says_no_more_is_found_no_more(home: Path, index: Index) -> None:
    editor = RunRecorder.reopen(home / "runs" / index.ids(Search(where="name = 'run-2'"))[0])
    editor.tag(owner=None, reviewed="yes")
    editor.log({"more": 1.0})
    editor.close()
    index.refresh()
    assert found(index, "tags.owner is not null") == ""
    assert found(index, "tags.reviewed = 'yes' and metrics.more = 1") == "2"


def test_strange_names_and_texts_are_kept_out_of_harm(home: Path) -> None:
    strange = "half \ud800 pair'; drop table runs --"
    with recording(
        home, name="n", params={strange: strange, "?": "a\x00b", "half ? pair'; drop table runs --": 1}
    ) as one:
        one.note(strange)
        one.tag(**{strange: strange})
    index = Index(home)
    index.refresh()
    assert index.count("contains(notes, 'drop table')") == 1
    assert index.count("""params."half ? pair'; drop table runs --" is not null""") == 1
    assert index.runs()[0].notes == "half ? pair'; drop table runs --"  # as whatever prints or sends it needs it


class Counted:
    """How often the folders of settled runs are looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks: list[str] = []
        look = following._changed

        def counted(path: str | Path) -> int:
            self.looks.append(str(path))
            return look(path)

        monkeypatch.setattr(following, "_changed", counted)
        monkeypatch.setattr(following, "RECENTLY_NS", -1)
        monkeypatch.setattr(following, "FEW_RUNS", 1)

    def since(self) -> int:
        looks, self.looks = self.looks, []
        return sum(each.endswith("/log") for each in looks)


def test_of_many_runs_only_the_unsettled_are_looked_at_each_time(
    home: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    monkeypatch.setattr(following, "PATIENCE", 1e9)
    many = Index(home)
    many.refresh()
    assert counted.since() >= 5  # the first look is at all
    many.refresh()
    counted.since()
    many.refresh()
    assert counted.since() == 0
    with recording(home, name="run-5") as recorder:
        many.refresh()
        assert found(many) == "012345"  # seen at once
        recorder.log({"late": 1.0})
        many.refresh()
        assert found(many, "metrics.late = 1") == "5"
        counted.since()
        many.refresh()
        assert counted.since() == 1
        recorder.state("done")
    many.refresh()
    assert found(many, "state = 'done'") == "0145"
    recorder.folder.rename(home / "elsewhere")
    many.refresh()
    assert found(many) == "01234"


def test_what_happens_to_old_runs_is_seen_when_all_are_looked_at_again(
    home: Path, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    Counted(monkeypatch)
    monkeypatch.setattr(following, "PATIENCE", 1e9)
    many = Index(home)
    many.refresh()
    many.refresh()
    editor = RunRecorder.reopen(home / "runs" / many.ids(Search(where="name = 'run-0'"))[0])
    editor.tag(late="yes")
    editor.close()
    many.refresh()
    assert found(many, "tags.late = 'yes'") == ""
    monkeypatch.setattr(following, "PATIENCE", 0)
    many.refresh()
    assert found(many, "tags.late = 'yes'") == "0"
    fresh = Index(home)
    fresh.refresh()
    assert found(fresh, "tags.late = 'yes'") == "0"


def test_two_indexes_follow_the_same_runs(home: Path, index: Index) -> None:
    other = Index(home)
    with recording(home, name="run-5") as recorder:
        for step in range(3):
            recorder.log({"x": float(step), f"new-{step}": 1.0}, step=step)
            for each in (index, other):
                each.refresh()
                assert each.runs("name = 'run-5'")[0].last["x"] == step
    (home / "glia.db").unlink()
    other.refresh()
    for each in (index, other):
        assert found(each, "metrics.'new-2' = 1") == "5"
        assert found(each, "metrics.loss < 1") == "03"
