import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from glia.errors import ConfigError, NotFoundError
from glia.tracking.folder.home import run_folders
from glia.tracking.folder.reader import RunReader
from glia.tracking.recording.command import Ended, Order, record_command
from glia.tracking.recording.stopping import ask_to_stop
from tests.tracking.capture.test_event_files import event, simple


def record(home: Path, program: str, *arguments: str, **options: Any) -> tuple[Ended, RunReader]:
    order = Order(home=home, project="tests", **options)
    ended = record_command([sys.executable, "-c", program, *arguments], order)
    return ended, RunReader(home / "runs" / ended.run)


def test_a_program_that_knows_nothing_is_recorded(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program = "import sys; print('hello'); sys.stdout.flush(); print('\\x1b[31mred\\x1b[0m', file=sys.stderr)"
    ended, run = record(home, program, "--lr", "0.1", "--token", "s3cr3t", name="mine", tags={"team": "vision"})
    assert (ended.code, ended.state, run.state, run.name, run.kind) == (0, "done", "done", "mine", "command")
    assert run.params == {"lr": 0.1, "token": "…"}
    assert run.tags == {"team": "vision"}
    assert sorted(line.text for line in run.console()) == ["hello", "red"]
    assert capfd.readouterr() == ("hello\n", "\x1b[31mred\x1b[0m\n")  # passed on as it was
    assert run.source["command"][-4:] == ["--lr", "0.1", "--token", "…"]


@pytest.mark.parametrize(
    ("program", "code", "reason"),
    [
        ("raise SystemExit(3)", 3, "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, "killed by SIGKILL"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 139, "killed by SIGSEGV"),
    ],
)
def test_how_it_failed_is_told(home: Path, program: str, code: int, reason: str) -> None:
    ended, run = record(home, program)
    assert (ended.code, run.state, run.reason) == (code, "failed", reason)


def test_a_command_that_cannot_be_had_is_refused_before_anything_is_recorded(home: Path) -> None:
    order = Order(home=home, project="tests")
    with pytest.raises(NotFoundError, match="no program 'no-such-program'"):
        record_command(["no-such-program"], order)
    with pytest.raises(ConfigError, match=r"glia record -- python train\.py"):
        record_command([], order)
    assert list(run_folders(home)) == []


def test_what_cannot_be_run_is_a_failed_run(home: Path, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"\x7fELF no")
    script.chmod(0o755)
    ended = record_command([str(script)], Order(home=home, project="tests"))
    assert (ended.code, ended.state) == (126, "failed")
    assert ended.reason.startswith("it cannot be run: ")


def test_metrics_are_read_from_lines(home: Path) -> None:
    program = "for s in (1, 2): print(f'step {s} loss={1 / s} val_acc: 0.{s}')\nprint('loss: nan')"
    _, run = record(home, program, lines=True)
    assert run.metrics("loss").step.tolist() == [1, 2, 3]
    assert run.metrics("loss").value.tolist()[:2] == [1.0, 0.5]
    assert run.metrics("validation/acc").value.tolist() == [0.1, 0.2]
    _, run = record(home, program)
    assert run.names() == []  # only when asked for


def test_a_progress_bar_is_one_line(home: Path) -> None:
    _, run = record(home, "print('\\r'.join(f'{i} loss={i}.5' for i in range(5)))", lines=True)
    assert [line.text for line in run.console()] == ["4 loss=4.5"]
    assert run.metrics("loss").value.tolist() == [4.5]


def test_metrics_are_read_from_event_files(home: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    content = event("train/loss", simple(0.5), step=7, time=1234.5) + event("train/loss", simple(0.25), step=8)
    program = f"import os; os.mkdir({str(logs)!r}); open({str(logs / 'x.tfevents.1')!r}, 'wb').write({content!r})"
    program += f"\nopen({str(logs / 'y.tfevents.2')!r}, 'wb').write(bytes(12))"
    _, run = record(home, program, tensorboard=logs)
    loss = run.metrics("train/loss")
    assert (loss.step.tolist(), loss.value.tolist(), loss.time[0]) == ([7, 8], [0.5, 0.25], 1234.5)
    assert "cannot be read beyond byte 0" in run.warnings[0]


def test_a_program_that_uses_glia_has_this_run_as_parent(home: Path) -> None:
    program = "import glia\nwith glia.start(project='inner') as run: run.log(loss=0.5)\nprint(run.id)"
    ended, outer = record(home, program)
    inner = RunReader(home / "runs" / outer.console()[0].text)
    assert (inner.parent, inner.names(), outer.names()) == (ended.run, ["loss"], [])


def test_it_is_part_of_the_run_around_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIA_PARENT", "0123456789abcdef")
    assert record(home, "pass")[1].parent == "0123456789abcdef"
    monkeypatch.setenv("GLIA_PARENT", "../../etc")
    assert record(home, "pass")[1].parent is None


def test_somebody_may_ask_from_outside_that_it_stop(home: Path) -> None:
    def ask() -> None:
        while not (folders := list(run_folders(home))) or not RunReader(folders[0]).console():
            pass
        ask_to_stop(RunReader(folders[0]), "asked by Ada")

    threading.Thread(target=ask, daemon=True).start()
    ended, run = record(home, "import time; print('begun', flush=True); time.sleep(60)")
    assert (ended.code, run.state, run.reason) == (143, "stopped", "asked by Ada")


WAITS = """
import signal, sys, time
def leave(number, frame):
    print("leaving", flush=True)
    sys.exit(int(sys.argv[1]))
signal.signal(signal.SIGTERM, leave)
signal.signal(signal.SIGINT, leave)
print("ready", flush=True)
time.sleep(600)
"""


def glia_record(*command: str, **options: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "glia", "record", "--", *command], **options)


@pytest.mark.parametrize(
    ("sent", "reason", "code"), [(signal.SIGTERM, "terminated", 0), (signal.SIGINT, "interrupted", 5)]
)
def test_signals_are_passed_on_and_it_ends_as_it_likes(
    home: Path, sent: signal.Signals, reason: str, code: int
) -> None:
    process = glia_record(
        sys.executable, "-c", WAITS, str(code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(sent)
    out, _ = process.communicate(timeout=60)
    run = RunReader(next(run_folders(home)))
    assert (out, process.returncode, run.state, run.reason) == (b"leaving\n", code, "stopped", reason)


def test_the_second_termination_is_not_to_be_ignored(home: Path) -> None:
    deaf = WAITS.replace("sys.exit(int(sys.argv[1]))", "").replace("time.sleep(600)", "while True: time.sleep(600)")
    process = glia_record(sys.executable, "-c", deaf, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    assert process.stdout.readline() == b"leaving\n"
    process.terminate()
    process.communicate(timeout=60)
    run = RunReader(next(run_folders(home)))
    assert (process.returncode, run.state, run.reason) == (137, "stopped", "terminated")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells a child that its parent is gone")
def test_the_program_is_told_if_this_process_is_killed(home: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    program = WAITS.replace('print("leaving", flush=True)', f"open({str(told)!r}, 'w').write('told')")
    process = glia_record(sys.executable, "-c", program, "0", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert told.read_text() == "told"
    assert RunReader(next(run_folders(home))).state == "crashed"


def test_input_is_inherited_and_a_reader_that_leaves_is_noticed(home: Path) -> None:
    process = glia_record(
        sys.executable,
        "-c",
        "print(input()[::-1])",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.communicate(b"abc\n", timeout=60)[0] == b"cba\n"
    endless = "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\nwhile True: print('y')"
    process = glia_record(sys.executable, "-c", endless, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 128 + signal.SIGPIPE


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo terminals on this system")
def test_at_a_terminal_the_program_has_one_too(home: Path) -> None:
    import fcntl
    import struct
    import termios

    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 111, 0, 0))
    program = "import os, sys; print(sys.stdout.isatty(), os.get_terminal_size(1)[0]); print('e', file=sys.stderr)"
    process = glia_record(sys.executable, "-c", program, stdout=slave, stderr=slave, stdin=slave)
    assert process.wait(60) == 0
    os.close(slave)
    shown = b""
    while b"glia runs show" not in shown:
        shown += os.read(master, 1000)
    os.close(master)
    assert shown.startswith(b"True 111\r\ne\r\n")  # in order, and with the line ends of one terminal, not of two
    assert [line.text for line in RunReader(next(run_folders(home))).console()] == ["True 111", "e"]
