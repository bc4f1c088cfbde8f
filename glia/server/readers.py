"""Run folders kept open between requests: what was read once is not read again."""

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from glia.tracking.folder.home import find_run, run_folder, runs_folder
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import read_run

MOST_OPEN = 64
MOST_HELD = 20_000_000  # points in memory, of some 32 bytes; those of finished runs are read from their columns


class Readers:
    """The readers of one `.glia` folder, each used by one thread at a time.

    Args:
        home: the `.glia` folder.
        most: so many stay in memory; the one longest unused goes first.
    """

    def __init__(self, home: Path, most: int = MOST_OPEN) -> None:
        self.home = home
        self._most = most
        self._lock = threading.Lock()
        self._open: OrderedDict[Path, _Entry] = OrderedDict()

    @contextmanager
    def open(self, reference: str) -> Iterator[RunReader]:
        """A run's reader, brought up to date, for the length of a `with` block.

        Args:
            reference: id, unique beginning of an id or name; of a trial `<study>~17`, since `/` divides addresses.

        Raises:
            NotFoundError: no such run.
        """
        folder = self._folder(reference)
        entry = self._entry(folder)
        with entry.lock:
            if entry.reader is None:
                entry.reader = read_run(folder)
            else:
                entry.reader.refresh()
            yield entry.reader
            entry.held = entry.reader.held
        self._make_room(entry)

    def forget(self, folder: Path) -> None:
        """Open a run anew when it is next asked for: there is a better way to read it now."""
        with self._lock:
            self._open.pop(folder, None)

    def _make_room(self, used: "_Entry") -> None:
        with self._lock:
            held = sum(entry.held for entry in self._open.values())
            for folder, entry in list(self._open.items()):
                if held <= MOST_HELD:
                    return
                if entry.held and entry is not used:
                    del self._open[folder]
                    held -= entry.held

    def _folder(self, reference: str) -> Path:
        reference = re.sub(r"~(\d+)$", r"/\1", reference)
        study, _, number = reference.partition("/")
        exact = runs_folder(self.home) / study
        # To look for a name among thousands of runs takes longer than to read this one.
        if study.isalnum() and (number.isdecimal() or not number) and (exact / "run.json").is_file():
            return run_folder(self.home, reference)
        return find_run(self.home, reference)

    def _entry(self, folder: Path) -> "_Entry":
        with self._lock:
            entry = self._open.setdefault(folder, _Entry())
            self._open.move_to_end(folder)
            if len(self._open) > self._most:
                self._open.popitem(last=False)
            return entry


class _Entry:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reader: RunReader | None = None
        self.held = 0  # points in memory


def readers(request: Request) -> Readers:
    """The readers of the application that answers this request."""
    found: Readers = request.app.state.readers
    return found


Open = Annotated[Readers, Depends(readers)]
