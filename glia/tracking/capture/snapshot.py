"""The texts of a program: which files are taken, how much of them, and what is left out.

Taken are files by a list of names, never those named like secrets, never what `.gitignore` or `.gliaignore` leave out.
"""

import fnmatch
import os
import stat
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from glia.tracking.capture.masking import has_secret_name, mask_text
from glia.tracking.capture.notebooks import without_outputs

TAKEN = ("*.py", "*.toml", "*.yaml", "*.sh", "*.cfg", "*.ipynb")
NOTEBOOK = ".ipynb"
LARGEST_FILE = 256_000
LARGEST_NOTEBOOK = 20_000_000  # with its outputs, which are not kept
LARGEST_TOTAL = 10_000_000
MOST_ENTRIES = 20_000
MOST_SECONDS = 2.0
SKIPPED = frozenset(
    {"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist", "htmlcov", "wandb"}
)
IGNORING = (".gitignore", ".gliaignore")


class Texts:
    """The files taken so far, and what was left out and why.

    Args:
        root: the folder their names are relative to.
        room: characters there is room for.
    """

    def __init__(self, root: Path, room: int = LARGEST_TOTAL) -> None:
        self.root = root
        self.files: dict[str, str] = {}
        self.left_out: list[str] = []
        self._room = room

    def take(self, names: Iterable[str]) -> "Texts":
        """Take those of the files named that may be taken."""
        for name in names:
            if not is_taken(name):
                continue
            if has_secret_name(name):
                self.left_out.append(f"{name}: its name is that of a secret")
                continue
            text = read_text(self.root / name)
            if text is None or len(text) > self._room:
                self.left_out.append(f"{name}: not a text of at most {LARGEST_FILE:,} bytes, or no room for it")
                continue
            self._room -= len(text)
            self.files[name] = text
        return self


class Ignored:
    """Whether files of a folder are to be left out, as its files of patterns say (and those of folders inside).

    Args:
        root: the folder.
        names: the names of files with patterns as git writes them; later ones win.
    """

    def __init__(self, root: Path, names: tuple[str, ...] = IGNORING) -> None:
        self._root = root
        self._names = names
        self._patterns: dict[str, GitIgnoreSpec | None] = {}

    def __call__(self, name: str, *, is_folder: bool = False) -> bool:
        """Whether that file, or a folder it lies in, is left out. As for git, nothing in such a folder comes back."""
        parts = name.split("/")
        return any(self._named(parts[:end], is_folder or end < len(parts)) for end in range(1, len(parts) + 1))

    def _named(self, parts: list[str], is_folder: bool) -> bool:
        ignored = False
        for depth in range(len(parts)):
            patterns = self._of("/".join(parts[:depth]))
            said = patterns and patterns.check_file("/".join(parts[depth:]) + "/" * is_folder).include
            ignored = ignored if said is None else bool(said)
        return ignored

    def _of(self, folder: str) -> GitIgnoreSpec | None:
        if folder not in self._patterns:
            lines = [line for name in self._names for line in _lines(self._root / folder / name)]
            self._patterns[folder] = GitIgnoreSpec.from_lines(lines) if lines else None
        return self._patterns[folder]


def is_taken(name: str) -> bool:
    """Whether a file of that name is of a kind that is taken."""
    return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in TAKEN)


def read_text(path: Path) -> str | None:
    """The text of a file, masked, a notebook's without outputs; None if it is no text, too long or a link."""
    is_notebook = path.name.lower().endswith(NOTEBOOK)
    try:
        status = path.lstat()  # a link may lead to anything
        if not stat.S_ISREG(status.st_mode) or status.st_size > (LARGEST_NOTEBOOK if is_notebook else LARGEST_FILE):
            return None
        with path.open(encoding="utf-8", newline="") as file:
            text: str | None = file.read()
    except (OSError, ValueError):
        return None
    if text is not None and is_notebook:
        text = without_outputs(text)
    return mask_text(text) if text is not None and len(text) <= LARGEST_FILE else None


def files_below(root: Path, left_out: list[str]) -> Iterator[str]:
    """Names of the files in a folder and below that might be taken, near ones first.

    Environments, caches and built things are skipped, links are not followed, and it ends after a while: then, and in a
    folder such as the home folder that is no program's, `left_out` is told.
    """
    if is_too_wide(root):
        left_out.append(f"the files in '{root}': no snapshot is made of a home folder or of what it lies in")
        return
    ignored = Ignored(root)
    waiting, seen, deadline = deque([""]), 0, time.monotonic() + MOST_SECONDS
    while waiting:
        folder = waiting.popleft()
        for entry in _entries(root / folder):
            seen += 1
            if seen > MOST_ENTRIES or time.monotonic() > deadline:
                left_out.append(f"what lies beyond the first {seen - 1:,} files and folders in '{root}'")
                return
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if not _is_skipped(entry) and not ignored(name, is_folder=True):
                    waiting.append(name)
            elif is_taken(name) and not ignored(name):
                yield name


def is_too_wide(folder: Path) -> bool:
    """Whether a folder is the user's home folder or one above it: what lies there is not one program."""
    try:
        return Path.home().resolve().is_relative_to(folder.resolve())
    except (RuntimeError, OSError):
        return folder == folder.parent


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_skipped(entry: "os.DirEntry[str]") -> bool:
    name = entry.name
    if name.startswith(".") or name.lower() in SKIPPED or name.endswith((".egg-info", ".dist-info")):
        return True
    return os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
