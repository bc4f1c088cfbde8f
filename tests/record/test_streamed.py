"""A table on disk trained on, gone on with, judged and predicted by the front door and the commands."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import glia
from glia.cli.main import app
from glia.data import parquet, windows
from glia.record import progress, training
from tests.data.streamed import columns, write

SMALL = {
    "model.name": "mlp",
    "model.hidden": [8],
    "train.batch_size": 32,
    "train.device": "cpu",
    "data.split.by": "content",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "t.parquet", columns(600))


def test_the_record_is_that_of_the_table_in_memory(path: Path) -> None:
    streams, whole = (
        glia.train(path, target="label", epochs=2, settings={**SMALL, "data.stream": stream})
        for stream in (True, False)
    )
    assert (streams.state, streams.reason) == ("done", "epochs")
    assert streams.summary == whole.summary
    assert streams.data_version == whole.data_version
    different = {name for name, value in streams.params.items() if value != whole.params[name]}
    assert different == {"data.stream"}
    left = "it is left on disk and gone through in pieces"
    assert [text for text in streams.warnings if left not in text] == whole.warnings
    assert len(streams.warnings) == len(whole.warnings) + 1
    assert glia.evaluate(glia.run(streams.id)) == glia.evaluate(glia.run(whole.id))
    assert streams.looks == 1


def test_a_run_on_a_table_on_disk_goes_on_where_it_stopped(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(windows, "STRETCH", 64)
    monkeypatch.setattr(windows, "WINDOW_BYTES", 1)
    given = {**SMALL, "data.stream": True, "train.log_every": 5}
    never = glia.train(path, target="amount", epochs=3, settings=given)

    def stop(event: Any) -> None:
        if event.step == 20:  # in the second epoch
            os.kill(os.getpid(), signal.SIGINT)

    stopped = glia.train(path, target="amount", epochs=3, settings=given, on={"StepsDone": stop})
    assert stopped.state == "stopped"
    again = glia.train(resume=stopped.id)
    assert (again.id, again.state) == (stopped.id, "done")
    assert again.summary == never.summary


def test_large_tables_are_predicted_in_blocks(path: Path, monkeypatch) -> None:
    run = glia.train(path, target="label", epochs=1, settings=SMALL)
    ask = CliRunner().invoke
    whole = ask(app, ["predict", run.id, str(path)]).stdout.split()
    in_json = json.loads(ask(app, ["predict", run.id, str(path), "--json"]).stdout)
    monkeypatch.setattr(parquet, "IN_MEMORY", 0.0)
    monkeypatch.setattr(parquet, "BATCH", 100)
    assert ask(app, ["predict", run.id, str(path)]).stdout.split() == whole
    blocks = json.loads(ask(app, ["predict", run.id, str(path), "--json"]).stdout)
    assert [(row["file"], row["prediction"]) for row in blocks] == [(row["file"], row["prediction"]) for row in in_json]
    assert blocks[599]["file"] == f"{path}:600"


def test_passes_over_a_table_are_shown_if_they_take_long(monkeypatch) -> None:
    shown: list[tuple[str, float]] = []

    class Seen:
        def show(self, line: str, share: float) -> None:
            shown.append((line, share))

        def close(self) -> None:
            shown.append(("closed", 1.0))

    monkeypatch.setattr(progress, "choose", Seen)
    monkeypatch.setattr(progress, "SECONDS_BEFORE_SHOWN", -1.0)
    for here in (100, 200, 300):
        progress.reading("reading", here, 300)
    assert shown == [("reading: 100 of 300 rows", 1 / 3), ("reading: 200 of 300 rows", 2 / 3), ("closed", 1.0)]
    monkeypatch.setattr(progress, "SECONDS_BEFORE_SHOWN", 1e9)
    progress.reading("dividing", 100, 300)
    progress.reading("dividing", 300, 300)
    assert len(shown) == 3


def test_training_tells_of_each_pass(path: Path, monkeypatch) -> None:
    told = set()
    monkeypatch.setattr(training, "reading", lambda what, here, total: told.add(what.split(" ")[0]))
    glia.train(path, target="label", epochs=1, settings={**SMALL, "data.stream": True})
    assert told == {"reading", "contents", "dividing", "counting", "fitting"}
