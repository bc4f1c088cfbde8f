"""Tables of a run, a page at a time."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from glia.record import media
from glia.tracking.recording.recorder import RunRecorder
from tests.server.recorded import training


def put(recorder: RunRecorder, rows: Any) -> str:
    encoded = media.table(rows)
    return recorder.media("mistakes", encoded.data, suffix=encoded.suffix, kind="table", step=1)


ROWS = [
    {"word": "b", "loss": 0.5, "-sign": 1},
    {"word": "a", "loss": float("nan"), "-sign": 2},
    {"word": None, "loss": 2, "-sign": 3},
    {"word": "C", "loss": float("inf"), "-sign": 4},
]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", [1, 2, 3, 4]),
        ("loss", [1, 3, 4, 2]),
        ("-loss", [4, 3, 1, 2]),
        ("word", [2, 1, 4, 3]),
        ("-word", [4, 1, 2, 3]),
        ("-sign", [1, 2, 3, 4]),
        ("--sign", [4, 3, 2, 1]),
    ],
)
def test_rows_are_sorted_and_what_has_no_value_is_last(
    home: Path, client: httpx.Client, sort: str, expected: list[int]
) -> None:
    with training(home) as recorder:
        at = f"/runs/{recorder.id}/tables/{put(recorder, ROWS)}"
        found = client.get(at, params={"sort": sort}).json()
    assert found["columns"] == ["word", "loss", "-sign"]
    assert [row[2] for row in found["rows"]] == expected


def test_pages_and_totals(home: Path, client: httpx.Client) -> None:
    with training(home) as recorder:
        at = f"/runs/{recorder.id}/tables/{put(recorder, {'n': range(10_100)})}"
        found = client.get(at, params={"offset": 9_998, "limit": 50}).json()
        wrong = client.get(at, params={"sort": "m"})
    assert found == {"columns": ["n"], "rows": [[9998], [9999]], "kept": 10_000, "total": 10_100}
    assert wrong.status_code == 422
    assert "the table has no column 'm'" in wrong.json()["detail"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"columns": 3, "rows": []}', b"\xff"])
def test_a_damaged_table_is_said(home: Path, client: httpx.Client, content: bytes) -> None:
    with training(home) as recorder:
        file = recorder.media("t", content, suffix=".json", kind="table")
        answer = client.get(f"/runs/{recorder.id}/tables/{file}")
        none = client.get(f"/runs/{recorder.id}/tables/none.json")
    assert (answer.status_code, none.status_code) == (404, 404)
    assert "is not a table, or is damaged" in answer.json()["detail"]
