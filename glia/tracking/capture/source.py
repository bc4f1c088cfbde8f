"""The code a run was started from: commit, changes, files git does not know yet, or a snapshot; the command line.

Secrets stay out: files by a list of names that are taken and one of names that never are, credentials in addresses and
secret-looking arguments are masked. Nothing here is fatal, and a git that hangs is stopped.
"""

import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glia.tracking.capture import git, snapshot
from glia.tracking.capture.masking import NEVER, has_secret_name, mask_arguments, mask_text, without_credentials
from glia.tracking.capture.notebooks import executed_cells, running_notebook
from glia.tracking.capture.snapshot import NOTEBOOK, Ignored, Texts, files_below, is_taken

GLIA_IGNORING = (".gliaignore",)  # .gitignore is git's own business
_INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")


def describe_source(
    folder: Path | None = None, command: Sequence[str] | None = None, entry: Path | None = None
) -> dict[str, Any]:
    """What is known of the source.

    Always `command folder left_out`, and `entry` (the script or notebook that was started), `cells` (what a notebook
    had executed) where there are any. In a git repository `root commit branch remote diff untracked notebooks`, the
    last being changed notebooks, which stand beside the diff because their outputs are not kept; elsewhere `root
    files`.

    Args:
        folder: where the program was started; None is this process's current folder, or that of its entry script.
        command: the command line; None is this process's.
        entry: the script; None is this process's, unless another command is given.
    """
    if entry is None and command is None:
        entry = _entry()
    started_in = folder or _current_folder()
    described: dict[str, Any] = {
        "command": mask_arguments(sys.orig_argv if command is None else command),
        "folder": str(started_in),
    }
    if command is None and (cells := executed_cells()):
        described["cells"] = cells
    at = folder or (entry.parent if entry else started_in)
    top = git.top_of(at)
    described |= _of_repository(top) if top else _of_folder(at, entry)
    if entry:
        root = Path(described["root"])
        described["entry"] = entry.relative_to(root).as_posix() if entry.is_relative_to(root) else str(entry)
    return described


def _of_repository(root: Path) -> dict[str, Any]:
    commit = git.git(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()
    left_out: list[str] = []
    ignored = Ignored(root, GLIA_IGNORING)
    without, notebooks = _apart(root, commit or git.EMPTY_TREE, ignored, left_out)
    diff = mask_text(git.difference(root, commit or git.EMPTY_TREE, *without))
    if len(diff) > snapshot.LARGEST_TOTAL:
        left_out.append(f"the changes of tracked files: more than {snapshot.LARGEST_TOTAL:,} characters")
        diff = ""
    changed = Texts(root, snapshot.LARGEST_TOTAL - len(diff)).take(notebooks)
    room = snapshot.LARGEST_TOTAL - len(diff) - sum(map(len, changed.files.values()))
    unknown = Texts(root, room).take(name for name in _unknown(root) if not ignored(name))
    return {
        "root": str(root),
        "commit": commit,
        "branch": git.git(root, "symbolic-ref", "--quiet", "--short", "HEAD").strip(),
        "remote": without_credentials(git.git(root, "config", "--get", "remote.origin.url").strip()),
        "diff": diff,
        "notebooks": changed.files,
        "untracked": unknown.files,
        "left_out": [*left_out, *changed.left_out, *unknown.left_out],
    }


def _of_folder(folder: Path, entry: Path | None) -> dict[str, Any]:
    left_out: list[str] = []
    texts = Texts(folder).take(files_below(folder, left_out))
    if entry and entry.parent == folder and entry.name not in texts.files and is_taken(entry.name):
        texts.take([entry.name])
    return {"root": str(folder), "files": texts.files, "left_out": [*left_out, *texts.left_out]}


def _apart(root: Path, base: str, ignored: Ignored, left_out: list[str]) -> tuple[list[str], list[str]]:
    """What the diff leaves out, as git's patterns, and the notebooks that stand beside it."""
    without = [f":(exclude,icase,glob)**/{pattern}{below}" for pattern in NEVER for below in ("", "/**")]
    notebooks = []
    for change in git.changes(root, base):
        if change.name.lower().endswith(NOTEBOOK):
            if not ignored(change.name):
                notebooks.append(change.name)
        elif has_secret_name(change.name) or has_secret_name(change.before):
            left_out.append(f"{change.name}: its name is, or was, that of a secret")
        elif change.binary:
            left_out.append(f"{change.name}: a changed file that is no text")
        elif not ignored(change.name):
            continue
        # Both names: of a renamed file whose one name is left out, git would show the whole text under the other.
        without += [f":(exclude,top,literal){name}" for name in dict.fromkeys((change.name, change.before))]
    return without, notebooks


def _unknown(root: Path) -> list[str]:
    """Names of files that git neither knows nor ignores, of the kinds that are taken."""
    kinds = [f":(icase){pattern}" for pattern in snapshot.TAKEN]
    listed = git.git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *kinds)
    return sorted(filter(None, listed.split("\0")))


def _entry() -> Path | None:
    """The script or notebook that this process runs; None for what was installed, such as `glia` itself."""
    notebook = running_notebook()
    if notebook:
        return notebook
    name = getattr(sys.modules.get("__main__"), "__file__", None)
    if not name:
        return None
    try:
        path = Path(name).resolve()
    except OSError:
        return None
    installed = [Path(sysconfig.get_path(kind)).resolve() for kind in _INSTALLED]
    elsewhere = [*installed, Path(__file__).resolve().parents[1]]  # `python -m glia`
    return path if path.is_file() and not any(path.is_relative_to(each) for each in elsewhere) else None


def _current_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # deleted meanwhile
        return Path(os.environ.get("HOME") or os.sep)
