import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from glia.server import events
from glia.server.serving import Server
from glia.tracking.recording.recorder import RunRecorder
from tests.server.recorded import training

DEADLINE_SECONDS = 30


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SECONDS_BETWEEN_READS", 0.02)


@contextmanager
def listening(server: Server, path: str) -> Iterator[Iterator[dict[str, Any]]]:
    """The events of a stream as they come."""
    with httpx.stream("GET", f"{server.url}/api/v1{path}", timeout=DEADLINE_SECONDS, trust_env=False) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        lines = answer.iter_lines()
        yield (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))


def points(heard: Iterator[dict[str, Any]], name: str, count: int) -> list[tuple[int, int, float]]:
    """So many new points of one metric: where they come, step and value."""
    found: list[tuple[int, int, float]] = []
    while len(found) < count:
        event = next(heard)
        if event["type"] == "points":
            for series in event["series"]:
                if series["name"] == name:
                    rows = zip(series["steps"], series["values"], strict=True)
                    found += [(series["start"] + at, step, value) for at, (step, value) in enumerate(rows)]
    return found


def test_new_points_come_while_a_recorder_writes(home: Path, server: Server) -> None:
    with training(home) as recorder:
        recorder.log({"train/loss": 9.0}, step=0)
        with listening(server, f"/runs/{recorder.id}/events") as heard:
            first = next(heard)
            assert first["type"] == "run"
            assert first["run"]["metrics"] == [{"name": "train/loss", "direction": "lower", "last": 9.0, "points": 1}]
            for step in range(1, 6):
                recorder.log({"train/loss": float(step)}, step=step)
                assert points(heard, "train/loss", 1) == [(step, step, float(step))]
            recorder.log({"train/loss": float("nan")}, step=6)
            assert points(heard, "train/loss", 1) == [(6, 6, "NaN")]
            recorder.log({"validation/accuracy": 0.5}, step=6)  # a metric that is new begins at 0
            assert points(heard, "validation/accuracy", 1) == [(0, 6, 0.5)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda recorder: recorder.tag(team="vision"), {"tags": {"team": "vision"}}),
        (lambda recorder: recorder.note("better"), {"notes": "better"}),
        (lambda recorder: recorder.warn("gaps"), {"warnings": ["gaps"]}),
        (lambda recorder: recorder.summary({"epoch": 2}), {"summary": {"epoch": 2}}),
        (lambda recorder: recorder.state("stopped", "interrupted"), {"state": "stopped", "reason": "interrupted"}),
    ],
    ids=["tags", "notes", "warnings", "summary", "state"],
)
def test_what_changes_about_the_run_is_told(
    home: Path, server: Server, change: Callable[[RunRecorder], None], told: dict[str, Any]
) -> None:
    with training(home) as recorder, listening(server, f"/runs/{recorder.id}/events") as heard:
        next(heard)
        change(recorder)
        event = next(heard)
        assert event["type"] == "run"
        assert {name: event["run"][name] for name in told} == told


def test_new_media_and_a_death_are_told(home: Path, server: Server) -> None:
    with training(home) as recorder, listening(server, f"/runs/{recorder.id}/events") as heard:
        assert next(heard)["run"]["media"] == []
        recorder.media("filters", b"png", suffix=".png", kind="image", step=1)
        assert [each["name"] for each in next(heard)["run"]["media"]] == ["filters"]
        recorder.close()
        assert next(heard)["run"]["state"] == "crashed"


def test_points_that_are_declared_void_are_told(home: Path, server: Server) -> None:
    with training(home) as recorder:
        for step in range(5):
            recorder.log({"loss": 1.0}, step=step)
        with listening(server, f"/runs/{recorder.id}/events") as heard:
            next(heard)
            recorder.rewind(2)
            assert next(heard) == {"type": "reset"}
            recorder.log({"loss": 7.0}, step=3)
            assert points(heard, "loss", 1) == [(3, 3, 7.0)]


def test_the_list_tells_of_new_runs_of_points_and_of_ends(home: Path, server: Server) -> None:
    with listening(server, "/events") as heard:
        assert next(heard) == {"type": "runs"}
        with training(home) as recorder:
            assert next(heard) == {"type": "runs"}
            recorder.state("done")
            assert next(heard) == {"type": "runs"}


def test_a_listener_that_leaves_is_forgotten(home: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    news = events.RunWatch.news
    monkeypatch.setattr(events.RunWatch, "news", lambda watch: reads.append(1) or news(watch))
    with training(home) as recorder:
        with listening(server, f"/runs/{recorder.id}/events") as heard:
            next(heard)
        before = -1
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(reads) != before:  # reads go on until the server notices, then no more
            assert time.monotonic() < deadline
            before = len(reads)
            for _ in range(30):  # which take longer than many pauses between reads
                httpx.get(f"{server.url}/api/v1/runs/{recorder.id}", trust_env=False)


def test_a_deleted_run_ends_its_stream(home: Path, server: Server) -> None:
    with training(home) as recorder:
        pass
    with listening(server, f"/runs/{recorder.id}/events") as heard:
        next(heard)
        recorder.folder.rename(home / "gone")
        assert [event["type"] for event in heard if event["type"] != "run"] == []


def test_a_stopping_server_ends_its_streams(home: Path, server: Server) -> None:
    with training(home) as recorder, listening(server, f"/runs/{recorder.id}/events") as heard:
        next(heard)
        server.stop()
        assert list(heard) == []
