"""Many processes that are cheap to start: one imports Glia once, and forks a child whenever it is asked to."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent

_NURSE = """
import fcntl, json, os, sys
import numpy, PIL.Image, glia, glia.api, glia.record.starting, glia.tracking.index.index
from glia.tracking.log import writer

def say(line):
    os.write(1, f"{line}\\n".encode())

def use(way):
    writer.best_way = lambda folder: way

def pass_through(gate):
    fcntl.flock(os.open(gate, os.O_RDONLY), fcntl.LOCK_SH)  # as soon as the test lets go of it

%s

for line in sys.stdin:
    asked = json.loads(line)
    if asked == "wait":
        pid, status = os.wait()
        say(f"gone {pid} {os.waitstatus_to_exitcode(status)}")
    elif (pid := os.fork()) == 0:
        try:
            live(*asked)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    else:
        say(f"born {pid}")
"""


class Nursery:
    """Its children run `live(*arguments)`, which says things with `say(line)`; make one with `nursery`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.status = 0  # with which the last child left
        self._process = process

    def bear(self, *arguments: Any) -> None:
        """Fork a child. It leaves without a word if `live` comes to its end."""
        self._ask([str(each) if isinstance(each, Path) else each for each in arguments])

    def lines(self) -> Iterator[str]:
        """What is said by all of them, and `born <pid>`."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield line.rstrip("\n")

    def kill(self, pid: int) -> list[str]:
        """`kill -9`; what was said until then."""
        os.kill(pid, signal.SIGKILL)
        return self.wait()

    def wait(self) -> list[str]:
        """Wait until one child is gone; what was said until then."""
        self._ask("wait")
        said: list[str] = []
        for line in self.lines():
            if line.startswith("gone "):
                self.status = int(line.split()[2])
                return said
            said.append(line)
        raise AssertionError(f"the nursery is gone: {said}")

    def _ask(self, asked: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()


@contextmanager
def nursery(code: str) -> Iterator[Nursery]:
    """A nursery whose children do what `code` says, which defines `live`; whatever they do, all are gone afterwards."""
    command = [sys.executable, "-c", _NURSE % code]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield Nursery(process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
