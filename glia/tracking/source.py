"""The code a run was started from: commit, changes, files git does not know yet, the command line.

Secrets stay out: files by a list of names that are taken and one of names that never are, credentials in addresses and
secret-looking arguments are masked. Nothing here is fatal, and a git that hangs is stopped.
"""

import contextlib
import fnmatch
import os
import re
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

TAKEN = ("*.py", "*.toml", "*.yaml", "*.sh", "*.cfg")
NEVER = (".env*", "*key*", "*secret*", "*.pem")
LARGEST_FILE = 256_000
LARGEST_TOTAL = 10_000_000
GIT_SECONDS = 10.0
MASK = "…"
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's name for it: what a first commit is compared with

_SECRET_WORD = re.compile(
    r"token(?!s|iz)|passw|secret|(?:api|access|private)[-_]?key|credential|auth(?!or)", re.IGNORECASE
)
_SECRET_SHAPE = re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|hf_|sk-|xox[abprs]-|AKIA)[A-Za-z0-9_-]{12,}")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


def describe_source(folder: Path | None = None, command: Sequence[str] | None = None) -> dict[str, Any]:
    """What is known of the source: `command folder commit branch remote diff untracked left_out`.

    Args:
        folder: where the program was started; None is the current folder.
        command: the command line; None is this process's.
    """
    folder = folder or _current_folder()
    described: dict[str, Any] = {
        "command": mask_arguments(sys.orig_argv if command is None else command),
        "folder": str(folder),
    }
    top = _git(folder, "rev-parse", "--show-toplevel").strip()
    if not top:
        return described
    root = Path(top)
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    left_out: list[str] = []
    diff = _diff(root, commit or EMPTY_TREE)
    if len(diff) > LARGEST_TOTAL:
        left_out.append(f"the changes of tracked files: more than {LARGEST_TOTAL:,} characters")
        diff = ""
    untracked = dict(_untracked(root, left_out, LARGEST_TOTAL - len(diff)))
    return {
        **described,
        "root": top,
        "commit": commit,
        "branch": _git(root, "symbolic-ref", "--quiet", "--short", "HEAD").strip(),
        "remote": without_credentials(_git(root, "config", "--get", "remote.origin.url").strip()),
        "diff": diff,
        "untracked": untracked,
        "left_out": left_out,
    }


def mask_arguments(command: Sequence[str]) -> list[str]:
    """The command line without what looks like a secret.

    Example:
        >>> mask_arguments(["train.py", "--token=abc", "--api-key", "abc", "--lr", "0.1", "https://me:abc@host/x"])
        ['train.py', '--token=…', '--api-key', '…', '--lr', '0.1', 'https://…@host/x']
    """
    masked = []
    secret_follows = False
    for argument in command:
        name, equals, _ = argument.partition("=")
        if secret_follows and not argument.startswith("-"):
            masked.append(MASK)
        elif equals and _SECRET_WORD.search(name):
            masked.append(f"{name}={MASK}")
        else:
            masked.append(_SECRET_SHAPE.sub(MASK, _CREDENTIALS.sub(f"{MASK}@", argument)))
        secret_follows = not equals and argument.startswith("-") and bool(_SECRET_WORD.search(argument))
    return masked


def without_credentials(url: str) -> str:
    """A remote's address without user, password and what follows a question mark.

    Example:
        >>> without_credentials("https://me:token@example.org/team/code.git?key=1")
        'https://example.org/team/code.git'
    """
    return _CREDENTIALS.sub("", url).partition("?")[0]


def _diff(root: Path, base: str) -> str:
    exclusions = [f":(exclude,icase,glob)**/{pattern}{below}" for pattern in NEVER for below in ("", "/**")]
    return _git(root, "diff", base, "--no-color", "--no-ext-diff", "--no-textconv", "--", ".", *exclusions)


def _untracked(root: Path, left_out: list[str], room: int) -> Iterator[tuple[str, str]]:
    """Names and texts of files that git neither knows nor ignores, by the two lists."""
    for name in sorted(filter(None, _git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0"))):
        if not any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in TAKEN):
            continue
        if any(fnmatch.fnmatchcase(part.lower(), pattern) for part in Path(name).parts for pattern in NEVER):
            left_out.append(f"{name}: its name is that of a secret")
            continue
        text = _read(root / name)
        if text is None or len(text) > room:
            left_out.append(f"{name}: not a text of at most {LARGEST_FILE:,} bytes, or no room for it")
            continue
        room -= len(text)
        yield name, text


def _read(path: Path) -> str | None:
    try:
        status = path.lstat()  # a link may lead to anything
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_FILE:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    """What git prints; nothing if it fails or is not there. Bounded in time and, for what it prints, in memory."""
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotepath=false", *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # to stop what git has started, too
        )
    except OSError:
        return ""
    limit = threading.Timer(GIT_SECONDS, _stop, [process])
    limit.daemon = True
    limit.start()
    with process:
        printed = b""
        if process.stdout is not None:
            printed = process.stdout.read(LARGEST_TOTAL + 1)
            if len(printed) > LARGEST_TOTAL:
                _stop(process)
    limit.cancel()
    enough = process.returncode == 0 or len(printed) > LARGEST_TOTAL
    return printed.decode(errors="replace") if enough else ""


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # deleted meanwhile
        return Path.home()
