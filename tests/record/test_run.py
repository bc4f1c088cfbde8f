"""Runs of one's own loops, and reading them."""

import shutil
import subprocess
import sys
import textwrap
import threading
from typing import Any

import numpy as np
import pytest
import torch

import glia
from glia import pictures
from glia.errors import ConfigError, NotFoundError
from glia.tracking.index.index import Index


def test_a_loop_of_ones_own_is_recorded() -> None:
    with glia.start(project="own", params={"rate": 0.1, "deep": {"er": 2}}) as run:
        for step in range(3):
            run.log(loss=1.0 / (step + 1))
            with run.phase("validation"):
                run.log({"accuracy": torch.tensor(step / 2), "per": {"class": np.float32(0.5)}})
    assert run.state == "done"
    assert list(run.metrics("loss")["value"]) == [1.0, 0.5, 1 / 3]
    assert list(run.metrics("validation/accuracy")["value"]) == [0.0, 0.5, 1.0]
    assert "validation/per/class" in set(run.metrics()["name"])
    assert run.params["rate"] == 0.1


def test_log_goes_into_the_run_begun_last() -> None:
    with pytest.raises(NotFoundError, match=r"No run is being recorded\. Begin one with glia\.start\(\)"):
        glia.log(loss=1.0)
    with glia.start() as outer:
        with glia.start() as inner:
            glia.log(loss=2.0)
        glia.log(loss=1.0)
    assert list(inner.metrics("loss")["value"]) == [2.0]
    assert list(outer.metrics("loss")["value"]) == [1.0]


def test_threads_that_begin_runs_of_their_own_log_into_them() -> None:
    begun = threading.Barrier(2)
    runs = {}

    def work(number: int) -> None:
        with glia.start(name=f"thread-{number}") as run:
            begun.wait(timeout=30)
            for _ in range(50):
                glia.log(number=float(number))
            runs[number] = run
            begun.wait(timeout=30)

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, run in runs.items():
        assert list(run.metrics("number")["value"]) == [float(number)] * 50


def test_a_thread_without_a_run_logs_into_the_one_begun_last() -> None:
    with glia.start() as run:
        thread = threading.Thread(target=lambda: glia.log(loss=3.0))
        thread.start()
        thread.join()
    assert list(run.metrics("loss")["value"]) == [3.0]


def test_params_that_are_no_names_and_values_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"params is a dict of names and values.*not \[1, 2\]"):
        glia.start(params=[1, 2])  # type: ignore[arg-type]


def test_an_error_in_the_block_is_kept_as_the_reason() -> None:
    with pytest.raises(ZeroDivisionError), glia.start() as run:
        _ = 1 / 0
    assert (run.state, run.reason) == ("failed", "ZeroDivisionError: division by zero")


def test_values_that_are_no_numbers_are_refused_and_nan_is_kept() -> None:
    with glia.start() as run:
        run.log(loss=float("nan"))
        with pytest.raises(ConfigError, match="loss"):
            run.log(loss="low")  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="9007199254740993"):
            run.log(count=2**53 + 1)
    assert np.isnan(run.metrics("loss")["value"][0])


def test_tags_and_notes_can_be_changed_after_the_end() -> None:
    with glia.start() as run:
        run.log(loss=1.0)
    again = glia.run(run.name)
    again.tag(stage="candidate")
    again.note("the good one")
    fresh = glia.run(run.id)
    assert (fresh.tags, fresh.notes, fresh.state) == ({"stage": "candidate"}, "the good one", "done")


def test_pictures_are_kept_as_files() -> None:
    with glia.start() as run:
        run.image("noise", np.random.default_rng(0).random((8, 8, 3)), step=1)
        run.picture("bars", pictures.Bars(title="t", x="x", y="y", labels=("a",), values=(1.0,)))
        with pytest.raises(ConfigError, match=r"shape H W or H W C.*\(2, 2, 7\)"):
            run.image("odd", np.zeros((2, 2, 7)))
    assert sorted(path.suffix for path in (run.folder / "media").iterdir()) == [".json", ".png"]


def test_a_metric_that_is_not_there_names_those_that_are() -> None:
    with glia.start() as run:
        run.log({"train/loss": 1.0})
    with pytest.raises(NotFoundError, match="Did you mean 'train/loss'"):
        run.metrics("train/los")


