"""A run as it is recorded: numbers and facts into its log, files beside it.

Recording never ends or delays the program that records: what cannot be written waits or is told, see `writer`.
"""

import atexit
import contextlib
import itertools
import json
import os
import struct
import threading
import time as clock
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from blake3 import blake3

from glia.errors import ConfigError, did_you_mean
from glia.store.disks import sync_path
from glia.tracking.capture import machine
from glia.tracking.capture.environment import describe_environment
from glia.tracking.capture.source import describe_source
from glia.tracking.folder.folders import make_folder, write_whole
from glia.tracking.folder.names import readable_name
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.marks import Mark, slots_of
from glia.tracking.log.records import (
    STATES,
    ArtifactRecord,
    DataRecord,
    Direction,
    MediaRecord,
    NoteRecord,
    ParamsRecord,
    Record,
    RewindRecord,
    StateRecord,
    StopRecord,
    StreamRecord,
    SummaryRecord,
    TagsRecord,
    WarningRecord,
    WeightsRecord,
    Written,
    plain,
    to_text,
)
from glia.tracking.log.values import check_name, to_nanoseconds, to_number, to_step
from glia.tracking.log.writer import SegmentClosed, SegmentWriter, log
from glia.tracking.recording.alerts import Alerts
from glia.tracking.recording.stopping import Listener

SECONDS_TO_LEAVE = 1.0


