r"""What a program prints, kept with its run: every line with the time at which it was finished.

A progress bar draws its line again and again (`\r`, or cursor movements for several lines); only its last state is
kept, and colours are not. Nothing here ever disturbs the program: what cannot be kept is still printed.
"""

import contextlib
import os
import re
import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LONGEST_LINE = 64 << 10
TAKEN_BACK_AT_MOST = 64  # lines that a redrawing program can move up to

_CONTROL = re.compile(r"\x1b\[([0-9;?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|[\n\r\b\x07]")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;?]*|\][^\x07\x1b]{0,200})?$")


@dataclass(frozen=True)
class Line:
    """A printed line."""

    time: datetime
    text: str


@contextlib.contextmanager
def capture(folder: Path, writer: str = "") -> Iterator[None]:
    """While inside, also keep what goes to `sys.stdout` and `sys.stderr`, in `console/<writer>.log` of a run's folder.

    Inside another capture of the same folder nothing more is done; inside one of another folder both keep the lines.

    Args:
        folder: `runs/<id>`.
        writer: the file's name without its ending; by default the process number and something random.
    """
    if _captured(sys.stdout, folder) or _captured(sys.stderr, folder):
        yield
        return
    file = ConsoleFile(folder, writer or f"{os.getpid()}-{os.urandom(2).hex()}")
    tees = {name: _Tee(stream, file) for name in ("stdout", "stderr") if (stream := getattr(sys, name)) is not None}
    for name, tee in tees.items():
        setattr(sys, name, tee)
    try:
        yield
    finally:
        for name, tee in tees.items():
            tee.lines.finish()
            if getattr(sys, name) is tee:  # else somebody else stands before it, and it passes everything on
                setattr(sys, name, tee.stream)
        file.close()


def read_console(folder: Path, last: int | None = None) -> list[Line]:
    """The lines kept in a folder, by time; all, or the last so many."""
    lines = [line for path in sorted(folder.glob("*.log")) for line in _read_file(path, last)]
    lines.sort(key=lambda line: line.time)
    return lines if last is None else lines[max(0, len(lines) - last) :]


class ConsoleFile:
    """The file that a program's streams go to. What cannot be written is left out in silence: the log tells of that.

    Args:
        folder: `runs/<id>`.
        writer: the file's name without its ending.
    """

    def __init__(self, folder: Path, writer: str) -> None:
        self.folder = folder
        self.lock = threading.RLock()  # re-entrant: a signal handler may print
        self._starts: deque[tuple[object, int]] = deque(
            maxlen=TAKEN_BACK_AT_MOST
        )  # who wrote a line, and where it begins
        self._end = 0  # of the file, as far as this process wrote it
        self._descriptor = -1
        with contextlib.suppress(OSError):
            (folder / "console").mkdir(exist_ok=True)
            path = folder / "console" / f"{writer}.log"
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            self._descriptor = os.open(path, flags, 0o600)
        _open_files.add(self)

    def add(self, who: object, text: str) -> None:
        """Append a line."""
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with contextlib.suppress(OSError):
            self._forget_if_others_wrote()
            self._starts.append((who, self._end))
            self._end += os.write(self._descriptor, f"{stamp} {text}\n".encode(errors="replace"))

    def take_back(self, who: object, lines: int) -> None:
        """Remove the last lines, as far as `who` wrote them: they are about to be drawn anew."""
        start = None
        with contextlib.suppress(OSError):
            self._forget_if_others_wrote()
        while lines > 0 and self._starts and self._starts[-1][0] is who:
            start = self._starts.pop()[1]
            lines -= 1
        if start is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, start)
                self._end = start

    def close(self) -> None:
        """Nothing is kept any more."""
        with self.lock:
            _open_files.discard(self)
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1

    def after_fork(self) -> None:
        """In the child: whole lines go to the same file, but the parent's are not taken back."""
        self.lock = threading.RLock()
        self._starts.clear()

    def _forget_if_others_wrote(self) -> None:
        """What a forked child has printed since must not be cut off."""
        end = os.lseek(self._descriptor, 0, os.SEEK_END)
        if end != self._end:
            self._end = end
            self._starts.clear()


