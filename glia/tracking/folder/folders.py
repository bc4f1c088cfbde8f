"""Making a run's folder, and the files in it that never change."""

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from glia.errors import StoreError
from glia.store.disks import sync_path
from glia.tracking.folder.home import runs_folder
from glia.tracking.log.liveness import this_process

FORMAT = 1
UNFINISHED = ".new-"  # begins the name of a folder while it is made
SECONDS_TO_MAKE = 3600  # far more than it takes: whoever needed longer was killed


def make_folder(home: Path, run_id: str, said: Mapping[str, str | None], recipe_toml: str | None) -> Path:
    """Make `runs/<id>` with its `run.json`; it appears whole or not at all, also after a power cut.

    Args:
        home: the `.glia` folder.
        run_id: 16 hexadecimal digits.
        said: what the user says of the run: name, project, kind, parent.
        recipe_toml: the complete recipe, if there is one.

    Raises:
        StoreError: the folder cannot be made.
    """
    facts = {
        "format": FORMAT,
        "id": run_id,
        **said,
        "created": datetime.now(UTC).isoformat(),
        "glia": _version(),
        "process": asdict(this_process()),
    }
    folder = runs_folder(home) / run_id
    unfinished = folder.with_name(f"{UNFINISHED}{run_id}")
    _clear_leftovers(folder.parent)
    try:
        (unfinished / "log").mkdir(parents=True)
        (unfinished / "run.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        sync_path(unfinished / "run.json")
        if recipe_toml is not None:
            (unfinished / "recipe.toml").write_text(recipe_toml, encoding="utf-8")
            sync_path(unfinished / "recipe.toml")
        sync_path(unfinished)
        unfinished.rename(folder)
    except OSError as error:
        raise StoreError(f"The run's folder '{folder}' cannot be made: {error.strerror}.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)  # there only if something went wrong
    return folder


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees a part of it; when this returns it outlives a power cut.

    Raises:
        OSError: it cannot be written. Nothing is left behind.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
    try:
        unfinished.write_bytes(data)
        sync_path(unfinished)
        unfinished.replace(path)
        sync_path(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _clear_leftovers(runs: Path) -> None:
    """Remove what processes left that were killed while they made a run."""
    with contextlib.suppress(OSError), os.scandir(runs) as entries:
        for entry in entries:
            if entry.name.startswith(UNFINISHED) and time.time() - entry.stat().st_mtime > SECONDS_TO_MAKE:
                shutil.rmtree(entry.path, ignore_errors=True)


def _version() -> str:
    try:
        return metadata.version("glia")
    except metadata.PackageNotFoundError:  # run from a folder that is not installed
        return ""
