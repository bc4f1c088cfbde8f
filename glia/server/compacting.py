"""Finished runs are put into columns while pages are served, one at a time and whenever nothing else wants the machine.

Only `glia serve` does this. A server beside somebody's own program does not: it might be training.
"""

import contextlib
import os
import sys
import threading
from pathlib import Path

from glia.server.readers import Readers
from glia.tracking.folder.home import run_folders
from glia.tracking.log.compaction import compact, rests

SECONDS_BETWEEN_ROUNDS = 30.0
LOWEST_PRIORITY = 19


class Compactor:
    """Looks through the runs of one `.glia` folder again and again.

    Args:
        home: the `.glia` folder.
        readers: told which runs are better opened anew.
        stopping: once this is set, it ends within moments.
    """

    def __init__(self, home: Path, readers: Readers, stopping: threading.Event) -> None:
        self._home, self._readers, self._stopping = home, readers, stopping
        self._settled: dict[str, int] = {}  # by run: when its log last changed, as it was looked at

    def start(self) -> None:
        """Work from a thread that ends with the process."""
        threading.Thread(target=self._work, name="glia columns", daemon=True).start()

    def round(self) -> int:
        """Look at each run that is not as it was; how many were put into columns."""
        made = 0
        for folder in run_folders(self._home):
            if self._stopping.is_set():
                break
            try:
                changed = (folder / "log").stat().st_mtime_ns
            except OSError:
                continue
            if self._settled.get(folder.name) == changed or not rests(folder):
                continue
            if compact(folder, stopping=self._stopping):
                self._readers.forget(folder)
                made += 1
            self._settled[folder.name] = changed
        return made

    def _work(self) -> None:
        if sys.platform == "linux":  # where threads have priorities of their own
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)
        while not self._stopping.wait(SECONDS_BETWEEN_ROUNDS):
            with contextlib.suppress(OSError):
                self.round()
