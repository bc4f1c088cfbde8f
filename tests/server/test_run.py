from pathlib import Path

import httpx
import numpy as np
import pytest

from glia.record.run import Run
from glia.tracking.recording.recorder import RunRecorder
from tests.server.recorded import add_picture, confusion, finish, log_epochs, training


def test_one_run_has_everything_but_its_points_and_texts(home: Path, client: httpx.Client) -> None:
    with training(home, name="calm-otter-17") as recorder:
        recorder.tag(team="vision")
        recorder.note("first try")
        recorder.warn("40 pictures of 3 sizes, resized to 32x32")
        log_epochs(recorder, range(1, 3))
        finish(recorder, best_epoch=2, values={"validation/loss": 0.25})
    run = client.get(f"/runs/{recorder.id}").json()
    assert (run["id"], run["name"], run["project"]) == (recorder.id, "calm-otter-17", "digits")
    assert (run["kind"], run["state"], run["reason"]) == ("train", "done", "epochs")
    assert run["params"]["train.epochs"] == 8
    assert run["tags"] == {"team": "vision"}
    assert run["notes"] == "first try"
    assert run["warnings"] == ["40 pictures of 3 sizes, resized to 32x32"]
    assert run["data"] == {"name": "digits", "version": "7c1d0a52e9b3f468", "samples": 1797}
    assert run["summary"] == {"validation/loss": 0.25, "epoch": 2}
    assert run["values"]["validation/loss"] == 0.25  # what it came to goes before the last value
    assert run["created"] <= run["ended"]
    assert 0 <= run["seconds"] < 60
    metrics = {metric["name"]: metric for metric in run["metrics"]}
    assert metrics["validation/accuracy"]["direction"] == "higher"
    assert metrics["train/loss"]["points"] == 20
    assert [medium["kind"] for medium in run["media"]] == ["picture"]


def test_bias_and_variance_are_named_once_a_run_has_ended(home: Path, client: httpx.Client) -> None:
    counts = np.array(confusion(10).values)
    accuracy = np.trace(counts) / counts.sum()
    with training(home) as recorder:
        log_epochs(recorder, range(1, 3))
        assert client.get(f"/runs/{recorder.id}").json()["bias_and_variance"] is None
        add_picture(recorder, "validation/confusion-matrix", confusion(10))
        finish(recorder, best_epoch=2, values={"train/accuracy": 1.0, "validation/accuracy": accuracy})
    found = client.get(f"/runs/{recorder.id}").json()["bias_and_variance"]
    assert (found["metric"], found["kind"], found["training"]) == ("accuracy", "variance", 0.0)
    assert found["validation"] == found["gap"] == pytest.approx(1 - accuracy)
    assert found["trivial"] == pytest.approx(1 - counts.sum(1).max() / counts.sum())
    assert f"of {counts.sum():.0f} samples" in found["text"]
    assert found["text"] == Run(recorder.folder).bias_and_variance.text, "the same words everywhere"


def test_a_run_is_found_by_id_by_its_beginning_and_by_name(home: Path, client: httpx.Client) -> None:
    with training(home, name="calm-otter-17") as recorder:
        for reference in (recorder.id, recorder.id[:6], "calm-otter-17"):
            assert client.get(f"/runs/{reference}").json()["id"] == recorder.id


def test_an_unknown_run_is_not_found_in_words(home: Path, client: httpx.Client) -> None:
    with training(home, name="calm-otter-17"):
        answer = client.get("/runs/calm-otter-71")
    assert answer.status_code == 404
    assert "There is no run 'calm-otter-71'" in answer.json()["detail"]
    assert "Did you mean 'calm-otter-17'?" in answer.json()["detail"]


@pytest.mark.parametrize(
    "part", ["", "/metrics", "/recipe", "/source", "/environment", "/console", "/pictures", "/events"]
)
def test_every_part_of_an_unknown_run_is_not_found(client: httpx.Client, part: str) -> None:
    answer = client.get(f"/runs/0123456789abcdef{part}")
    assert answer.status_code == 404
    assert "0123456789abcdef" in answer.json()["detail"]


@pytest.mark.parametrize("reference", ["..", "%2e%2e", "..%2f..%2fetc", ".new-1"])
def test_no_reference_leads_out_of_the_runs(client: httpx.Client, reference: str) -> None:
    assert client.get(f"/runs/{reference}/recipe").status_code == 404


def test_a_running_run_is_told_as_it_is_now(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        assert client.get(f"/runs/{recorder.id}").json()["state"] == "running"
        recorder.log({"train/loss": float("nan"), "train/norm": float("inf")}, step=1)
        run = client.get(f"/runs/{recorder.id}").json()
        assert {metric["name"]: metric["last"] for metric in run["metrics"]} == {
            "train/loss": "NaN",
            "train/norm": "Infinity",
        }
        recorder.state("failed", "loss is nan at step 1")
    run = client.get(f"/runs/{recorder.id}").json()
    assert (run["state"], run["reason"]) == ("failed", "loss is nan at step 1")


def test_a_run_whose_writer_is_gone_is_crashed_and_lasted_until_it_was_last_heard_of(
    home: Path, client: httpx.Client
) -> None:
    with training(home) as recorder:
        recorder.log({"train/loss": 1.0}, step=1)
    run = client.get(f"/runs/{recorder.id}").json()
    assert run["state"] == "crashed"
    assert run["ended"] is None
    assert run["seconds"] < 60


def test_a_bare_loop_of_ones_own(home: Path, client: httpx.Client) -> None:
    recorder = RunRecorder.create(home, project="mine", kind="loop")
    try:
        run = client.get(f"/runs/{recorder.id}").json()
        assert (run["params"], run["metrics"], run["data"], run["parent"]) == ({}, [], None, None)
        assert client.get(f"/runs/{recorder.id}/recipe").json() == {"toml": "", "changed": []}
    finally:
        recorder.close()
