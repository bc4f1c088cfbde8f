import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from glia.tracking.capture.console import LONGEST_LINE, capture, read_console
from tests.tracking.children import PATIENCE_SECONDS, child


class Screen(io.StringIO):
    """What a notebook's stream is: no file behind it."""

    encoding = "utf-8"

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


@contextmanager
def screened() -> Iterator[Screen]:
    """Both streams go to a screen. (A fixture cannot do this: pytest changes the streams after it.)"""
    screen = Screen()
    with redirect_stdout(screen), redirect_stderr(screen):
        yield screen


def kept(folder: Path) -> list[str]:
    return [line.text for line in read_console(folder / "console")]


def test_lines_are_printed_and_kept_with_their_time(tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    with screened() as screen, capture(tmp_path, "1-ab"):
        print("hello", "world")
        print("to stderr: ü", file=sys.stderr)
        print("\n", end="")
    assert screen.getvalue() == "hello world\nto stderr: ü\n\n"
    assert (tmp_path / "console" / "1-ab.log").stat().st_mode & 0o777 == 0o600
    lines = read_console(tmp_path / "console")
    assert [line.text for line in lines] == ["hello world", "to stderr: ü", ""]
    assert all(before <= line.time <= datetime.now(UTC) for line in lines)


def test_streams_are_put_back(tmp_path: Path) -> None:
    with screened() as screen:
        with suppress(ZeroDivisionError), capture(tmp_path):
            assert sys.stdout is not screen
            print(1 / 0)
        assert sys.stdout is screen
        assert sys.stderr is screen


def test_a_line_not_yet_finished_is_kept_at_the_end(tmp_path: Path) -> None:
    with screened(), capture(tmp_path):
        print("no newline", end="")
        assert kept(tmp_path) == []
    assert kept(tmp_path) == ["no newline"]


def test_of_a_progress_bar_only_the_last_state_is_kept(tmp_path: Path) -> None:
    with screened(), capture(tmp_path):
        for percent in range(0, 101, 10):
            sys.stderr.write(f"\r{percent:3d}%|" + "#" * (percent // 10))
        sys.stderr.write("\n")
        print("windows\r\nlines\r\n", end="")
        print("erased\x1b[2Kall\x1b[0K of it", "\x1b[1;31mred\x1b[0m", "\x1b]0;title\x07", "spin|\b/")
    assert kept(tmp_path) == ["100%|##########", "windows", "lines", "all of it red  spin/"]


def test_a_control_sequence_may_come_in_pieces(tmp_path: Path) -> None:
    with screened(), capture(tmp_path):
        for piece in ("a\x1b", "[3", "1mb\x1b[0", "m\n"):
            sys.stdout.write(piece)
    assert kept(tmp_path) == ["ab"]


def test_a_display_of_several_lines_is_kept_once(tmp_path: Path) -> None:
    with screened(), capture(tmp_path):
        print("before")
        console = Console(file=sys.stderr, force_terminal=True, width=60)
        with Progress(console=console, auto_refresh=False) as progress:
            tasks = [progress.add_task(name, total=10) for name in ("one", "two", "three")]
            for done in range(11):
                for task in tasks:
                    progress.update(task, completed=done)
                progress.refresh()
        print("after")
    lines = kept(tmp_path)
    assert [line.split()[0] for line in lines] == ["before", "one", "two", "three", "after"]
    assert all("100%" in line for line in lines[1:4])


def test_lines_of_another_stream_are_never_taken_back(tmp_path: Path) -> None:
    with screened(), capture(tmp_path):
        print("kept")
        sys.stderr.write("moved up\x1b[5A\n")
    assert kept(tmp_path) == ["kept", ""]


def test_what_a_child_printed_is_not_taken_back(tmp_path: Path) -> None:
    with screened(), capture(tmp_path, "1"):
        print("one")
        with (tmp_path / "console" / "1.log").open("a") as child:
            child.write("2026-01-01T00:00:00.000Z from a child\n")
        sys.stdout.write("\x1b[1A")
        print("two")
    assert sorted(kept(tmp_path)) == ["from a child", "one", "two"]


def test_captures_may_stand_inside_each_other(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.mkdir()
    second.mkdir()
    with screened() as screen, capture(first):
        print("outer")
        with capture(second), capture(first):
            print("both")
        print("outer again")
    assert kept(first) == ["outer", "both", "outer again"]
    assert kept(second) == ["both"]
    assert screen.getvalue() == "outer\nboth\nouter again\n"


def test_leaving_in_another_order_harms_nobody(tmp_path: Path) -> None:
    with screened() as screen:
        with capture(tmp_path):
            ours = sys.stdout
            sys.stdout = theirs = io.StringIO()
        assert sys.stdout is theirs
        sys.stdout = ours  # what they put back is passed through, and kept no more
        print("later")
    assert screen.getvalue() == "later\n"
    assert kept(tmp_path) == []


def test_the_stream_stays_what_it_was(tmp_path: Path) -> None:
    with screened(), capture(tmp_path):
        assert sys.stdout.encoding == "utf-8"
        assert not sys.stdout.isatty()
        with pytest.raises(io.UnsupportedOperation):
            sys.stdout.fileno()
        sys.stdout.writelines(["a\n", "b\n"])
        with pytest.raises(TypeError):
            sys.stdout.write(b"bytes")  # type: ignore[arg-type]
    assert kept(tmp_path) == ["a", "b"]


def test_a_missing_stream_is_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    with capture(tmp_path):
        print("hello")
    assert kept(tmp_path) == ["hello"]


def test_what_cannot_be_kept_is_printed(tmp_path: Path) -> None:
    with screened() as screen, capture(tmp_path / "missing"):
        print("hello")
    assert screen.getvalue() == "hello\n"


def test_a_line_without_end_is_cut_into_pieces(tmp_path: Path) -> None:
    with screened(), capture(tmp_path):
        for _ in range(3):
            sys.stdout.write("x" * (LONGEST_LINE // 2 + 1))
    assert [len(line) for line in kept(tmp_path)] == [LONGEST_LINE + 2, LONGEST_LINE // 2 + 1]


def test_threads_do_not_tear_each_others_lines(tmp_path: Path) -> None:
    with screened(), capture(tmp_path):
        threads = [
            threading.Thread(target=lambda name=name: [sys.stdout.write(f"{name * 40}\n") for _ in range(200)])
            for name in "abcd"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(kept(tmp_path)) == sorted(name * 40 for name in "abcd" for _ in range(200))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_prints_into_the_same_console(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from glia.tracking.capture.console import capture
with capture(Path(sys.argv[1])):
    print("unfinished", end="", flush=True)
    pid = os.fork()
    if pid == 0:
        print("child")
        os._exit(0)
    os.waitpid(pid, 0)
    print(" parent")
"""
    with child(code, tmp_path) as process:
        assert process.wait(PATIENCE_SECONDS) == 0
    assert sorted(kept(tmp_path)) == ["child", "unfinished parent"]


def test_the_last_lines_of_a_long_console_are_found(tmp_path: Path) -> None:
    with screened(), capture(tmp_path):
        for index in range(5000):
            print(f"line {index} " + "." * 60)
    assert [line.text.split(".")[0] for line in read_console(tmp_path / "console", 3)] == [
        "line 4997 ",
        "line 4998 ",
        "line 4999 ",
    ]
    assert len(read_console(tmp_path / "console", 4000)) == 4000
    assert len(read_console(tmp_path / "console")) == 5000
    assert read_console(tmp_path / "console", 0) == []
    assert read_console(tmp_path / "nothing") == []


def test_consoles_of_several_processes_are_merged_by_time(tmp_path: Path) -> None:
    folder = tmp_path / "console"
    folder.mkdir()
    (folder / "a.log").write_text("2026-01-01T00:00:01.000Z one\n2026-01-01T00:00:03.000Z three\ndamaged\n")
    (folder / "b.log").write_text("2026-01-01T00:00:02.000Z two \x85 still two\n")
    assert [line.text for line in read_console(folder)] == ["one", "two \x85 still two", "three"]
