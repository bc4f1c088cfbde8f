"""Checkpoints of loops of one's own, and going on from them."""

import errno
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import glia
from glia.errors import NotFoundError
from glia.record import checkpoints


def write(folder: Path, text: str) -> Path:
    (folder / "deep").mkdir(parents=True, exist_ok=True)
    (folder / "state.txt").write_text(text)
    (folder / "deep" / "more.txt").write_text(text)
    return folder


def test_a_resumed_run_has_the_files_and_shows_each_step_once(tmp_path: Path) -> None:
    run = glia.start()
    assert run.restored is None
    for step in range(1, 6):
        run.log(loss=float(step), step=step)
        with run.phase("validation"):
            run.log(accuracy=step / 10)  # counts by itself
        if step == 3:
            run.checkpoint(write(tmp_path / "kept", "at 3"))
    write(tmp_path / "kept", "later")
    run.text("said", "too early", step=5)
    run.end("failed", "killed")

    with glia.start(resume=run.id) as again:
        assert again.restored is not None
        assert (again.restored / "state.txt").read_text() == "at 3"
        assert (again.restored / "deep" / "more.txt").read_text() == "at 3"
        assert list(again.metrics("loss")["step"]) == [1, 2, 3]
        for step in range(4, 7):
            again.log(loss=-float(step), step=step)
            again.log({"validation/accuracy": step / 10})
    assert list(again.metrics("loss")["value"]) == [1.0, 2.0, 3.0, -4.0, -5.0, -6.0]
    accuracy = again.metrics("validation/accuracy")
    assert list(accuracy["step"]) == [1, 2, 3, 4, 5, 6]
    assert list(glia.run(run.id).metrics("loss")["step"]) == [1, 2, 3, 4, 5, 6]


def test_the_newest_two_are_kept_and_the_newest_is_restored(tmp_path: Path) -> None:
    with glia.start() as run:
        for number in range(1, 5):
            run.log(loss=float(number))
            run.checkpoint(write(tmp_path, f"number {number}"))
    assert sorted(os.listdir(run.folder / "checkpoints")) == ["3", "4"]
    with glia.start(resume=run.id) as again:
        assert again.restored is not None
        assert (again.restored / "state.txt").read_text() == "number 4"
        assert list(again.metrics("loss")["step"]) == [1, 2, 3, 4]


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with glia.start() as run:
        for number in (1, 2):
            run.log(loss=float(number))
            run.checkpoint(write(tmp_path, f"number {number}"))
    (run.folder / "checkpoints" / "2" / "checkpoint.json").write_text("{")
    with glia.start(resume=run.id) as again:
        assert again.restored is not None
        assert (again.restored / "state.txt").read_text() == "number 1"
        assert list(again.metrics("loss")["step"]) == [1]
    assert "Checkpoint 2 of run" in caplog.text


def test_one_file_is_a_checkpoint_too(tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(b"weights")
    with glia.start() as run:
        run.checkpoint(tmp_path / "last.pt")
    with glia.start(resume=run.id) as again:
        assert again.restored is not None
        assert (again.restored / "last.pt").read_bytes() == b"weights"


def test_without_a_checkpoint_nothing_is_restored_and_nothing_is_void() -> None:
    with glia.start() as run:
        run.log(loss=1.0)
    with glia.start(resume=run.id) as again:
        assert again.restored is None
        again.log(loss=2.0)
    assert list(again.metrics("loss")["step"]) == [1, 2]
    with pytest.raises(NotFoundError, match=r"no file or folder '.*nowhere' to keep as a checkpoint"):
        again.checkpoint("nowhere")


def test_a_full_disk_leaves_the_one_before_and_training_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with glia.start() as run:
        run.log(loss=1.0)
        run.checkpoint(write(tmp_path, "first"))

        def full(*_: object) -> str:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(shutil, "copyfile", full)
            run.checkpoint(write(tmp_path, "second"))
        run.log(loss=2.0)
    assert os.listdir(run.folder / "checkpoints") == ["1"]
    assert "A checkpoint could not be kept" in run.warnings[0]
    assert "No space left" in caplog.text


def test_everything_is_on_disk_before_a_checkpoint_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    rename = Path.rename
    monkeypatch.setattr(checkpoints, "_sync", lambda path: done.append(path.name))
    monkeypatch.setattr(Path, "rename", lambda self, to: (done.append(f"named {to.name}"), rename(self, to))[1])
    with glia.start() as run:
        run.checkpoint(write(tmp_path, "x"))
    named = done.index("named 1")
    assert {"state.txt", "more.txt", "checkpoint.json", "files", "deep"} <= set(done[:named])
    assert done[named + 1 :] == ["checkpoints"]


def test_killed_while_checkpointing_the_one_before_stays(tmp_path: Path) -> None:
    script = f"""
        import glia, os, shutil, pathlib
        folder = pathlib.Path({str(tmp_path)!r}, "state")
        folder.mkdir()
        (folder / "a.txt").write_text("first")
        (folder / "b.txt").write_text("first")
        run = glia.start(name="killed")
        run.log(loss=1.0)
        run.checkpoint(folder)
        run.log(loss=2.0)
        for name in ("a.txt", "b.txt"):
            (folder / name).write_text("second")
        copy, count = shutil.copyfile, []
        def kill_at_second(source, target):
            count.append(1)
            if len(count) == 2:
                os.kill(os.getpid(), 9)
            return copy(source, target)
        shutil.copyfile = kill_at_second
        run.checkpoint(folder)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    run = glia.run("killed")
    assert run.state == "crashed"
    with glia.start(resume="killed") as again:
        assert again.restored is not None
        assert sorted(path.read_text() for path in again.restored.iterdir()) == ["first", "first"]
        assert list(again.metrics("loss")["value"]) == [1.0]
    assert sorted(os.listdir(run.folder / "checkpoints")) == ["1"], "what was left half made is cleared"
