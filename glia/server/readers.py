"""Run folders kept open between requests: what was read once is not read again."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from glia.tracking.home import find_run, runs_folder
from glia.tracking.reader import RunReader

MOST_OPEN = 64


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
            reference: id, unique beginning of an id or name.

        Raises:
            NotFoundError: no such run.
        """
        folder = self._folder(reference)
        entry = self._entry(folder)
        with entry.lock:
            if entry.reader is None:
                entry.reader = RunReader(folder)
            else:
                entry.reader.refresh()
            yield entry.reader

    def _folder(self, reference: str) -> Path:
        exact = runs_folder(self.home) / reference
        # To look for a name among thousands of runs takes longer than to read this one.
        return exact if reference.isalnum() and (exact / "run.json").is_file() else find_run(self.home, reference)

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


def readers(request: Request) -> Readers:
    """The readers of the application that answers this request."""
    found: Readers = request.app.state.readers
    return found


Open = Annotated[Readers, Depends(readers)]
