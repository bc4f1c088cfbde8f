"""git, asked from outside: nothing it does is fatal, and one that hangs is stopped."""

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 10.0
LARGEST = 10_000_000  # bytes of what it prints
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's name for it: what a first commit is compared with

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Change:
    """A file that differs from a commit."""

    name: str
    before: str  # its name in the commit: another one if it was renamed
    binary: bool


def git(folder: Path, *arguments: str, given: str | None = None, variables: Mapping[str, str] | None = None) -> str:
    """What git prints; nothing if it fails or is not there. Bounded in time and, for what it prints, in memory.

    Args:
        folder: where it is started.
        arguments: such as `"rev-parse", "HEAD"`.
        given: what it reads from its standard input.
        variables: of the environment, besides those of this process.
    """
    return answered(folder, *arguments, given=given, variables=variables)[1]


def answered(
    folder: Path,
    *arguments: str,
    given: str | None = None,
    variables: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> tuple[bool, str]:
    """Whether git succeeded, and what it printed (see `git`).

    Args:
        folder: where it is started.
        arguments: what it is asked.
        given: what it reads from its standard input.
        variables: of the environment, besides those of this process.
        seconds: how long it may take; by default 10.
    """
    settings = ("-c", "core.fsmonitor=false", "-c", "core.quotepath=false")
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        process = subprocess.Popen(
            ["git", *settings, *arguments],
            cwd=folder,
            env={**os.environ, **quiet, **(variables or {})},
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # to stop what git has started, too
        )
    except OSError:
        return False, ""
    limit = threading.Timer(seconds or SECONDS, _stop, [process])
    limit.daemon = True
    limit.start()
    if given is not None:
        threading.Thread(target=_give, args=(process, given.encode()), daemon=True).start()
    printed = b""
    if process.stdout is not None:
        printed = process.stdout.read(LARGEST + 1)
        if len(printed) > LARGEST:
            _stop(process)
        process.stdout.close()
    process.wait()
    limit.cancel()
    enough = process.returncode == 0 or len(printed) > LARGEST
    return enough, printed.decode(errors="replace") if enough else ""


def top_of(folder: Path) -> Path | None:
    """The folder of the repository that `folder` lies in; None if it lies in none, or there is no git."""
    top = git(folder, "rev-parse", "--show-toplevel").rstrip("\n")
    return Path(top) if top else None


def is_commit(name: object) -> bool:
    """Whether that is the full name of a commit, and nothing that git would take for an option."""
    return isinstance(name, str) and bool(_COMMIT.fullmatch(name))


def changes(root: Path, base: str) -> Iterator[Change]:
    """The tracked files that differ from a commit."""
    fields = iter(git(root, "diff", base, "--numstat", "-z", "-M", "--no-ext-diff", "--", ".").split("\0"))
    for field in fields:
        counts = field.split("\t", 2)
        if len(counts) < 3:
            continue
        before = counts[2] or next(fields, "")  # a renamed one gives its two names as fields of their own
        name = counts[2] or next(fields, "")
        yield Change(name=name, before=before, binary=counts[0] == "-")


def difference(root: Path, base: str, *without: str) -> str:
    """What differs from a commit, as `git apply` takes it.

    Args:
        root: the folder of the repository.
        base: the commit.
        without: git's patterns of what is left out.
    """
    plain = ("--no-color", "--no-ext-diff", "--no-textconv", "--submodule=short", "-U3", "-M")
    prefixes = ("--src-prefix=a/", "--dst-prefix=b/")  # whatever the user has configured
    return git(root, "diff", base, *plain, *prefixes, "--", ".", *without)


def _give(process: "subprocess.Popen[bytes]", content: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        if process.stdin is not None:
            process.stdin.write(content)
            process.stdin.close()


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
