"""The `.glia` folder of a project, and the runs in it.

It is found by walking up from the current folder, as git finds its own; `GLIA_HOME` names it outright. A folder owned
by somebody else is refused, because what lies in it could have been put there for us to read, and neither the user's
home folder nor `/` is taken unless it is named.
"""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from glia.errors import NotFoundError, StoreError
from glia.tracking.log.records import loads

FOLDER = ".glia"
RUNS, DELETED = "runs", "deleted"
STUDY, TRIAL = "study", "trial"  # kinds of runs
TRIALS = "trials"  # in a study's folder the folders of those of its trials that have files
SHORTEST_PREFIX = 4
SHOWN_DIGITS = 6  # of an id, where people read it


def find_home(start: str | Path | None = None) -> Path | None:
    """The `.glia` folder of `start` or of the nearest folder above it; None if there is none.

    Args:
        start: a folder; None is the current one.

    Raises:
        StoreError: the folder found is owned by somebody else.
    """
    named = os.environ.get("GLIA_HOME")
    if named:
        folder = Path(named).expanduser().absolute()
        return folder if folder.is_dir() else None
    for folder in _upwards(start):
        candidate = folder / FOLDER
        if os.path.isdir(candidate) and not _only_when_named(folder):
            _refuse_foreign(candidate)
            return candidate
    return None


def open_home(start: str | Path | None = None) -> Path:
    """The `.glia` folder, made in the current folder (or where `GLIA_HOME` says) if there is none yet.

    Raises:
        StoreError: it is owned by somebody else, cannot be made, or would lie in the home folder or in `/`.
    """
    found = find_home(start)
    if found is not None:
        return found
    named = os.environ.get("GLIA_HOME")
    folder = Path(named).expanduser().absolute() if named else next(_upwards(start)) / FOLDER
    if not named and _only_when_named(folder.parent):
        raise StoreError(
            f"There is no {FOLDER} folder here, and Glia makes none in '{folder.parent}' by itself. "
            f"Run in the folder of a project, or name a folder: GLIA_HOME={folder}"
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"The folder '{folder}' cannot be made: {error.strerror}. Name another one in GLIA_HOME."
        ) from error
    return folder


def runs_folder(home: Path) -> Path:
    """Where the folders of the runs lie."""
    return home / RUNS


def run_folder(home: Path, run: str) -> Path:
    """The folder of a run by its whole id; that of a trial, `<study>/17`, need not be there."""
    study, _, number = run.partition("/")
    folder = runs_folder(home) / study
    return folder / TRIALS / number if number else folder


def id_of(folder: Path) -> str:
    """The inverse of `run_folder`."""
    place = trial_of(folder)
    return f"{place[0].name}/{place[1]}" if place else folder.name


def trial_of(folder: Path) -> tuple[Path, int] | None:
    """The study's folder and the number, if this is the folder of a trial."""
    if folder.parent.name != TRIALS or not folder.name.isdecimal():
        return None
    return folder.parent.parent, int(folder.name)


def home_of(folder: Path) -> Path:
    """The `.glia` folder that the folder of a run or trial lies in."""
    place = trial_of(folder)
    return (place[0] if place else folder).parent.parent


def brief(run: str) -> str:
    """An id as people read and type it.

    Example:
        >>> brief("a3f9c1d200b7e845"), brief("a3f9c1d200b7e845/17")
        ('a3f9c1', 'a3f9c1/17')
    """
    study, slash, number = run.partition("/")
    return study[:SHOWN_DIGITS] + slash + number


def resuming(kind: str, run: str) -> str:
    """What goes on with a run that was left, a trial with its study; empty for what cannot be gone on with.

    Example:
        >>> resuming("train", "a3f9c1d200b7e845"), resuming("trial", "a3f9c1d200b7e845/17"), resuming("compare", "a3")
        ('glia train --resume a3f9c1', 'glia tune --resume a3f9c1', '')
    """
    short = run[:SHOWN_DIGITS]
    ways = {"train": f"glia train --resume {short}", "compare": ""}
    ways |= dict.fromkeys((STUDY, TRIAL), f"glia tune --resume {short}")
    return ways.get(kind, f"glia.start(resume='{short}')")