def test_runs_are_lazy_sliceable_and_newest_first() -> None:
    ids = []
    for index in range(5):
        with glia.start(project="even" if index % 2 == 0 else "odd") as run:
            run.log(loss=float(index))
        ids.append(run.id)
    assert [run.id for run in glia.runs()] == ids[::-1]
    assert [run.id for run in glia.runs()[1:3]] == [ids[3], ids[2]]
    assert [run.id for run in glia.runs(project="odd")] == [ids[3], ids[1]]
    assert len(glia.runs(limit=2)) == 2
    assert list(glia.runs().frame()["id"]) == ids[::-1]
    with pytest.raises(IndexError, match="There are 5 runs"):
        glia.runs()[5]


def test_runs_are_asked_for_by_a_condition() -> None:
    ids = []
    for rate in (0.1, 0.01, 0.001):
        with glia.start(params={"lr": rate}) as run:
            run.log({"validation/accuracy": 1 - rate})
        ids.append(run.id)
    found = glia.runs("params.lr < 0.05 and metrics.'validation/accuracy' > 0.9")
    assert [run.id for run in found] == [ids[2], ids[1]]
    assert [run.id for run in glia.runs("params.lr > 0", sort="lr")[::2]] == [ids[2], ids[0]]
    assert [len(glia.runs("state = 'failed'")), len(found)] == [0, 2]
    with pytest.raises(ConfigError, match=r"'param.lr' to ask for\. Did you mean 'params.lr'\?\n  param.lr < 1\n  \^"):
        glia.runs("param.lr < 1")


def test_a_program_that_ends_without_ending_its_run_ends_it() -> None:
    def state_after(end: str) -> tuple[str, str]:
        script = f"import glia; run = glia.start(); run.log(loss=1.0); print(run.id, flush=True); {end}"
        done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
        run = glia.run(done.stdout.split()[0])
        return run.state, run.reason

    assert state_after("pass") == ("done", "")
    assert state_after("1 / 0") == ("failed", "ZeroDivisionError: division by zero")
    assert state_after("import os; os._exit(3)")[0] == "crashed"


def test_curves_are_drawn() -> None:
    with glia.start() as run:
        for value in (3.0, 2.0, 1.0):
            run.log({"train/loss": value})
    axes = run.plot().axes[0]
    assert list(axes.lines[0].get_ydata()) == [3.0, 2.0, 1.0]


def test_a_run_shows_itself_in_notebooks_without_running_what_it_holds() -> None:
    with glia.start(project="<script>alert(1)</script>") as run:
        run.log(loss=1.0)
    assert "&lt;script&gt;" in run._repr_html_()
    assert "<script>" not in run._repr_html_()


def test_a_forked_child_that_leaves_does_not_end_its_parents_run() -> None:
    script = """
        import glia, os, sys
        run = glia.start()
        child = os.fork()
        if child == 0:
            sys.exit(0)
        os.waitpid(child, 0)
        print(run.state, run.id, flush=True)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True)
    state, run_id = done.stdout.split()
    assert state == "running", done.stderr
    assert glia.run(run_id).state == "done"


def test_runs_that_begin_while_others_are_listed_push_none_out(monkeypatch: pytest.MonkeyPatch) -> None:
    first = glia.start()
    first.end()
    before = Index.ids

    def ids(self: Index, *given: Any, **options: Any) -> list[str]:
        monkeypatch.undo()
        glia.start().end()
        self.refresh()
        return before(self, *given, **options)

    monkeypatch.setattr(Index, "ids", ids)
    assert first.id in [run.id for run in glia.runs()]


def test_a_run_that_is_gone_while_others_are_listed_is_left_out() -> None:
    old, new = glia.start(), glia.start()
    new.end(), old.end()
    listed = iter(glia.runs())
    assert next(listed).id == new.id
    shutil.rmtree(old.folder)
    assert list(listed) == []


def test_what_names_no_run_is_refused() -> None:
    with pytest.raises(NotFoundError, match="by its id or name, a text, and not by None"):
        glia.run(None)
    with pytest.raises(ConfigError, match="limit=-1 is less than none"):
        glia.runs(limit=-1)
