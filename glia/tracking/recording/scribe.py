"""Writes down what happens in a run, or in one trial of a study: numbers and facts into the log, files beside it.

Recording never ends or delays the program that records: what cannot be written waits or is told, see `writer`.
"""

import struct
import time as clock
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from blake3 import blake3

from glia.errors import ConfigError, did_you_mean
from glia.store.disks import sync_path
from glia.tracking.folder.folders import write_whole
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.marks import Mark
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
    StreamRecord,
    SummaryRecord,
    TagsRecord,
    WarningRecord,
    WeightsRecord,
    Written,
)
from glia.tracking.log.values import check_name, to_nanoseconds, to_number, to_step
from glia.tracking.log.writer import SegmentClosed, log
from glia.tracking.recording.journal import Append, Journal


class Scribe(ABC):
    """Records a run, or one of its trials, from one process. Safe for threads and forks, as its journal is.

    Args:
        journal: what is written into.
        folder: where files go; made when the first comes.
        run_id: of the run or trial.
        name: its readable name.
        about: whose every record is: that of a trial has `trial` and `attempt`.
    """

    def __init__(self, journal: Journal, folder: Path, run_id: str, name: str, about: Mapping[str, int]) -> None:
        self.folder = folder
        self.id = run_id
        self.name = name
        self.stop_heard = ""  # what `stop_asked` last answered
        self._journal = journal
        self._about = dict(about)
        self._streams: dict[str, _Stream] = {}
        self._phases: dict[str, _Phase] = {}
        self._directions: dict[str, Direction] = {}
        journal.writing.add(self)

    @abstractmethod
    def state(self, state: Written, reason: str = "") -> None:
        """Say how it stands."""

    @property
    @abstractmethod
    def stop_asked(self) -> str:
        """Who asked from outside that this stop, and why; empty as long as nobody did."""

    @abstractmethod
    def close(self) -> None:
        """Stop recording, within a second."""

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
        with self._journal.lock:
            self._directions[name] = direction
            stream = self._streams.get(name)
            if stream is not None:
                self._say(StreamRecord(id=stream.id, name=name, direction=direction))

    def rewind(self, step: int) -> None:
        """Declare void what was logged so far for steps after `step`: they are about to be taken again."""
        step = to_step(step)
        with self._journal.lock:
            self._say(RewindRecord(step=step, slots=self._journal.lengths()))
            for phase in self._phases.values():
                phase.last = min(phase.last, step)

    def mark(self) -> Mark:
        """Where the log stands: what a checkpoint keeps, and `rewind_to` takes."""
        with self._journal.lock:
            return Mark({name: phase.last for name, phase in self._phases.items()}, self._journal.lengths())

    def rewind_to(self, mark: Mark) -> None:
        """Declare void what was logged since `mark`, whatever its step: it is about to be logged again."""
        with self._journal.lock:
            steps = mark.steps
            step = max(steps.values(), default=0)
            self._say(RewindRecord(step=step, slots=self._journal.lengths(), since=mark.slots))
            for name, phase in self._phases.items():
                phase.last = steps.get(name, 0)

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
        """Add to what it came to."""
        self._say(SummaryRecord(values=values))

    def data(self, *, version: str, name: str = "", samples: int | None = None) -> None:
        """Say what data it works on."""
        self._say(DataRecord(version=version, name=name, samples=samples))

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self._say(WarningRecord(text=text))

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
            _make(path.parent, self._journal.folder)
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

    def artifact(self, record: ArtifactRecord) -> None:
        """Name a file or folder whose content is on disk already."""
        self._say(record)

    def sync(self) -> None:
        """Return when everything recorded so far outlives a power cut."""
        self._journal.segment().sync()

    def after_fork(self) -> None:
        """This is a child of the process that recorded so far: what it logs goes into a segment of its own."""
        self._streams = {}

    def _continue(self, before: RunReader) -> None:
        """Go on with the steps and directions of what is recorded already."""
        for metric in before.names():
            phase = self._phase(metric)
            phase.last = max(phase.last, before.last_step(metric))
            self._directions[metric] = before.direction(metric)

    def _say(self, record: Record) -> None:
        self._journal.say(record, self._about)

    def _log_next(self, values: Mapping[str, Any], when: int) -> None:
        with self._journal.lock:
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
                with self._journal.lock:
                    self._journal.forget(stream.append)
                    self._streams = {name: each for name, each in self._streams.items() if each.append != stream.append}
            else:
                return

    def _stream(self, name: str) -> "_Stream":
        with self._journal.lock:
            if name not in self._streams:
                check_name(name)
                record = StreamRecord(id=0, name=name, direction=self._directions.get(name, ""), **self._about)
                self._streams[name] = _Stream(*self._journal.begin_stream(record), self._phase(name))
            return self._streams[name]

    def _phase(self, name: str) -> "_Phase":
        return self._phases.setdefault(name.partition("/")[0] if "/" in name else "", _Phase())


class _Phase:
    """The last step of the metrics whose names begin alike."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = 0


class _Stream(NamedTuple):
    """A metric in the segment that `append` writes to."""

    id: int
    append: Append
    phase: _Phase


def check_state(state: str) -> None:
    """Refuse what cannot be said.

    Raises:
        ConfigError: not a state, or one that only others find.
    """
    if state not in STATES:
        raise ConfigError(f"A run cannot be said to be '{state}'.{did_you_mean(state, STATES)}")


def _make(folder: Path, run: Path) -> None:
    """Make a folder of a run, and those between the two, so that they outlive a power cut."""
    if folder != run and not folder.exists():
        _make(folder.parent, run)
        folder.mkdir(exist_ok=True)
        sync_path(folder.parent)
