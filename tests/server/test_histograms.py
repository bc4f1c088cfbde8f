"""Histograms over steps, on shared bins."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from glia.record import media
from glia.tracking.recording.recorder import RunRecorder
from tests.server.recorded import training


def put(recorder: RunRecorder, name: str, step: int, histograms: dict[str, Any]) -> None:
    encoded = media.histograms(histograms)
    recorder.media(name, encoded.data, suffix=encoded.suffix, kind=encoded.kind, step=step)


def test_steps_are_shown_on_shared_bins(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        put(recorder, "weights", 1, {"weights": media.counted([4], [0, 1])})
        put(recorder, "weights", 2, {"weights": media.counted([1, 3], [0, 2, 4])})
        put(recorder, "weights", 3, {"weights": media.binned([float("nan")] * 3)})
        put(recorder, "other", 1, {"other": media.counted([1], [-9, 9])})
        found = client.get(f"/runs/{recorder.id}/histograms", params={"name": "weights"}).json()
    [series] = found["series"]
    assert (series["name"], series["steps"]) == ("weights", [1, 2, 3])
    assert (series["edges"][0], series["edges"][-1], len(series["edges"])) == (0, 4, 41)
    first, second, third = series["shares"]
    assert sum(first[:10]) == pytest.approx(1)
    assert sum(first[10:]) == 0
    assert (sum(second[:20]), sum(second[20:])) == pytest.approx((0.25, 0.75))
    assert sum(third) == 0
    assert (series["counts"], series["other"]) == ([4, 4, 3], [0, 0, 3])


def test_of_many_steps_some_are_shown_and_layers_stand_apart(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        for step in range(200):
            put(recorder, "watch", step, {f"watch/{layer}/weights": media.counted([1], [0, 1]) for layer in "ab"})
        found = client.get(f"/runs/{recorder.id}/histograms", params={"name": "watch"}).json()
    assert [series["name"] for series in found["series"]] == ["watch/a/weights", "watch/b/weights"]
    steps = found["series"][0]["steps"]
    assert (len(steps), steps[0], steps[-1]) == (60, 0, 199)


@pytest.mark.parametrize("said", [{}, {"edges": [0], "counts": []}, {"edges": [0, 1], "counts": [1, 2]}, 3])
def test_damaged_ones_are_left_out(home: Path, client: httpx.Client, said: Any) -> None:
    with training(home) as recorder:
        data = json.dumps({"histograms": {"weights": said}}).encode()
        recorder.media("weights", data, suffix=".json", kind="histogram", step=1)
        put(recorder, "weights", 2, {"weights": media.counted([1], [0, 1])})
        found = client.get(f"/runs/{recorder.id}/histograms", params={"name": "weights"}).json()
        none = client.get(f"/runs/{recorder.id}/histograms", params={"name": "none"}).json()
    assert found["series"][0]["steps"] == [2]
    assert none == {"series": []}
