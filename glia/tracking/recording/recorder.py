"""A run as it is recorded, from its folder to its end; `scribe` has what is recorded of it meanwhile."""

import atexit
import contextlib
import json
import os
import threading
import time as clock
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from glia.tracking.capture import machine
from glia.tracking.capture.environment import describe_environment
from glia.tracking.capture.source import describe_source
from glia.tracking.folder.folders import make_folder, write_whole
from glia.tracking.folder.names import readable_name
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.records import StateRecord, StopRecord, Written, plain
from glia.tracking.log.writer import SegmentWriter
from glia.tracking.recording.alerts import Alerts
from glia.tracking.recording.journal import Journal, close_all
from glia.tracking.recording.scribe import Scribe, check_state
from glia.tracking.recording.stopping import Listener

SECONDS_TO_LEAVE = 1.0


class RunRecorder(Scribe):
    """Records one run from one process. Safe for threads; a forked child goes on in a segment of its own.

    Make one with `create` or `reopen`. Whatever is recorded after `close` begins a new segment.
    """

    KIND = "train"

    def __init__(self, folder: Path, *, run_id: str, name: str) -> None:
        super().__init__(Journal(folder), folder, run_id, name, {})
        self._describing: threading.Thread | None = None
        self._wishes: Listener | None = None  # while this process says that the run goes on
        self._alerts: Alerts | None = None  # once this process has said how the run stands
        self._began = clock.time()
        _open_recorders.add(self)

    @classmethod
    def create(
        cls,
        home: Path,
        *,
        project: str,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        recipe_toml: str | None = None,
        parent: str | None = None,
        kind: str = "",
        environment: Mapping[str, Any] | None = None,
    ) -> Self:
        """Begin a run: its folder, its facts, the state `running`.

        The machine, the packages and the state of the source are written by a thread within moments.

        Args:
            home: the `.glia` folder.
            project: the group of runs it belongs to.
            name: a readable name; by default one is made up.
            params: what queries and tables show.
            recipe_toml: the complete recipe.
            parent: the id of the run this one comes from.
            kind: what the run does; empty: what this class records.
            environment: what only the caller knows of the machine, such as the device and the number of threads.

        Raises:
            StoreError: the folder cannot be made.
        """
        run_id = os.urandom(8).hex()
        name = name or readable_name()
        said = {"name": name, "project": project, "kind": kind or cls.KIND, "parent": parent}
        folder = make_folder(home, run_id, said, recipe_toml)
        recorder = cls(folder, run_id=run_id, name=name)
        if params:
            recorder.params(params)
        recorder.state("running")
        recorder._describe(environment or {})
        return recorder

    @classmethod
    def reopen(cls, folder: Path) -> Self:
        """Go on with a run, or change something after its end. Say `state("running")` and `rewind` to resume it.

        Raises:
            NotFoundError: there is no run in that folder.
        """
        before = RunReader(folder)
        recorder = cls(folder, run_id=before.id, name=before.name)
        recorder._journal.latest = before.latest
        recorder._began = before.created.timestamp()
        recorder._continue(before)
        return recorder

    @property
    def writer(self) -> str:
        """The name of the segment that is written to: also the one for `console.capture`."""
        return self._segment().path.stem

    def state(self, state: Written, reason: str = "") -> None:
        """Say how the run stands. Once a process has said `running`, its death ends the run.

        Raises:
            ConfigError: not a state that can be said.
        """
        check_state(state)
        if state != "running":
            self._wishes = None
            machine.leave(self)
        elif self._wishes is None:
            self._wishes, self.stop_heard = Listener(self.folder), ""
        self._say(StateRecord(state=state, reason=reason))
        if state == "running":
            machine.watch(self, self._began)
        self._alerts = self._alerts or Alerts(self.folder)
        self._alerts.tell(state, reason)

    @property
    def stop_asked(self) -> str:
        """Who asked from outside that the run stop, and why; empty as long as nobody did.

        To be asked as often as one likes: it looks into the folder once a second at most.
        """
        if not self.stop_heard and self._wishes is not None and (wish := self._wishes.look()) is not None:
            self.stop_heard = wish.reason or "asked from outside"
            self._say(StopRecord(reason=wish.reason, heard=True))
        return self.stop_heard

    def source(self, described: Mapping[str, Any]) -> None:
        """Replace what is known of the source, as when another program is recorded than this process's."""
        if self._describing is not None:
            self._describing.join()
        with contextlib.suppress(OSError):
            write_whole(self.folder / "source.json", json.dumps(plain(described), indent=1).encode())

    def close(self) -> None:
        """Sync and stop recording, within a second."""
        machine.leave(self)
        deadline = clock.monotonic() + SECONDS_TO_LEAVE
        if self._describing is not None:
            self._describing.join(SECONDS_TO_LEAVE / 2)
        self._streams = {}
        self._journal.close(max(0.0, deadline - clock.monotonic()))
        if self._alerts is not None:
            self._alerts.close(max(0.0, deadline - clock.monotonic()))

    def after_fork(self) -> None:
        """This is a child of the process that recorded so far: what it logs goes into a segment of its own."""
        super().after_fork()
        self._alerts = None

    def _segment(self) -> SegmentWriter:
        return self._journal.segment()

    def _describe(self, environment: Mapping[str, Any]) -> None:
        def describe() -> None:
            with contextlib.suppress(OSError):
                for name, content in (
                    ("source.json", describe_source()),
                    ("environment.json", describe_environment(environment)),
                ):
                    write_whole(self.folder / name, json.dumps(plain(content), indent=1).encode())

        self._describing = threading.Thread(target=describe, name="glia source", daemon=True)
        self._describing.start()


_open_recorders: "weakref.WeakSet[RunRecorder]" = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for recorder in list(_open_recorders):
        recorder.close()
    close_all(clock.monotonic() + SECONDS_TO_LEAVE)
