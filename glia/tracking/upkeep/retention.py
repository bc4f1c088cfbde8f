"""What is kept and what is not: runs deleted, brought back, and at last removed.

Deleting a run says so in its log and moves its folder from `.glia/runs` to `.glia/deleted`, in one step: no list,
search or page sees it any more, and nothing of it is lost until `collect` finds it there after a period of grace.
"""

import contextlib
import itertools
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

from glia.errors import ConfigError, DataError, StoreError
from glia.store.blobs import SECONDS_TO_NAME, Blobs
from glia.store.locking import file_lock
from glia.store.registry import Registry
from glia.tracking.folder.folders import SECONDS_TO_MAKE, UNFINISHED
from glia.tracking.folder.home import DELETED, TRIALS, brief, find_run, id_of, name_of, run_folders, runs_folder
from glia.tracking.index.index import Index
from glia.tracking.index.rows import RunRow
from glia.tracking.log.compaction import compact
from glia.tracking.log.liveness import is_held
from glia.tracking.log.records import DeletedRecord, State, StateRecord
from glia.tracking.log.remarks import remark
from glia.tracking.log.segment_reader import records_of
from glia.tracking.recording.stopping import LIVE
from glia.tracking.upkeep.unnamed import unnamed_blobs

SECONDS_OF_GRACE = 7 * 86400.0
ROWS_AT_ONCE = 500
LOCK = "deleted.lock"


@dataclass(frozen=True)
class Doomed:
    """A run that is to be deleted, as lists show it."""

    id: str
    name: str
    state: str
    updated: float  # seconds since 1970


@dataclass(frozen=True)
class Collected:
    """What was removed, or would be: so many of a kind."""

    what: str
    count: int
    bytes: int


def choose(
    home: Path,
    references: Sequence[str] = (),
    *,
    where: str = "",
    project: str | None = None,
    state: str | None = None,
    idle: float = 0.0,
    children: bool = False,
) -> list[Doomed]:
    """Runs to delete: those named, or all that fit.

    Args:
        home: the `.glia` folder.
        references: ids, beginnings of ids or names; none: all runs, narrowed by what follows.
        where: an expression, as `glia.runs` takes it.
        project: of one project.
        state: in one state.
        idle: nothing was recorded for so many seconds.
        children: also the runs that have one of them as parent.

    Raises:
        NotFoundError: no such run.
        ConfigError: an expression or a state that cannot be used; trials, which lie in their study's log.
    """
    named = {id_of(find_run(home, reference)) for reference in references}
    trials = sorted(run for run in named if "/" in run)
    if trials:
        raise _of_trials(trials)
    latest = time.time() - idle
    chosen, by_parent = {}, defaultdict[str, list[Doomed]](list)
    for row in _rows(home, where, project, state):
        if "/" in row.id:
            trials.append(row.id)
            continue
        run = Doomed(row.id, row.name, row.state, row.updated.timestamp())
        # Without a time to wait for: one that is recorded right now is named too, to be told why it is kept.
        if (not references or run.id in named) and (not idle or run.updated <= latest):
            chosen[run.id] = run
    if trials and not chosen:
        raise _of_trials(trials)
    if children:
        for row in _rows(home, "not parent is null", None, None):
            if "/" in row.id:
                continue
            by_parent[row.parent or ""].append(Doomed(row.id, row.name, row.state, row.updated.timestamp()))
        waiting = list(chosen)
        while waiting:
            for run in by_parent.pop(waiting.pop(), []):
                chosen[run.id] = run
                waiting.append(run.id)
    return list(chosen.values())


def why_kept(run: Doomed, registered: Mapping[str, list[str]]) -> str:
    """Why a run may not be deleted; empty if it may."""
    if "/" in run.id:
        return str(_of_trials([run.id]))
    if run.state in LIVE:
        return f"'{run.name}' is {run.state}. Stop it first: glia runs stop {run.id[:6]}"
    names = [name for each, its in registered.items() if run.id == each.partition("/")[0] for name in its]
    if names:
        return f"'{run.name}' is registered as {', '.join(names)}. Take that away first: glia registry set --delete"
    return ""


def delete(home: Path, runs: Iterable[Doomed], *, reason: str) -> Iterator[tuple[Doomed, str]]:
    """Delete runs, each with why it was kept instead, or nothing.

    Args:
        home: the `.glia` folder.
        runs: how they stand.
        reason: who deletes and why, kept in their logs.

    Raises:
        StoreError: a folder cannot be written.
    """
    registered = Registry(home).registered()
    for run in runs:
        refusal = why_kept(run, registered)
        folder = runs_folder(home) / run.id
        if not refusal and any(is_held(lock) for lock in (folder / "log").glob("*.lock")):
            refusal = f"'{run.name}' is being written to by another process."
        if not refusal:
            with _alone(home):
                remark(folder, DeletedRecord(reason=reason), after=int(run.updated * 1e9))
                _move(folder, home / DELETED / run.id)
        yield run, refusal


def restore(home: Path, reference: str) -> Path:
    """Bring a deleted run back; its folder.

    Raises:
        NotFoundError: no deleted run fits, or several do.
        StoreError: it cannot be moved.
    """
    with _alone(home):
        deleted = find_run(home, reference, among=DELETED)
        folder = runs_folder(home) / deleted.name
        _move(deleted, folder)
        remark(folder, DeletedRecord(restored=True))
    return folder


@dataclass(frozen=True)
class Deleted:
    """A run that can be brought back."""

    id: str
    name: str
    time: datetime  # when it was deleted, in UTC