def run_folders(home: Path, *, among: str = RUNS) -> Iterator[Path]:
    """The folders of all runs, in no order. A half-made one has a name with a dot and is not among them.

    Args:
        home: the `.glia` folder.
        among: the folder they lie in: `runs`, or `deleted`.
    """
    try:
        with os.scandir(home / among) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_dir():
                    yield Path(entry.path)
    except FileNotFoundError:
        return


def find_run(home: Path, reference: str, *, among: str = RUNS) -> Path:
    """The folder of the run with that id, beginning of an id (at least 4 digits) or readable name; or `faces@champion`.

    A study's trial is called as the study is, with `/17` after it. Its folder is there only if it has files.

    Args:
        home: the `.glia` folder.
        reference: what the user calls it.
        among: the folder the runs lie in.

    Raises:
        NotFoundError: no run fits, or several do; the message names near ones, or those that fit.
    """
    if not isinstance(reference, str):
        raise NotFoundError(f"A run is called by its id or name, a text, and not by {reference!r}.")
    if "@" in reference and among == RUNS:
        from glia.store.registry import Registry  # SQLAlchemy is loaded for those who ask by such a name only

        reference = Registry(home).resolve(reference)
    folders = {folder.name: folder for folder in run_folders(home, among=among)}
    if reference in folders:
        return folders[reference]
    study, slash, number = reference.rpartition("/")
    if study in folders and number.isdecimal():
        return _trial(folders[study], int(number))
    named = {folder.name: name_of(folder) for folder in folders.values()}
    begun = [run for run in folders if run.startswith(reference.lower())] if len(reference) >= SHORTEST_PREFIX else []
    fitting = begun or [run for run, name in named.items() if name == reference]
    if len(fitting) == 1:
        return folders[fitting[0]]
    if fitting:
        listed = ", ".join(f"{run} ({named[run]})" for run in sorted(fitting)[:8])
        raise NotFoundError(f"'{reference}' fits {len(fitting)} runs: {listed}. Write more of the id.")
    if slash and number.isdecimal() and among == RUNS:
        return _trial(find_run(home, study), int(number))
    if among == RUNS and reference in {
        word for folder in run_folders(home, among=DELETED) for word in (folder.name, name_of(folder))
    }:
        raise NotFoundError(f"Run '{reference}' was deleted. Bring it back: glia runs restore {reference}")
    raise NotFoundError(f"There is no run '{reference}' in '{home / among}'.{_hint(reference, named)}")


def _hint(reference: str, named: dict[str, str]) -> str:
    if not named:
        return " There are no runs yet: start one with glia train."
    if len(reference) < SHORTEST_PREFIX and any(run.startswith(reference) for run in named):
        return f" A beginning of an id has at least {SHORTEST_PREFIX} digits."
    close = get_close_matches(reference, [*named.values(), *named], n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else " See which there are: glia runs list"


def name_of(folder: Path) -> str:
    """The readable name of the run in a folder; empty if it cannot be read."""
    place = trial_of(folder)
    if place:
        return f"{name_of(place[0])}/{place[1]}"
    return _said(folder, "name")


def _said(folder: Path, what: str) -> str:
    try:
        return str(loads((folder / "run.json").read_bytes())[what])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _trial(study: Path, number: int) -> Path:
    if _said(study, "kind") != STUDY:
        raise NotFoundError(f"Run '{name_of(study)}' is no study, so it has no trial {number}.")
    return run_folder(study.parent.parent, f"{study.name}/{number}")


def _upwards(start: str | Path | None) -> Iterator[Path]:
    folder = Path(start or Path.cwd()).absolute()
    yield folder
    yield from folder.parents


def _only_when_named(folder: Path) -> bool:
    try:
        return folder == folder.parent or folder.resolve() == Path.home().resolve()
    except RuntimeError:  # a user without a home folder
        return folder == folder.parent


def _refuse_foreign(folder: Path) -> None:
    if not hasattr(os, "getuid"):  # Windows
        return
    owner = folder.stat().st_uid
    if owner != os.getuid():
        raise StoreError(
            f"'{folder}' belongs to user {owner}, and you are user {os.getuid()}. "
            f"Work in a folder of your own, or, if you trust it, name it: GLIA_HOME={folder}"
        )
