import threading
from pathlib import Path

import pytest

from glia.server import compacting, readers
from glia.server.compacting import Compactor
from glia.server.readers import Readers
from glia.server.serving import Server
from glia.tracking.log import compaction
from glia.tracking.log.columns import NAME
from tests.server.recorded import training


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compacting, "compact", lambda *given, **more: compaction.compact(*given, **more, least=50))


def test_finished_runs_are_put_into_columns_and_read_from_them(home: Path) -> None:
    opened = Readers(home)
    compactor = Compactor(home, opened, threading.Event())
    with training(home) as recorder:
        for step in range(100):
            recorder.log({"loss": 1.0}, step=step)
        assert compactor.round() == 0
        with opened.open(recorder.id) as reader:
            assert reader.held > 100
        recorder.state("done")
    with training(home) as short:
        short.log({"loss": 1.0}, step=1)
    assert compactor.round() == 1
    assert (recorder.folder / NAME).exists()
    assert not (short.folder / NAME).exists()
    with opened.open(recorder.id) as reader:
        assert reader.held == 0
        assert reader.count("loss") == 100


def test_what_did_not_change_is_not_looked_at_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr(compacting, "rests", lambda folder: looked.append(folder) or True)
    compactor = Compactor(home, Readers(home), threading.Event())
    with training(home) as recorder:
        recorder.log({"loss": 1.0}, step=1)
    compactor.round()
    compactor.round()
    assert looked == [recorder.folder]
    with training(home):
        compactor.round()
    assert len(looked) == 2


def test_glia_serve_does_so_meanwhile_and_ends_with_it(
    home: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = threading.Event()
    monkeypatch.setattr(compacting, "SECONDS_BETWEEN_ROUNDS", 0.01)
    monkeypatch.setattr(compacting.Compactor, "round", lambda self: done.set() or 0)
    server.compact()
    assert done.wait(30)
    thread = next(each for each in threading.enumerate() if each.name == "glia columns")
    server.stop()
    thread.join(30)
    assert not thread.is_alive()


def test_points_in_memory_are_bounded(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MOST_HELD", 150)
    opened, kept = Readers(home), []
    for _ in range(3):
        with training(home) as recorder:
            for step in range(60):
                recorder.log({"loss": 1.0}, step=step)
        with opened.open(recorder.id) as reader:
            kept.append(reader)
    with opened.open(kept[2].id) as reader:
        assert reader is kept[2]
    with opened.open(kept[0].id) as reader:
        assert reader is not kept[0]
