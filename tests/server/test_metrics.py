from pathlib import Path
from typing import Any

import httpx

from glia.server.answers import Series
from glia.tracking.log.compaction import compact
from tests.server.conftest import InProcess
from tests.server.recorded import log_epochs, training


def series(client: httpx.Client, run: str, **query: Any) -> dict[str, dict[str, Any]]:
    answer = client.get(f"/runs/{run}/metrics", params=query)
    assert answer.status_code == 200, answer.text
    return {each["name"]: each for each in answer.json()["series"]}


def test_points_over_steps_and_time(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        for step in (1, 2, 3):
            recorder.log({"validation/loss": 1 / step}, step=step * 10, time=1000.0 + step)
        found = series(client, recorder.id)
    assert found["validation/loss"] == {
        "name": "validation/loss",
        "direction": "lower",
        "points": 3,
        "steps": [10, 20, 30],
        "times": [1001.0, 1002.0, 1003.0],
        "values": [1.0, 0.5, 1 / 3],
    }


def test_only_the_metrics_named(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        log_epochs(recorder, range(1, 2))
        assert list(series(client, recorder.id, name=["train/loss", "validation/loss"])) == [
            "train/loss",
            "validation/loss",
        ]
        assert "train/accuracy" in series(client, recorder.id)


def test_an_unknown_metric_is_not_found_with_a_near_one(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        log_epochs(recorder, range(1, 2))
        answer = client.get(f"/runs/{recorder.id}/metrics", params={"name": "train/los"})
    assert answer.status_code == 404
    assert "has no metric 'train/los'. Did you mean 'train/loss'?" in answer.json()["detail"]


def test_many_points_are_thinned_and_spikes_survive(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        for step in range(20_000):
            recorder.log({"loss": 90.0 if step == 12_345 else 0.001 * (step % 7)}, step=step)
        thin = series(client, recorder.id, points=200)["loss"]
        whole = series(client, recorder.id, points=100_000)["loss"]
    assert thin["points"] == 20_000
    assert len(thin["steps"]) == len(thin["values"]) == len(thin["times"]) <= 200
    assert dict(zip(thin["steps"], thin["values"], strict=True))[12_345] == 90.0
    assert (thin["steps"][0], thin["steps"][-1]) == (0, 19_999)
    assert len(whole["steps"]) == 20_000


def test_what_is_no_number_travels_as_text_and_reads_back(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        for step, value in enumerate([1.0, float("nan"), float("inf"), float("-inf")]):
            recorder.log({"loss": value}, step=step)
        found = series(client, recorder.id)["loss"]
    assert found["values"] == [1.0, "NaN", "Infinity", "-Infinity"]
    assert str(Series.model_validate(found).values) == "[1.0, nan, inf, -inf]"


def test_a_resumed_run_hides_what_was_taken_again(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        for step in (1, 2, 3):
            recorder.log({"loss": float(step)}, step=step)
        assert series(client, recorder.id)["loss"]["points"] == 3
        recorder.rewind(1)
        recorder.log({"loss": 20.0}, step=2)
        found = series(client, recorder.id)["loss"]
    assert (found["points"], found["steps"], found["values"]) == (2, [1, 2], [1.0, 20.0])


def test_a_range_of_steps_has_all_its_points(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        for step in range(5000):
            recorder.log({"loss": step / 7}, step=step)
        found = series(client, recorder.id, points=100, **{"from": 1000, "to": 1049})["loss"]
        thin = series(client, recorder.id, points=100, **{"from": 1000})["loss"]
        none = series(client, recorder.id, **{"from": 9000})["loss"]
    assert found["steps"] == list(range(1000, 1050))
    assert found["points"] == 5000
    assert (thin["steps"][0], thin["steps"][-1]) == (1000, 4999)
    assert 90 < len(thin["steps"]) <= 100
    assert none["steps"] == []


def test_columns_answer_what_the_log_answers(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        for step in range(3000):
            recorder.log({"loss": float("nan") if step == 1500 else step % 13}, step=step)
        recorder.state("done")
    queries: list[dict[str, Any]] = [{"points": 3000}, {"points": 100}, {"from": 1490, "to": 1510}]
    before = [series(client, recorder.id, **query) for query in queries]
    run = client.get(f"/runs/{recorder.id}").json()
    assert compact(recorder.folder, least=0)
    with httpx.Client(transport=InProcess(home), base_url=client.base_url) as afresh:
        assert [series(afresh, recorder.id, **query) for query in queries] == before
        assert afresh.get(f"/runs/{recorder.id}").json() == run


def test_what_the_machine_did_stands_apart(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        recorder.log({"machine/cpu_percent": 40.0}, step=1, time=1001.0)
        recorder.log({"train/loss": 0.5}, step=1)
        assert list(series(client, recorder.id)) == ["train/loss"]
        assert list(client.get(f"/runs/{recorder.id}").json()["values"]) == ["train/loss"]
        answer = client.get(f"/runs/{recorder.id}/machine").json()
    assert [(each["name"], each["steps"], each["values"]) for each in answer["series"]] == [
        ("machine/cpu_percent", [1], [40.0])
    ]
