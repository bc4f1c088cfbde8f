"""Runs inside a run."""

from pathlib import Path

import httpx

from glia.tracking.recording.recorder import RunRecorder


def test_children_are_listed_in_the_order_in_which_they_began(home: Path, client: httpx.Client) -> None:
    parent = RunRecorder.create(home, project="p")
    children = [RunRecorder.create(home, project="p", name=name, parent=parent.id) for name in ("one", "two")]
    RunRecorder.create(home, project="p", parent=children[0].id)
    children[0].state("done")
    answer = client.get(f"/runs/{parent.id}/children").json()
    found = answer["children"]
    assert [(each["id"], each["name"], each["state"]) for each in found] == [
        (children[0].id, "one", "done"),
        (children[1].id, "two", "running"),
    ]
    assert answer["total"] == 2
    assert client.get(f"/runs/{children[1].id}/children").json() == {"children": [], "total": 0}
    parents = {run["id"]: run["parent"] for run in client.get("/runs").json()["runs"]}
    assert (parents[children[0].id], parents[parent.id]) == (parent.id, None)
    assert client.get("/runs/none/children").status_code == 404
