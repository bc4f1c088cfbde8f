"""Checkpoints of loops of one's own: the user's files, whole or not at all, and the place in the log they belong to.

    checkpoints/<number>/files/…           as they were when `run.checkpoint` was called
    checkpoints/<number>/checkpoint.json   the last step of each phase, and how far each segment of the log went

A checkpoint has its name only when all of it is on disk, and what was logged before it too; so a crash leaves the one
before. The newest two are kept: if the last one turns out to be of no use, there is another.
"""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from glia.errors import NotFoundError
from glia.tracking.log.marks import Mark
from glia.tracking.log.writer import log
from glia.tracking.recording.scribe import Scribe

KEPT = 2
UNFINISHED = ".new-"


def keep(recorder: Scribe, path: Path) -> None:
    """Make the files of a folder, or one file, the run's newest checkpoint. A full disk is told, and leaves the last.

    Raises:
        NotFoundError: there is nothing at `path`.
    """
    path = path.expanduser()
    if not path.exists():
        raise NotFoundError(f"There is no file or folder '{path}' to keep as a checkpoint of run '{recorder.name}'.")
    mark = recorder.mark()
    folder = recorder.folder / "checkpoints"
    unfinished = folder / f"{UNFINISHED}{os.urandom(4).hex()}"
    try:
        files = unfinished / "files"
        if path.is_dir():
            shutil.copytree(path, files, symlinks=True, copy_function=_copy)
        else:
            files.mkdir(parents=True)
            _copy(str(path), str(files / path.name))
        recorder.sync()
        about = unfinished / "checkpoint.json"
        about.write_text(json.dumps(asdict(mark)), encoding="utf-8")
        for each in (about, *(Path(place) for place, _, _ in os.walk(files)), unfinished):
            _sync(each)
        _name(unfinished, folder)
    except (OSError, shutil.Error) as error:
        recorder.warn(f"A checkpoint could not be kept ({error}); the one before it stays.")
        log.warning("A checkpoint of run '%s' cannot be kept: %s. The program goes on.", recorder.name, error)
        return
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    for number in _numbers(folder)[:-KEPT]:
        shutil.rmtree(folder / str(number), ignore_errors=True)


def restore(recorder: Scribe) -> Path | None:
    """The files of the newest checkpoint, with what was logged since then declared void; None if there is none."""
    folder = recorder.folder / "checkpoints"
    for leftover in folder.glob(f"{UNFINISHED}*"):  # nobody else records this run now
        shutil.rmtree(leftover, ignore_errors=True)
    for number in reversed(_numbers(folder)):
        try:
            said = json.loads((folder / str(number) / "checkpoint.json").read_text(encoding="utf-8"))
            mark = Mark(steps=dict(said["steps"]), slots=dict(said["slots"]))
        except (OSError, ValueError, KeyError, TypeError):
            log.warning("Checkpoint %s of run '%s' cannot be read; the one before it is taken.", number, recorder.name)
            continue
        recorder.rewind_to(mark)
        return folder / str(number) / "files"
    return None


def _name(unfinished: Path, folder: Path) -> None:
    """Give a checkpoint its number, the next that no other process has taken."""
    number = (_numbers(folder) or [0])[-1] + 1
    while True:
        try:
            unfinished.rename(folder / str(number))
        except OSError:
            if not (folder / str(number)).exists():
                raise
            number += 1
        else:
            _sync(folder)
            return


def _numbers(folder: Path) -> list[int]:
    try:
        return sorted(int(name) for name in os.listdir(folder) if name.isdecimal())
    except OSError:
        return []


def _copy(source: str, target: str) -> str:
    shutil.copyfile(source, target)
    _sync(Path(target))
    return target


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