def deleted(home: Path) -> list[Deleted]:
    """The runs that can be brought back, those deleted last first."""
    found = []
    for folder in run_folders(home, among=DELETED):
        with contextlib.suppress(FileNotFoundError):
            when = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
            found.append(Deleted(folder.name, name_of(folder), when))
    return sorted(found, key=lambda each: each.time, reverse=True)


def collect(
    home: Path,
    *,
    grace: float = SECONDS_OF_GRACE,
    checkpoints: float | None = None,
    dry_run: bool = False,
) -> Iterator[Collected]:
    """Remove for good what nobody can reach any more, and say what it was; put long logs of ended runs into columns.

    Memory is bounded, however many runs and blobs there are.

    Args:
        home: the `.glia` folder.
        grace: seconds for which deleted runs can still be brought back.
        checkpoints: also remove the checkpoints of runs that were done so many seconds ago and have a model; they are
            needed only to go on with training. None keeps them.
        dry_run: remove nothing.

    Raises:
        ConfigError: a time below zero.
        StoreError: something cannot be read, so that what it refers to cannot be known, or cannot be removed.
    """
    if min(grace, checkpoints or 0) < 0:
        raise ConfigError("A time to keep things for is at least 0.")
    with nullcontext() if dry_run else _alone(home):
        gone = [folder for folder in run_folders(home, among=DELETED) if _age(folder) >= grace]
        yield _removed("deleted runs", gone, dry_run)
    begun = (path for path in _listed(runs_folder(home)) if path.name.startswith(UNFINISHED))
    yield _removed("half-made runs", (path for path in begun if _age(path) > SECONDS_TO_MAKE), dry_run)
    if checkpoints is not None:
        done = (folder for folder in run_folders(home) if _is_done_for(folder, checkpoints))
        old = (path for folder in done for path in (folder / "checkpoints", *folder.glob(f"{TRIALS}/*/checkpoints")))
        yield _removed("checkpoints of runs that are done", (path for path in old if path.is_dir()), dry_run)
    if not dry_run:
        compacted = sum(compact(folder) for folder in run_folders(home))
        yield Collected("logs put into columns, to be read faster", compacted, 0)
    blobs = Blobs(home / "blobs")
    with nullcontext() if dry_run else _alone(home):
        unnamed = unnamed_blobs(home, besides={path.name for path in gone})
        yield _removed("files that no run names", unnamed, dry_run, partial(_remove_blob, blobs))
    yield _removed("half-made files", blobs.unfinished(), dry_run)


def _rows(home: Path, where: str, project: str | None, state: str | None) -> Iterator[RunRow]:
    index = Index(home)
    index.refresh()
    for offset in itertools.count(0, ROWS_AT_ONCE):
        rows = index.runs(where, project=project, state=cast(State | None, state), limit=ROWS_AT_ONCE, offset=offset)
        yield from rows
        if len(rows) < ROWS_AT_ONCE:
            return


def _of_trials(trials: Sequence[str]) -> ConfigError:
    run = brief(trials[0])
    return ConfigError(
        f"'{run}' is a trial: it lies in the log of its study and is deleted with it. "
        f"Type: glia runs delete {run.partition('/')[0]}"
    )


@contextlib.contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One at a time: a run that is moved while somebody looks for what no run names would not be seen by him."""
    with ExitStack() as inside:
        try:
            inside.enter_context(file_lock(home / LOCK))
        except FileNotFoundError:
            pass  # no folder, so nothing to move
        except OSError as error:
            raise StoreError(f"Nothing in '{home}' can be moved or removed: {error.strerror}.") from error
        yield


def _move(source: Path, target: Path) -> None:
    try:
        target.parent.mkdir(mode=0o700, exist_ok=True)
        if target.exists():
            raise StoreError(f"'{target}' is there already. Move one of the two away.")
        source.rename(target)
        os.utime(target)  # the period of grace is counted from here
        for folder in (source.parent, target.parent):
            _sync(folder)
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"'{source}' cannot be moved to '{target}': {error.strerror}.") from error


def _is_done_for(folder: Path, seconds: float) -> bool:
    """Whether a run came to its end and has a model, and nobody wrote to it for so long."""
    log = folder / "log"
    models = ("model/learner.json", f"{TRIALS}/*/model/learner.json")
    if not any(next(folder.glob(model), None) for model in models) or _age(log) < seconds:
        return False
    try:
        states = [each for each in records_of(folder) if isinstance(each, StateRecord) and each.trial is None]
    except DataError:
        return False
    last = max(states, key=lambda record: record.time, default=None)
    # One that its budget ended can be gone on with.
    return last is not None and last.state == "done" and last.reason != "budget"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_blob(blobs: Blobs, path: Path) -> None:
    blobs.delete(path.name, SECONDS_TO_NAME)


def _removed(what: str, paths: Iterable[Path], dry_run: bool, remove: Callable[[Path], None] = _remove) -> Collected:
    count = size = 0
    for path in paths:
        count, size = count + 1, size + _bytes(path)
        if dry_run:
            continue
        try:
            remove(path)
        except OSError as error:
            raise StoreError(f"'{path}' cannot be removed: {error.strerror}.") from error
    return Collected(what, count, size)


def _bytes(path: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        if not path.is_dir():
            return path.lstat().st_size
        for folder, _, files in os.walk(path):
            for file in files:
                with contextlib.suppress(OSError):
                    total += os.lstat(os.path.join(folder, file)).st_size
    return total


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return -1.0


def _listed(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            yield Path(entry.path)


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # not every system syncs folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
