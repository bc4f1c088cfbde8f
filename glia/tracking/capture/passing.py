"""A program's output, passed on unchanged and at once, and heard on the way.

Where this process writes to a terminal, the program gets one, too (a pseudo terminal of the same size), so that its
progress bars and colours stay; elsewhere it gets a pipe. Where output and errors go to the same place, they share one,
so that their order stays.
"""

import codecs
import contextlib
import os
import signal
import threading
from collections.abc import Callable

from glia.tracking.capture.console import Lines

try:
    import fcntl
    import pty
    import termios
except ImportError:  # Windows
    HAS_TERMINALS = False
else:
    HAS_TERMINALS = True

AT_ONCE = 1 << 16
SECONDS_AFTER_THE_END = 1.0  # for what a program left behind may still print

OUTPUT, ERRORS = 1, 2


class Channels:
    """What a program's output and errors go to: give it `output` and `errors`, then `begin`; at its end `finish`.

    Args:
        lines: makes what hears a stream.
    """

    def __init__(self, lines: Callable[[], Lines]) -> None:
        first = _Channel(OUTPUT, lines())
        self._channels = [first]
        if not _same(OUTPUT, ERRORS):
            self._channels.append(_Channel(ERRORS, lines()))
        self.output = first.end
        self.errors = self._channels[-1].end
        self._before = None

    def begin(self) -> None:
        """The program has its ends: pass on what comes."""
        for channel in self._channels:
            channel.begin()
        if HAS_TERMINALS and threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGWINCH, self._resize)  # type: ignore[assignment]

    def finish(self) -> None:
        """The program has ended: pass on the rest."""
        for channel in self._channels:
            channel.finish()

    def close(self) -> None:
        """Give back all that was opened."""
        if self._before is not None:
            signal.signal(signal.SIGWINCH, self._before)
        for channel in self._channels:
            channel.close()

    def _resize(self, received: int, frame: object) -> None:
        for channel in self._channels:
            channel.resize()


class _Channel:
    def __init__(self, target: int, lines: Lines) -> None:
        self._target = target
        self._lines = lines
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._is_terminal = HAS_TERMINALS and os.isatty(target)
        self._source, self.end = pty.openpty() if self._is_terminal else os.pipe()
        if self._is_terminal:
            _make_plain(self.end)
            self.resize()
        self._thread = threading.Thread(target=self._pass_on, name="glia output", daemon=True)

    def begin(self) -> None:
        os.close(self.end)  # the program's alone now, so that its end is the stream's
        self.end = -1
        self._thread.start()

    def resize(self) -> None:
        """Give the program's terminal the size of ours."""
        if self._is_terminal and self._source >= 0:
            with contextlib.suppress(OSError):
                size = fcntl.ioctl(self._target, termios.TIOCGWINSZ, bytes(8))
                fcntl.ioctl(self._source, termios.TIOCSWINSZ, size)

    def finish(self) -> None:
        self._thread.join(SECONDS_AFTER_THE_END)
        self._lines.keep(self._decoder.decode(b"", final=True))
        self._lines.finish()

    def close(self) -> None:
        if self.end >= 0:
            os.close(self.end)
        if not self._thread.is_alive() and self._source >= 0:  # else its reader closes it
            self._close_source()

    def _pass_on(self) -> None:
        while True:
            try:
                data = os.read(self._source, AT_ONCE)
            except OSError:  # how a pseudo terminal ends
                break
            if not data or not self._write(data):
                break
            with contextlib.suppress(Exception):  # hearing never disturbs what is heard
                self._lines.keep(self._decoder.decode(data))
        self._close_source()

    def _write(self, data: bytes) -> bool:
        """Whether there is anybody who reads; if not, the program learns it as it would without us."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._target, rest) :]
            except BlockingIOError:
                _wait_until_writable(self._target)
            except OSError:
                return False
        return True

    def _close_source(self) -> None:
        source, self._source = self._source, -1
        if source >= 0:
            os.close(source)


def _make_plain(terminal: int) -> None:
    """Let a pseudo terminal pass on what it gets: line ends are made by the real one."""
    with contextlib.suppress(termios.error):
        attributes = termios.tcgetattr(terminal)
        attributes[1] &= ~termios.OPOST
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSANOW, attributes)


def _same(one: int, other: int) -> bool:
    try:
        first, second = os.fstat(one), os.fstat(other)
    except OSError:
        return False
    return os.path.samestat(first, second)


def _wait_until_writable(target: int) -> None:
    import select

    select.select([], [target], [])