class _Tee:
    """A stream that writes where the one before it wrote, and keeps the lines."""

    def __init__(self, stream: Any, file: ConsoleFile) -> None:
        self.stream = stream
        self.file = file
        self.lines = Lines(file)

    def write(self, text: str) -> int:
        """Keep, then print."""
        if isinstance(text, str):
            self.lines.keep(text)
        written: int = self.stream.write(text)
        return written

    def writelines(self, lines: Any) -> None:
        """As `write`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class Lines:
    """What goes to one stream, as lines in a console's file: of those that are drawn again and again the last state.

    Args:
        file: where they are kept.
        heard: is told of each finished line.
    """

    def __init__(self, file: ConsoleFile, heard: Callable[[str], None] | None = None) -> None:
        self.file = file
        self.finished = False
        self._heard = heard
        self._line = ""  # not finished yet
        self._returned = False  # to its beginning: what comes next replaces it
        self._rest = ""  # the beginning of a control sequence
        self._process = os.getpid()

    def keep(self, text: str) -> None:
        """Keep a piece of the text, which may end anywhere."""
        if not self.finished:
            with self.file.lock:
                self._keep(text)

    def finish(self) -> None:
        """Keep the unfinished line; from now on nothing more."""
        with self.file.lock:
            if self._line:
                self._end_line()
            self.finished = True

    def _keep(self, text: str) -> None:
        if self._process != os.getpid():  # a forked child does not finish its parent's line
            self._process, self._line, self._rest = os.getpid(), "", ""
        text = self._rest + text
        unfinished = _UNFINISHED.search(text)
        self._rest = text[unfinished.start() :] if unfinished else ""
        text = text[: len(text) - len(self._rest)]
        at = 0
        for control in _CONTROL.finditer(text):
            self._show(text[at : control.start()])
            self._obey(control)
            at = control.end()
        self._show(text[at:])

    def _show(self, text: str) -> None:
        if not text:
            return
        self._line = text if self._returned else self._line + text
        self._returned = False
        if len(self._line) > LONGEST_LINE:
            self._end_line()

    def _obey(self, control: re.Match[str]) -> None:
        if control[0] == "\n":
            self._end_line()
        elif control[0] == "\r":
            self._returned = True
        elif control[0] == "\b":
            self._line = self._line[:-1]
        elif control[2] == "K":
            self._line = "" if control[1] == "2" or self._returned else self._line
        elif control[2] in ("A", "F"):
            self._line = ""
            self.file.take_back(self, int(control[1]) if (control[1] or "").isdigit() else 1)

    def _end_line(self) -> None:
        self.file.add(self, self._line)
        if self._heard is not None:
            self._heard(self._line)
        self._line, self._returned = "", False


_open_files: "weakref.WeakSet[ConsoleFile]" = weakref.WeakSet()


def _after_fork() -> None:
    for file in list(_open_files):
        file.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _captured(stream: Any, folder: Path) -> bool:
    while isinstance(stream, _Tee):
        if stream.file.folder == folder and not stream.lines.finished:
            return True
        stream = stream.stream
    return False


def _read_file(path: Path, last: int | None) -> Iterator[Line]:
    for line in _last_lines(path, last):
        stamp, _, text = line.partition(" ")
        with contextlib.suppress(ValueError):
            yield Line(datetime.fromisoformat(stamp), text)


def _last_lines(path: Path, last: int | None) -> list[str]:
    """Lines of a file; of a long one, no more is read than it takes to have the last so many."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        length = size if last is None else min(size, 1 << 16)
        while True:
            file.seek(size - length)
            lines = file.read(length).decode(errors="replace").split("\n")
            if length == size or len(lines) > (last or 0) + 1:
                return lines[:-1] if length == size else lines[1:-1]
            length = min(size, 4 * length)
