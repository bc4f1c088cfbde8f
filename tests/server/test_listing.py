from pathlib import Path
from typing import Any

import httpx
import pytest

from glia.server.listing import Listing
from glia.tracking.index.index import Index
from tests.server.recorded import training


def listed(client: httpx.Client, **query: Any) -> dict[str, Any]:
    answer = client.get("/runs", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(client: httpx.Client, **query: Any) -> list[str]:
    return [run["name"] for run in listed(client, **query)["runs"]]


@pytest.fixture
def three(home: Path) -> list[str]:
    """Three runs, by their age: done, failed, running for somebody who is gone."""
    given = [
        ("old", "digits", {"train.learning_rate": 0.01}, 0.9, "done"),
        ("middle", "digits", {"train.learning_rate": 0.1, "model.name": "mlp"}, float("nan"), "failed"),
        ("new", "flowers", {"train.learning_rate": 0.001}, 0.95, ""),
    ]
    for name, project, settings, accuracy, state in given:
        with training(home, name=name, project=project, **settings) as recorder:
            recorder.log({"validation/accuracy": accuracy}, step=1)
            if name == "old":
                recorder.tag(owner="Ada")
                recorder.note("the first with a cyclic rate")
            if state:
                recorder.state(state, "because" if state == "failed" else "")
    return ["old", "middle", "new"]


def test_an_empty_home_has_no_runs(client: httpx.Client) -> None:
    assert listed(client) == {"runs": [], "total": 0, "everything": 0, "projects": [], "metrics": [], "params": []}


def test_runs_come_newest_first_with_what_can_be_asked_for(client: httpx.Client, three: list[str]) -> None:
    answer = listed(client)
    assert [run["name"] for run in answer["runs"]] == three[::-1]
    assert (answer["total"], answer["everything"]) == (3, 3)
    assert answer["projects"] == ["digits", "flowers"]
    assert {"name": "validation/accuracy", "direction": "higher"} in answer["metrics"]
    assert set(answer["params"][:3]) == {"model.hidden", "model.name", "train.learning_rate"}  # those that differ first
    assert "train.seed" in answer["params"]
    middle = answer["runs"][1]
    assert (middle["state"], middle["reason"]) == ("failed", "because")
    assert middle["values"] == {"validation/accuracy": "NaN"}
    assert middle["params"]["model.name"] == "mlp"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"project": "digits"}, ["middle", "old"]),
        ({"project": "none"}, []),
        ({"state": "failed"}, ["middle"]),
        ({"state": "crashed"}, ["new"]),
        ({"text": "OLD"}, ["old"]),
        ({"text": "mlp"}, ["middle"]),
        ({"text": "owner=ada"}, ["old"]),
        ({"text": "train.learning_rate=0.1"}, ["middle"]),  # and not 0.1-anything
        ({"text": "learning_rate=1e-2"}, ["old"]),  # the section left out, the number written otherwise
        ({"text": "rate=0.01"}, []),
        ({"text": "cyclic rate"}, ["old"]),
        ({"text": "digits mlp"}, ["middle"]),
        ({"text": "nothing-like-it"}, []),
    ],
)
def test_filters(client: httpx.Client, three: list[str], query: dict[str, str], expected: list[str]) -> None:
    assert names(client, **query) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created", ["old", "middle", "new"]),
        ("-created", ["new", "middle", "old"]),
        ("name", ["middle", "new", "old"]),
        ("-train.learning_rate", ["middle", "old", "new"]),
        ("train.learning_rate", ["new", "old", "middle"]),
        ("validation/accuracy", ["old", "new", "middle"]),  # NaN last, either way
        ("-validation/accuracy", ["new", "old", "middle"]),
        ("model", ["new", "old", "middle"]),
    ],
)
def test_sorting_by_any_column(client: httpx.Client, three: list[str], sort: str, expected: list[str]) -> None:
    assert names(client, sort=sort) == expected


def test_pages(client: httpx.Client, three: list[str]) -> None:
    assert names(client, limit=2) == ["new", "middle"]
    assert names(client, limit=2, offset=2) == ["old"]
    assert listed(client, limit=2)["total"] == 3


def test_an_unknown_column_is_refused_with_a_near_one(client: httpx.Client, three: list[str]) -> None:
    answer = client.get("/runs", params={"sort": "-validation/acuracy"})
    assert answer.status_code == 422
    assert "no run has a column 'validation/acuracy'. Did you mean 'validation/accuracy'?" in answer.json()["detail"]


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "5000"}, {"offset": "-1"}, {"state": "finished"}])
def test_what_cannot_be_asked_is_refused(client: httpx.Client, query: dict[str, str]) -> None:
    assert client.get("/runs", params=query).status_code == 422


def test_columns_of_numbers_and_words_can_be_sorted(home: Path, client: httpx.Client) -> None:
    for name, epochs in (("word", "auto"), ("ten", 10), ("three", 3)):
        with training(home, name=name, **{"train.epochs": epochs}):
            pass
    assert names(client, sort="train.epochs") == ["three", "ten", "word"]
    assert names(client, sort="-train.epochs") == ["word", "ten", "three"]


def test_the_signature_changes_with_what_is_listed(home: Path) -> None:
    listing = Listing(home)
    seen = [listing.signature()]

    def changes() -> bool:
        listing._looked_at = 0.0  # as if enough time had passed
        seen.append(listing.signature())
        return seen[-1] != seen[-2]

    assert not changes()
    with training(home) as recorder:
        assert changes()
        assert not changes()
        recorder.log({"validation/loss": 1.0}, step=1)
        assert changes()
    assert changes()  # crashed
    assert not changes()


def test_those_who_ask_all_the_time_are_answered_from_memory(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = Listing(home)
    listing.signature()
    listing._cost = 1e6  # seconds, as with very many runs
    monkeypatch.setattr(Index, "refresh", lambda self: pytest.fail("too soon"))
    listing.signature()


def test_a_run_that_comes_while_the_server_runs_is_listed(home: Path, client: httpx.Client) -> None:
    assert names(client) == []
    with training(home, name="late") as recorder:
        assert names(client) == ["late"]
        assert listed(client)["runs"][0]["state"] == "running"
        recorder.state("done")
    assert listed(client, state="done")["total"] == 1
