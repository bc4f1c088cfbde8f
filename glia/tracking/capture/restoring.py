"""Recorded source, back as files: written to a folder, or compared with that of another run."""

import difflib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from glia.errors import DataError, NotFoundError
from glia.tracking.capture import git
from glia.tracking.capture.masking import mask_text

DIFF = "changes.diff"  # written beside the files if it cannot be applied
SECONDS_TO_CLONE = 600.0


def write_source(source: Mapping[str, Any], folder: Path) -> list[str]:
    """Write the files of a recorded source to a folder, as they were when the run began.

    Of a git repository that is the commit, cloned from where it was recorded or else from its remote, with the changes
    applied; otherwise the snapshot.

    Args:
        source: a run's `source.json`.
        folder: a new one, or an empty one.

    Returns:
        What the person should know, such as files that were never recorded.

    Raises:
        NotFoundError: no source was recorded, or its commit is nowhere to be had.
        DataError: the folder is not empty, or a recorded name leads out of it.
    """
    if not source.get("commit") and not texts_of(source) and not source.get("diff"):
        raise NotFoundError("No source was recorded with this run, so there is nothing to write.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(f"'{folder}' is there and not empty. Name a new folder.")
    texts = {_inside(folder, name): text for name, text in texts_of(source).items()}
    said = [f"Not recorded: {name}" for name in source.get("left_out", [])]
    if source.get("commit"):
        _check_out(source, folder)
    else:
        folder.mkdir(parents=True, exist_ok=True)
    if source.get("diff") and not _apply(str(source["diff"]), folder):
        _write(folder / DIFF, str(source["diff"]), folder)
        said.append(f"The changes since the commit cannot be applied; they are in '{folder / DIFF}'.")
    for path, text in texts.items():
        _write(path, text, folder)
    return said


def code_difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What differs between the sources of two runs, as a unified diff without secrets; empty if nothing does.

    Of two git sources whose commits are at hand the files themselves are compared. Where they are not, the recorded
    changes are: then the diff may be one of diffs.

    Args:
        one: a run's `source.json`.
        other: another's.
    """
    if one.get("commit") or other.get("commit"):
        compared = _compared_by_git(one, other)
        if compared is not None:
            return mask_text(compared)
    before, after = _documents(one), _documents(other)
    lines: list[str] = []
    for name in sorted({*before, *after}):
        pair = (before.get(name, "").splitlines(keepends=True), after.get(name, "").splitlines(keepends=True))
        for line in difflib.unified_diff(*pair, f"a/{name}", f"b/{name}"):
            lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return mask_text("".join(lines))


def texts_of(source: Mapping[str, Any]) -> dict[str, str]:
    """The files whose whole text was recorded, by name."""
    parts = (source.get(part) for part in ("files", "untracked", "notebooks"))
    return {str(name): str(text) for part in parts if isinstance(part, Mapping) for name, text in part.items()}


def _documents(source: Mapping[str, Any]) -> dict[str, str]:
    told = {"(commit)": source.get("commit") or "", "(changes since the commit)": source.get("diff") or ""}
    return {name: f"{text}\n" for name, text in told.items() if text} | texts_of(source)


def _check_out(source: Mapping[str, Any], folder: Path) -> None:
    commit = source["commit"]
    if not git.is_commit(commit):
        raise DataError(f"The recorded commit '{commit}' is not the name of one.")
    for origin in (source.get("root"), source.get("remote")):
        clone = ("clone", "--quiet", "--no-checkout", "--", str(origin), str(folder.absolute()))
        if origin and git.answered(Path.cwd(), *clone, seconds=SECONDS_TO_CLONE)[0]:
            if git.answered(folder, "checkout", "--quiet", "--detach", commit, seconds=SECONDS_TO_CLONE)[0]:
                return
            shutil.rmtree(folder)
    raise NotFoundError(
        f"Commit {commit[:12]} can be had neither from '{source.get('root', '')}' nor from "
        f"'{source.get('remote') or 'a remote (none was recorded)'}'. Fetch it there, and try again."
    )


def _compared_by_git(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """None if a commit is not at hand. New objects go to a folder of their own; the repository is only read."""
    roots = [Path(str(source["root"])) for source in (one, other) if source.get("commit") and source.get("root")]
    if len(roots) < 2 or not all(root.is_dir() for root in roots):
        return None
    objects = [git.git(root, "rev-parse", "--path-format=absolute", "--git-path", "objects").strip() for root in roots]
    with tempfile.TemporaryDirectory() as temporary:
        store = Path(temporary, "objects")
        store.mkdir()
        variables = {
            "GIT_OBJECT_DIRECTORY": str(store),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join(dict.fromkeys(objects)),
        }
        trees = []
        for number, (source, root) in enumerate(zip((one, other), roots, strict=True)):
            tree = _tree(source, root, {**variables, "GIT_INDEX_FILE": str(Path(temporary, f"index{number}"))})
            if tree is None:
                return None
            trees.append(tree)
        done, printed = git.answered(
            roots[0], "diff", "--no-color", "--no-ext-diff", "--no-textconv", *trees, variables=variables
        )
    return printed if done else None


def _tree(source: Mapping[str, Any], root: Path, variables: Mapping[str, str]) -> str | None:
    """The name of the tree of all files of a source."""
    if not git.is_commit(source["commit"]):
        return None
    steps: list[tuple[tuple[str, ...], str | None]] = [(("read-tree", source["commit"]), None)]
    if source.get("diff"):
        steps.append((("apply", "--cached", "--whitespace=nowarn", "-"), source["diff"]))
    for arguments, given in steps:
        if not git.answered(root, *arguments, given=given, variables=variables)[0]:
            return None
    entries = []
    for name, text in texts_of(source).items():
        blob = git.git(root, "hash-object", "-w", "--stdin", given=text, variables=variables).strip()
        entries.append(f"100644 {blob}\t{name}\n")
    git.git(root, "update-index", "--add", "--index-info", given="".join(entries), variables=variables)
    return git.git(root, "write-tree", variables=variables).strip() or None


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or ".git" in parts or "\\" in name or ":" in parts[0]:
        raise DataError(f"The recorded name '{name}' leads out of the folder it was recorded from; nothing is written.")
    return folder.joinpath(*parts)


def _apply(diff: str, folder: Path) -> bool:
    alone = {"GIT_CEILING_DIRECTORIES": str(folder.absolute().parent)}  # not as a part of a repository around it
    return git.answered(folder, "apply", "--whitespace=nowarn", "-", given=diff, variables=alone)[0]


def _write(path: Path, text: str, folder: Path) -> None:
    for parent in (path, *path.parents):
        if parent != folder and parent.is_relative_to(folder) and parent.is_symlink():
            raise DataError(f"'{parent}' is a link of the commit, and a recorded file would be written through it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
