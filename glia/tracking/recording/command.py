"""Any program, run and recorded: what `glia record -- COMMAND …` does.

The program gets this process's input, its terminal if there is one, and every signal; what it prints is passed on
unchanged and at once, and kept. It may know of Glia: then its own run has this one as parent. If this process is
killed, the program is told to end (on Linux, by SIGTERM), for its output would go nowhere. A second SIGTERM is passed
on as SIGKILL: whoever sends it (`glia runs stop --force`) means it.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from glia.errors import ConfigError, NotFoundError
from glia.tracking.capture.arguments import entry_of, params_of
from glia.tracking.capture.console import ConsoleFile, Lines
from glia.tracking.capture.event_files import EventFolder
from glia.tracking.capture.line_metrics import LineReader
from glia.tracking.capture.passing import Channels
from glia.tracking.capture.source import describe_source
from glia.tracking.log.records import Written
from glia.tracking.recording.recorder import RunRecorder

PARENT = "GLIA_PARENT"  # names the run around a program to the program
PR_SET_PDEATHSIG = 1  # linux/prctl.h
SECONDS_BETWEEN_LOOKS = 1.0  # at event files, and whether somebody asks from outside to stop
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))
STOPPING = {"SIGINT": "interrupted", "SIGTERM": "terminated", "SIGHUP": "its terminal was closed"}
BY_KEY = ("SIGINT", "SIGQUIT")  # a terminal sends these to every process in its foreground
CANNOT_BE_RUN = 126  # as shells say it


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be recorded of a command, and where."""

    home: Path
    project: str
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    lines: bool = False  # whether metrics are read from what it prints
    tensorboard: Path | None = None  # the folder of its event files


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    run: str  # the id
    name: str
    code: int  # as a shell gives it: 128 and the signal's number if one ended it
    state: Written
    reason: str


def record_command(command: Sequence[str], order: Order) -> Ended:
    """Run a command to its end and record it.

    Args:
        command: the program and its arguments.
        order: where it is recorded, and what more than its console, arguments, source and exit code.

    Raises:
        ConfigError: there is no command.
        NotFoundError: there is no such program; nothing is recorded then.
    """
    _refuse_unknown(command)
    recorder = RunRecorder.create(
        order.home,
        project=order.project,
        name=order.name,
        params=params_of(command),
        parent=_outer(),
        kind="command",
    )
    if order.tags:
        recorder.tag(**order.tags)
    folder = Path.cwd()
    describing = threading.Thread(
        target=lambda: recorder.source(describe_source(None, command, entry_of(command, folder))), daemon=True
    )
    describing.start()
    try:
        state, reason, code = _Recording(recorder, order).carry_out(command)
    except BaseException as error:
        recorder.state("failed", f"{type(error).__name__}: {error}")
        raise
    else:
        describing.join(SECONDS_BETWEEN_LOOKS)
        recorder.state(state, reason)
    finally:
        recorder.close()
    return Ended(recorder.id, recorder.name, code, state, reason)


