"""What may be logged, into which run, and what is kept beside it."""

import fractions
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import glia
from glia.errors import ConfigError, NotFoundError
from glia.store.blobs import Blobs


class Jaxlike:
    """A number of another library."""

    def __float__(self) -> float:
        return 0.5

    def __str__(self) -> str:
        return "jaxlike"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, 1.0),
        (2**53, 2.0**53),
        (torch.tensor(0.5, dtype=torch.bfloat16), 0.5),
        (torch.tensor(0.5).to(torch.float8_e4m3fn), 0.5),
        (torch.tensor(0.5, requires_grad=True), 0.5),
        (torch.tensor([0.5]), 0.5),
        (torch.tensor(True), 1.0),
        (np.float16(0.5), 0.5),
        (np.array(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.bool_(False), 0.0),
        (Jaxlike(), 0.5),
        (fractions.Fraction(1, 2), 0.5),
        (float("inf"), float("inf")),
        (float("-inf"), float("-inf")),
    ],
    ids=str,
)
def test_numbers_of_all_kinds(value: Any, expected: float) -> None:
    with glia.start() as run:
        run.log(value=value)
    assert list(run.metrics("value")["value"]) == [expected]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (2**53 + 1, "'value' is 9007199254740993, beyond 2"),
        (torch.tensor(2**60), "beyond 2"),
        (np.uint64(2**60), "beyond 2"),
        (torch.empty((), device="meta"), "Log a single number"),
        (torch.zeros(2), r"of shape \(2,\)\). Log a single number"),
        (1j, "complex"),
        (None, "NoneType"),
        ("0.5", "'0.5' \\(str\\)"),
        (fractions.Fraction(10**400), "Log a single number"),
    ],
    ids=str,
)
def test_what_is_no_number_is_refused_and_the_run_goes_on(value: Any, reason: str) -> None:
    with glia.start() as run:
        with pytest.raises(ConfigError, match=reason):
            run.log(value=value)
        run.log(value=1.0)
    assert list(run.metrics("value")["value"]) == [1.0]


def test_what_has_no_names_is_refused() -> None:
    with (
        glia.start() as run,
        pytest.raises(ConfigError, match=r"names and values, such as log\(loss=0\.3\).*not '0\.5'"),
    ):
        run.log(0.5)  # type: ignore[arg-type]


def test_steps_count_by_phase_and_time_can_be_given() -> None:
    with glia.start() as run:
        run.log({"train": {"loss": 1.0, "deep": {"er": 2.0}}}, step=10)
        run.log({"train/loss": 0.5}, time=1_000_000.25)
        run.log({"validation/loss": 0.7})
    assert list(run.metrics("train/loss")["step"]) == [10, 11]
    assert run.metrics("train/loss")["time"].iloc[1] == 1_000_000.25
    assert list(run.metrics("validation/loss")["step"]) == [1]
    assert list(run.metrics("train/deep/er")["value"]) == [2.0]


def test_values_after_the_end_are_kept() -> None:
    with glia.start() as run:
        run.log(loss=1.0)
    run.log(loss=2.0)
    fresh = glia.run(run.id)
    assert list(fresh.metrics("loss")["step"]) == [1, 2]
    assert fresh.state == "done"


def test_a_phase_belongs_to_the_thread_that_opened_it() -> None:
    opened, done = threading.Event(), threading.Event()

    def judge(run: glia.Run) -> None:
        with run.phase("validation"), run.phase("hard"):
            opened.set()
            done.wait(30)
            run.log(loss=2.0)

    with glia.start() as run:
        thread = threading.Thread(target=judge, args=(run,))
        thread.start()
        opened.wait(30)
        run.log(loss=1.0)
        done.set()
        thread.join()
    assert sorted(set(run.metrics()["name"])) == ["loss", "validation/hard/loss"]


def test_notes_tags_summary_and_data_version_are_assigned() -> None:
    with glia.start() as run:
        run.log(loss=1.0)
        assert run.summary == {"loss": 1.0}
        run.tags = {"owner": "me", "stage": "draft"}
        run.tags = {"owner": "you"}
        run.notes = "good"
        run.data_version = "7c1d"
        run.summary = {"best": 0.5}
    run.notes = "better"
    fresh = glia.run(run.id)
    assert (fresh.tags, fresh.notes, fresh.data_version) == ({"owner": "you"}, "better", "7c1d")
    assert fresh.summary == {"loss": 1.0, "best": 0.5}
    assert fresh.url == f"http://127.0.0.1:7007/runs/{run.id}"


def test_a_run_begun_in_another_is_a_part_of_it() -> None:
    with glia.start(project="outer") as outer:
        with glia.start() as inner, glia.start(project="own") as innermost:
            pass
        trained = glia.train("iris", epochs=1)
    alone = glia.start()
    alone.end()
    assert (outer.parent, inner.parent, innermost.parent) == (None, outer.id, inner.id)
    assert (trained.parent, alone.parent) == (outer.id, None)
    assert (inner.project, innermost.project) == ("outer", "own")


@pytest.mark.parametrize(("named", "expected"), [("0123456789abcdef", "0123456789abcdef"), ("../../etc", None)])
def test_a_program_inside_a_run_hears_of_it(monkeypatch: pytest.MonkeyPatch, named: str, expected: str | None) -> None:
    monkeypatch.setenv("GLIA_PARENT", named)
    with glia.start() as run:
        pass
    assert run.parent == expected


def test_files_are_kept_and_come_back(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"w" * 100)
    with glia.start() as run:
        run.save_artifact(tmp_path / "model")
        run.save_artifact(tmp_path / "model" / "weights.bin", "best.bin")
    found = {each.name: each for each in glia.run(run.id).artifacts()}
    assert {name: (each.kind, each.bytes, each.files) for name, each in found.items()} == {
        "model": ("folder", 100, 1),
        "best.bin": ("file", 100, 1),
    }
    assert found["model"].copy(tmp_path / "out").joinpath("weights.bin").read_bytes() == b"w" * 100
    with found["best.bin"].open() as file:
        assert file.read() == b"w" * 100
    with pytest.raises(NotFoundError, match="no file or folder"):
        run.save_artifact(tmp_path / "nothing")


def test_links_that_are_left_out_are_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path)
    with glia.start() as run:
        run.save_artifact(tmp_path / "data")
    assert run.warnings == ["Of artifact 'data' links and special files were left out: link."]


def test_a_full_disk_does_not_end_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"x")

    def full(*_: object) -> str:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Blobs, "put", full)
    with glia.start() as run:
        run.save_artifact(tmp_path / "file")
    assert (run.state, run.artifacts()) == ("done", [])
    assert "Artifact 'file' could not be kept: No space left on device" in run.warnings[0]
    assert "cannot be kept" in caplog.text


def test_killed_after_saving_the_artifact_is_there(tmp_path: Path) -> None:
    script = f"""
        import glia, os, pathlib
        file = pathlib.Path({str(tmp_path)!r}, "weights.bin")
        file.write_bytes(b"w" * 100)
        run = glia.start(name="killed")
        run.save_artifact(file)
        run.table("rows", [{{"a": 1}}], step=3)
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    run = glia.run("killed")
    [artifact] = run.artifacts()
    with artifact.open() as file:
        assert file.read() == b"w" * 100
    assert [each.name for each in run._reader.media] == ["rows"]
