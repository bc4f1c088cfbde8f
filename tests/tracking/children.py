"""Other processes for tests: started with a piece of code, awaited by what they print."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PATIENCE_SECONDS = 60


@contextmanager
def child(code: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """A Python process that runs `code`; whatever it does, it is gone afterwards."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    """What it prints."""
    assert process.stdout is not None
    for line in process.stdout:
        yield line.rstrip("\n")


def kill(process: "subprocess.Popen[str]") -> list[str]:
    """`kill -9`; what it had printed by then, complete lines only."""
    process.kill()
    assert process.stdout is not None
    rest = process.stdout.read()
    process.wait(PATIENCE_SECONDS)
    return rest.split("\n")[:-1]
