from pathlib import Path

import httpx

from glia.server.comparison import divide
from tests.server.recorded import training


def test_runs_side_by_side(home: Path, client: httpx.Client) -> None:
    with training(home, name="a", **{"train.learning_rate": 0.1}) as first:
        first.log({"validation/accuracy": 0.9, "mine": 1.0}, step=1)
    with training(home, name="b", **{"model.name": "mlp"}) as second:
        second.log({"validation/accuracy": 0.8}, step=1)
    answer = client.get("/comparison", params={"run": [second.id, first.id, "b"]}).json()
    assert [run["name"] for run in answer["runs"]] == ["b", "a"]  # in the order asked for, each once
    different = {each["name"]: each["values"] for each in answer["different"]}
    assert different["train.learning_rate"] == ["auto", 0.1]
    assert different["model.name"] == ["mlp", "cnn"]
    assert different["model.channels"][0] is None
    assert answer["same"]["train.epochs"] == 8
    assert "train.epochs" not in different
    metrics = {each["name"]: (each["direction"], each["values"]) for each in answer["metrics"]}
    assert metrics == {"validation/accuracy": ("higher", [0.8, 0.9]), "mine": ("", [None, 1.0])}


def test_an_unknown_run_is_not_found(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        answer = client.get("/comparison", params={"run": [recorder.id, "0123456789"]})
    assert answer.status_code == 404
    assert "'0123456789'" in answer.json()["detail"]


def test_nothing_to_compare_is_refused(client: httpx.Client) -> None:
    assert client.get("/comparison").status_code == 422


def test_params_that_one_run_lacks_differ() -> None:
    assert divide([{"a": 1, "b": 2}, {"a": 1}]) == ({"b": [2, None]}, {"a": 1})
    assert divide([{"a": [1, 2]}, {"a": [1, 2]}]) == ({}, {"a": [1, 2]})