class RunRecorder:
    """Records one run from one process. Safe for threads; a forked child goes on in a segment of its own.

    Make one with `create` or `reopen`. Whatever is recorded after `close` begins a new segment.
    """

    def __init__(self, folder: Path, *, run_id: str, name: str) -> None:
        self.folder = folder
        self.id = run_id
        self.name = name
        self._lock = threading.RLock()
        self._writer: SegmentWriter | None = None
        self._ids = itertools.count(1)
        self._streams: dict[str, _Stream] = {}
        self._phases: dict[str, _Phase] = {}
        self._directions: dict[str, Direction] = {}
        self._latest = 0  # time of the last record: a clock that is set back does not bring old facts back
        self._describing: threading.Thread | None = None
        self._wishes: Listener | None = None  # while this process says that the run goes on
        self._alerts: Alerts | None = None  # once this process has said how the run stands
        self.stop_heard = ""  # what `stop_asked` last answered
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
        kind: str = "train",
        environment: Mapping[str, Any] | None = None,
    ) -> "RunRecorder":
        """Begin a run: its folder, its facts, the state `running`.

        The machine, the packages and the state of the source are written by a thread within moments.

        Args:
            home: the `.glia` folder.
            project: the group of runs it belongs to.
            name: a readable name; by default one is made up.
            params: what queries and tables show.
            recipe_toml: the complete recipe.
            parent: the id of the run this one comes from.
            kind: what the run does.
            environment: what only the caller knows of the machine, such as the device and the number of threads.

        Raises:
            StoreError: the folder cannot be made.
        """
        run_id = os.urandom(8).hex()
        name = name or readable_name()
        said = {"name": name, "project": project, "kind": kind, "parent": parent}
        folder = make_folder(home, run_id, said, recipe_toml)
        recorder = cls(folder, run_id=run_id, name=name)
        if params:
            recorder.params(params)
        recorder.state("running")
        recorder._describe(environment or {})
        return recorder

    @classmethod
    def reopen(cls, folder: Path) -> "RunRecorder":
        """Go on with a run, or change something after its end. Say `state("running")` and `rewind` to resume it.

        Raises:
            NotFoundError: there is no run in that folder.
        """
        before = RunReader(folder)
        recorder = cls(folder, run_id=before.id, name=before.name)
        recorder._latest = before.latest
        recorder._began = before.created.timestamp()
        for metric in before.names():
            phase = recorder._phase(metric)
            phase.last = max(phase.last, before.last_step(metric))
            recorder._directions[metric] = before.direction(metric)
        return recorder

    @property
    def writer(self) -> str:
        """The name of the segment that is written to: also the one for `console.capture`."""
        return self._segment().path.stem

    # Numbers

    def log(self, values: Mapping[str, Any], *, step: int | None = None, time: float | None = None) -> None:
        """Record numbers; when this returns, killing the process loses none of them.

        Args:
            values: name → number (also 0-d arrays and tensors, booleans).
            step: without one, the last step of the phase (the part of the name before the first `/`) plus one.
            time: seconds since 1970; without one, now.

        Raises:
            ConfigError: not a number, an integer beyond 2**53, a step or time that is none.
        """
        when = clock.time_ns() if time is None else to_nanoseconds(time)
        if step is None:
            self._log_next(values, when)
            return
        if type(step) is not int:
            step = to_step(step)
        streams = self._streams
        try:
            for name, value in values.items():
                stream = streams.get(name) or self._stream(name)
                if type(value) is not float:
                    value = to_number(name, value)
                try:
                    stream.append(stream.id, step, when, value)
                except SegmentClosed:
                    self._append_anew(name, step, when, value)
                stream.phase.last = step
        except struct.error:
            raise ConfigError(f"step={step} is beyond 64 bits.") from None

    def define(self, name: str, direction: Direction) -> None:
        """Say whether `higher` or `lower` values of a metric are better.

        Raises:
            ConfigError: another word.
        """
        if direction not in ("higher", "lower"):
            hint = did_you_mean(str(direction), ("higher", "lower"))
            raise ConfigError(f"The direction of '{name}' is 'higher' or 'lower', not '{direction}'.{hint}")
        with self._lock:
            self._directions[name] = direction
            stream = self._streams.get(name)
            if stream is not None:
                self._say(StreamRecord(id=stream.id, name=name, direction=direction))

    def rewind(self, step: int) -> None:
        """Declare void what was logged so far for steps after `step`: they are about to be taken again."""
        step = to_step(step)
        with self._lock:
            self._say(RewindRecord(step=step, slots=self._lengths()))
            for phase in self._phases.values():
                phase.last = min(phase.last, step)

    def mark(self) -> Mark:
        """Where the log stands: what a checkpoint keeps, and `rewind_to` takes."""
        with self._lock:
            return Mark({name: phase.last for name, phase in self._phases.items()}, self._lengths())

    def rewind_to(self, mark: Mark) -> None:
        """Declare void what was logged since `mark`, whatever its step: it is about to be logged again."""
        with self._lock:
            steps = mark.steps
            step = max(steps.values(), default=0)
            self._say(RewindRecord(step=step, slots=self._lengths(), since=mark.slots))
            for name, phase in self._phases.items():
                phase.last = steps.get(name, 0)

    def _lengths(self) -> dict[str, int]:
        """By segment of the run: so many slots."""
        own = self._segment()
        slots = {own.path.name: own.position}
        with contextlib.suppress(OSError):
            for path in (self.folder / "log").glob("*.log"):
                if path != own.path:
                    slots[path.name] = slots_of(path)
        return slots

    # Facts

    def params(self, values: Mapping[str, Any]) -> None:
        """Add parameters."""
        self._say(ParamsRecord(values=values))

    def tag(self, **tags: str | None) -> None:
        """Set tags; None removes one."""
        given = {name: str(value) for name, value in tags.items() if value is not None}
        self._say(TagsRecord(set=given, removed=tuple(name for name, value in tags.items() if value is None)))

    def note(self, text: str) -> None:
        """Replace the notes."""
        self._say(NoteRecord(text=text))

    def summary(self, values: Mapping[str, Any]) -> None:
        """Add to what the run came to."""
        self._say(SummaryRecord(values=values))

    def data(self, *, version: str, name: str = "", samples: int | None = None) -> None:
        """Say what data the run works on."""
        self._say(DataRecord(version=version, name=name, samples=samples))

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self._say(WarningRecord(text=text))

    def state(self, state: Written, reason: str = "") -> None:
        """Say how the run stands. Once a process has said `running`, its death ends the run.

        Raises:
            ConfigError: not a state that can be said.
        """
        if state not in STATES:
            raise ConfigError(f"A run cannot be said to be '{state}'.{did_you_mean(state, STATES)}")
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

    def media(
        self, name: str, data: bytes, *, suffix: str, kind: str, step: int | None = None, caption: str = ""
    ) -> str:
        """Keep a file, such as a picture, under the hash of its bytes; the name of the file in `media/`.

        Raises:
            ConfigError: `suffix` is not a dot and letters or digits.
        """
        if not (suffix.startswith(".") and suffix[1:].isalnum() and suffix.isascii()):
            raise ConfigError(f"suffix='{suffix}' is not the ending of a file, such as '.png'.")
        file = blake3(data).hexdigest()[:32] + suffix
        path = self.folder / "media" / file
        try:
            if not path.parent.exists():
                path.parent.mkdir(exist_ok=True)
                sync_path(self.folder)
            if not path.exists():
                write_whole(path, data)
        except OSError as error:
            log.warning("'%s' of run '%s' cannot be kept: %s. The program goes on.", name, self.name, error.strerror)
            return file
        self._say(MediaRecord(name=name, kind=kind, file=file, step=step, caption=caption))
        return file

    def weights(self, file: str, hashes: Mapping[str, str], *, step: int | None = None) -> None:
        """Say which weights a file holds: by the name of each part their hash (see `weights`)."""
        self._say(WeightsRecord(file=file, hashes=hashes, step=step))

    def source(self, described: Mapping[str, Any]) -> None:
        """Replace what is known of the source, as when another program is recorded than this process's."""
        if self._describing is not None:
            self._describing.join()
        with contextlib.suppress(OSError):
            write_whole(self.folder / "source.json", json.dumps(plain(described), indent=1).encode())

    def artifact(self, record: ArtifactRecord) -> None:
        """Name a file or folder whose content is on disk already."""
        self._say(record)

    def sync(self) -> None:
        """Return when everything recorded so far outlives a power cut."""
        self._segment().sync()

    def close(self) -> None:
        """Sync and stop recording, within a second."""
        machine.leave(self)
        deadline = clock.monotonic() + SECONDS_TO_LEAVE
        if self._describing is not None:
            self._describing.join(SECONDS_TO_LEAVE / 2)
        with self._lock:
            writer, self._writer, self._streams = self._writer, None, {}
        if writer is not None:
            writer.close(max(0.0, deadline - clock.monotonic()))
            _open_writers.discard(writer)
        if self._alerts is not None:
            self._alerts.close(max(0.0, deadline - clock.monotonic()))

    def _log_next(self, values: Mapping[str, Any], when: int) -> None:
        with self._lock:
            steps: dict[_Phase, int] = {}
            for name, value in values.items():
                number = value if type(value) is float else to_number(name, value)
                stream = self._streams.get(name) or self._stream(name)
                phase = stream.phase
                step = steps.setdefault(phase, phase.last + 1)
                try:
                    stream.append(stream.id, step, when, number)
                except SegmentClosed:
                    self._append_anew(name, step, when, number)
                except struct.error:
                    raise ConfigError(f"The step after {phase.last} is beyond 64 bits. Give one: step=…") from None
                phase.last = step

    def _append_anew(self, name: str, step: int, when: int, value: float) -> None:
        while True:
            stream = self._stream(name)
            try:
                stream.append(stream.id, step, when, value)
            except SegmentClosed:
                self._forget(stream.append)
            else:
                return

    def _say(self, record: Record) -> None:
        with self._lock:
            self._latest = max(clock.time_ns(), self._latest + 1)
            text = to_text(replace(record, time=self._latest))
            while True:
                writer = self._segment()
                try:
                    writer.text(text)
                except SegmentClosed:
                    self._forget(writer.append)
                else:
                    return

    def _stream(self, name: str) -> "_Stream":
        with self._lock:
            while name not in self._streams:
                check_name(name)
                writer = self._segment()
                stream = _Stream(next(self._ids), self._phase(name), writer.append)
                record = StreamRecord(id=stream.id, name=name, direction=self._directions.get(name, ""))
                try:
                    writer.text(to_text(replace(record, time=clock.time_ns())))
                except SegmentClosed:
                    self._forget(writer.append)
                else:
                    self._streams[name] = stream
            return self._streams[name]

    def _phase(self, name: str) -> "_Phase":
        return self._phases.setdefault(name.partition("/")[0] if "/" in name else "", _Phase())

    def _segment(self) -> SegmentWriter:
        with self._lock:
            if self._writer is None:
                folder = self.folder / "log"
                with contextlib.suppress(OSError):
                    folder.mkdir(exist_ok=True)
                count = sum(1 for _ in folder.glob("*.log"))
                self._writer = SegmentWriter(folder / f"{count + 1}-{os.urandom(4).hex()}.log")
                _open_writers.add(self._writer)
            return self._writer

    def _forget(self, append: Callable[[int, int, int, float], None]) -> None:
        """Begin another segment, unless somebody has already."""
        with self._lock:
            if self._writer is not None and self._writer.append == append:
                _open_writers.discard(self._writer)
                self._writer = None
            self._streams = {name: each for name, each in self._streams.items() if each.append != append}

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

    def _after_fork(self) -> None:
        self._lock, self._alerts = threading.RLock(), None
        writer, self._writer, self._streams = self._writer, None, {}
        if writer is not None:
            writer.abandon()


class _Phase:
    """The last step of the metrics whose names begin alike."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = 0


class _Stream(NamedTuple):
    """A metric in the segment that `append` writes to."""

    id: int
    phase: _Phase
    append: Callable[[int, int, int, float], None]


_open_recorders: "weakref.WeakSet[RunRecorder]" = weakref.WeakSet()
_open_writers: set[SegmentWriter] = set()  # also those whose recorder nobody refers to any more


def _after_fork() -> None:
    _open_writers.clear()
    for recorder in list(_open_recorders):
        recorder._after_fork()


@atexit.register
def _close_all() -> None:
    for recorder in list(_open_recorders):
        recorder.close()
    deadline = clock.monotonic() + SECONDS_TO_LEAVE
    for writer in list(_open_writers):
        writer.close(max(0.0, deadline - clock.monotonic()))


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
