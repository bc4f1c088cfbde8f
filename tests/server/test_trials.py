"""Trials over HTTP: a run whose id has `~` in place of `/`."""

from pathlib import Path

import httpx

from glia.tracking.recording.study import StudyRecorder
from tests.tracking.runs import searched, studying


def test_a_trial_is_asked_for_like_a_run(home: Path, client: httpx.Client) -> None:
    folder = searched(home, 3, name="s")
    for name in (f"{folder.name}~2", f"{folder.name[:6]}~2", "s~2"):
        answer = client.get(f"/runs/{name}").json()
        assert (answer["id"], answer["name"], answer["parent"]) == (f"{folder.name}/2", "s/2", folder.name)
        assert (answer["state"], answer["params"], answer["summary"]) == ("done", {"rate": 0.2}, {"value": 1 / 3})
    series = client.get("/runs/s~2/metrics").json()["series"]
    assert [(each["name"], each["steps"], each["values"]) for each in series] == [("loss", [1, 2], [2 / 3, 1 / 3])]
    for path in ("recipe", "environment", "source", "console", "children", "machine", "artifacts"):
        assert client.get(f"/runs/{folder.name}~2/{path}").status_code == 200, path
    for missing in (f"{folder.name}~3", "s~3", "none~1", f"{folder.name}~x"):
        assert client.get(f"/runs/{missing}").status_code == 404, missing


def test_trials_are_listed_when_they_are_asked_for(home: Path, client: httpx.Client) -> None:
    folder = searched(home, 3)
    assert [run["id"] for run in client.get("/runs").json()["runs"]] == [folder.name]
    found = client.get("/runs", params={"where": f"parent = '{folder.name}'", "sort": "rate"}).json()
    assert [run["id"] for run in found["runs"]] == [f"{folder.name}/{number}" for number in range(3)]
    assert (found["total"], found["everything"]) == (3, 1)
    children = client.get(f"/runs/{folder.name}/children").json()
    assert (children["total"], children["children"][0]["id"]) == (3, f"{folder.name}/0")


def test_media_and_edits_of_a_trial_are_its_own(home: Path, client: httpx.Client) -> None:
    with studying(home) as study:
        trial = study.begin(0, {})
        file = trial.media("picture", b"abc", suffix=".png", kind="image")
        assert client.get(f"/runs/{study.id}~0/media/{file}").content == b"abc"
        assert client.get(f"/runs/{study.id}/media/{file}").status_code == 404
        edited = client.patch(f"/runs/{study.id}~0", json={"set": {"best": "yes"}, "notes": "a note"}).json()
        assert edited == {"tags": {"best": "yes"}, "notes": "a note"}
        assert client.get(f"/runs/{study.id}").json()["tags"] == {}


def test_what_is_new_of_a_trial_is_read_on(home: Path, client: httpx.Client) -> None:
    study = StudyRecorder.create(home, project="p")
    trials = [study.begin(number, {}) for number in range(2)]
    for step in range(1, 4):
        for trial in trials:
            trial.log({"loss": float(step)}, step=step)
        for number in range(2):
            series = client.get(f"/runs/{study.id}~{number}/metrics").json()["series"]
            assert series[0]["steps"] == list(range(1, step + 1))
    study.close()