class _Recording:
    """A command while it runs."""

    def __init__(self, recorder: RunRecorder, order: Order) -> None:
        self._recorder = recorder
        self._console = ConsoleFile(recorder.folder, recorder.writer)
        self._lines = LineReader() if order.lines else None
        self._events = EventFolder(order.tensorboard) if order.tensorboard else None
        self._process: subprocess.Popen[bytes] | None = None
        self._reason = ""  # why it was asked to stop
        self._over = threading.Event()

    def carry_out(self, command: Sequence[str]) -> tuple[Written, str, int]:
        """The state in which it ended, why, and its exit code."""
        heard = self._hear if self._lines else None
        channels = Channels(lambda: Lines(self._console, heard))
        environment = {**os.environ, PARENT: self._recorder.id}
        watching = threading.Thread(target=self._watch, name="glia command", daemon=True)
        try:
            with _heard(self._pass_on):
                self._process = process = subprocess.Popen(
                    list(command),
                    stdout=channels.output,
                    stderr=channels.errors,
                    env=environment,
                    preexec_fn=_die_with_the_parent(),  # calls one prepared C function, and no Python of ours
                )
                channels.begin()
                watching.start()
                if self._reason:  # a signal came before there was a program
                    self._send(signal.SIGTERM)
                code = _wait(process)
            channels.finish()
        except OSError as error:
            return "failed", f"it cannot be run: {error.strerror}", CANNOT_BE_RUN
        finally:
            self._over.set()
            channels.close()
            if watching.is_alive():
                watching.join()
            self._console.close()
        self._read_events()
        state, reason = _outcome(code, self._reason)
        return state, reason, code if code >= 0 else 128 - code

    def _pass_on(self, received: signal.Signals) -> None:
        if received == signal.SIGTERM and self._reason:
            received = signal.Signals.SIGKILL  # it was asked before and goes on
        self._reason = self._reason or STOPPING.get(received.name, "")
        if not (received.name in BY_KEY and _in_the_foreground()):  # else the program has got it already
            self._send(received)

    def _send(self, what: signal.Signals) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.send_signal(what)

    def _watch(self) -> None:
        """Look at what changes without a word: event files, and the wish of somebody else that it stop."""
        while not self._over.wait(SECONDS_BETWEEN_LOOKS):
            self._read_events()
            asked = self._recorder.stop_asked
            if asked and not self._reason:
                self._reason = asked
                self._send(signal.SIGTERM)

    def _hear(self, line: str) -> None:
        found = self._lines.read(line) if self._lines else None
        if found is not None:
            self._log(found.values, found.step)

    def _read_events(self) -> None:
        if self._events is None:
            return
        problems: list[str] = []
        for each in self._events.read(problems):
            self._log({each.tag: each.value}, each.step, each.time)
        for problem in problems:
            self._recorder.warn(problem)

    def _log(self, values: Mapping[str, Any], step: int | None, when: float | None = None) -> None:
        with contextlib.suppress(ConfigError):  # a name too long, a step beyond 64 bits: not worth ending a program
            self._recorder.log(values, step=step, time=when)


def _refuse_unknown(command: Sequence[str]) -> None:
    if not command:
        raise ConfigError("There is no command to record. Write it after --, as in: glia record -- python train.py")
    if shutil.which(command[0]) is None:
        hint = ""
        if Path(command[0]).is_file():
            hint = f" It is a file that cannot be executed. Name what runs it: glia record -- python {command[0]}"
        raise NotFoundError(f"There is no program '{command[0]}' that could be run.{hint}")


def _outcome(code: int, stopped: str) -> tuple[Written, str]:
    if stopped:
        return "stopped", stopped
    if code == 0:
        return "done", ""
    if code > 0:
        return "failed", f"exit code {code}"
    try:
        return "failed", f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return "failed", f"killed by signal {-code}"


def _wait(process: "subprocess.Popen[bytes]") -> int:
    """The program's exit code, once it has one. Signals are heard meanwhile, however close they come to each other.

    A thread waits for the program, and the main thread for a byte that either the thread or a signal writes: were the
    main thread to wait for the program itself, a signal that came just before would be heard only with the next one.
    """
    if threading.current_thread() is not threading.main_thread():
        return process.wait()
    waiting, waking = os.pipe()
    os.set_blocking(waking, False)
    before = signal.set_wakeup_fd(waking, warn_on_full_buffer=False)

    def wait() -> None:
        process.wait()
        with contextlib.suppress(BlockingIOError):  # full: then there is something to wake up for
            os.write(waking, b"\0")

    thread = threading.Thread(target=wait, name="glia program", daemon=True)
    try:
        thread.start()
        while process.returncode is None:
            os.read(waiting, 1)
        thread.join()
        return process.returncode
    finally:
        signal.set_wakeup_fd(before)
        if not thread.is_alive():
            os.close(waiting)
            os.close(waking)


@contextlib.contextmanager
def _heard(hear: Callable[[signal.Signals], None]) -> Iterator[None]:
    """While inside, signals are heard, and do not end this process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, lambda number, frame: hear(signal.Signals(number))) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _outer() -> str | None:
    named = os.environ.get(PARENT, "")
    return named if re.fullmatch(r"[0-9a-f]{16}", named) else None


def _in_the_foreground() -> bool:
    """Whether this process, and so the program, is what the terminal listens to."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        finally:
            os.close(terminal)
    return False


def _die_with_the_parent() -> Callable[[], Any] | None:
    """What a Linux child does first: ask the kernel for SIGTERM once this process is gone."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return partial(prctl, PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
