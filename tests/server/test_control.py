"""Stopping, deleting, tagging and the registry over HTTP."""

from pathlib import Path

import httpx
import pytest

from glia.server.session import session_key
from glia.store.registry import Registry
from glia.tracking.upkeep.retention import restore
from tests.server.recorded import training


@pytest.fixture
def asking(client: httpx.Client, home: Path) -> httpx.Client:
    client.headers["Authorization"] = f"Bearer {session_key(home)}"
    return client


def test_a_run_is_asked_to_stop_and_shows_it(asking: httpx.Client, home: Path) -> None:
    with training(home, name="live-lark-1") as recorder:
        assert asking.get(f"/runs/{recorder.id}").json()["stopping"] == ""
        assert asking.post(f"/runs/{recorder.id}/stop").json() == {"state": "running", "asked": True}
        assert asking.get(f"/runs/{recorder.id}").json()["stopping"].startswith("asked by ")
        recorder.state("stopped", "asked")
    run = asking.get(f"/runs/{recorder.id}").json()
    assert (run["state"], run["stopping"]) == ("stopped", "")
    assert asking.post(f"/runs/{recorder.id}/stop").json() == {"state": "stopped", "asked": False}
    assert asking.post("/runs/0123456789abcdef/stop").status_code == 404


def test_a_deleted_run_is_gone_from_the_pages_until_it_is_brought_back(asking: httpx.Client, home: Path) -> None:
    with training(home, name="calm-otter-17") as recorder:
        answer = asking.delete(f"/runs/{recorder.id}")
        assert answer.status_code == 409
        assert "Stop it first" in answer.json()["detail"]
        recorder.state("done")
    assert asking.get("/runs").json()["total"] == 1
    assert asking.delete(f"/runs/{recorder.id}").json() == {"id": recorder.id, "name": "calm-otter-17"}
    assert asking.get("/runs").json()["total"] == 0
    assert asking.get(f"/runs/{recorder.id}").status_code == 404
    restore(home, "calm-otter-17")
    assert asking.get(f"/runs/{recorder.id}").json()["state"] == "done"


def test_tags_and_notes_are_edited_without_a_key(client: httpx.Client, home: Path) -> None:
    with training(home) as recorder:
        recorder.tag(old="1", kept="2")
        path = f"/runs/{recorder.id}"
        edited = client.patch(path, json={"set": {"new": "3"}, "removed": ["old"], "notes": "well"})
        assert edited.json() == {"tags": {"kept": "2", "new": "3"}, "notes": "well"}
        run = client.get(path).json()
        assert (run["tags"], run["notes"]) == ({"kept": "2", "new": "3"}, "well")
        assert client.patch(path, json={"state": "done"}).status_code == 422
        assert client.patch(path, json={}).status_code == 200
        assert client.get(path).json()["state"] == "running"


def test_the_registry_is_shown_with_versions_aliases_and_runs(client: httpx.Client, home: Path) -> None:
    assert client.get("/registry").json() == {"models": []}
    with training(home, name="calm-otter-17") as recorder:
        recorder.state("done")
    registry = Registry(home)
    registry.set("faces@champion", recorder.id, by="ann")
    registry.set("faces", "0" * 16, by="bob")
    [model] = client.get("/registry").json()["models"]
    assert model["name"] == "faces"
    newest, first = model["versions"]
    assert (newest["version"], newest["run_name"], newest["aliases"], newest["by"]) == (2, "", [], "bob")
    assert (first["run"], first["run_name"], first["aliases"]) == (recorder.id, "calm-otter-17", ["champion"])
    assert client.get("/runs/faces@champion").json()["id"] == recorder.id
