"""A run read from its folder, whoever writes it and whether or not it has ended."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np

from glia.errors import DataError, NotFoundError, did_you_mean
from glia.tracking.capture.console import Line, read_console
from glia.tracking.folder.folders import FORMAT
from glia.tracking.log.columns import NAME as COLUMNS
from glia.tracking.log.columns import Columns, DamagedError
from glia.tracking.log.curves import Curve, OutdatedError, Rewound, Series
from glia.tracking.log.liveness import Process, is_alive, is_held
from glia.tracking.log.records import (
    ENDS,
    STATES,
    ArtifactRecord,
    ChecksumRecord,
    DataRecord,
    Direction,
    MediaRecord,
    NoteRecord,
    ParamsRecord,
    Record,
    RewindRecord,
    State,
    StateRecord,
    StopRecord,
    StreamRecord,
    SummaryRecord,
    TagsRecord,
    WarningRecord,
    WeightsRecord,
    from_text,
    loads,
    number,
)
from glia.tracking.log.segment_reader import News, SegmentReader
from glia.tracking.log.values import MACHINE

R = TypeVar("R", bound=Record)


class RunReader:
    """All that a run's folder says. `refresh` brings it up to date; until then nothing changes.

    A reader serves one thread at a time.

    Args:
        folder: `runs/<id>`.

    Raises:
        NotFoundError: there is no run in that folder.
        DataError: its run.json is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        facts = read_facts(folder)
        try:
            self.id = str(facts["id"])
            self.name = str(facts["name"])
            self.project = str(facts["project"])
            self.kind = str(facts["kind"])
            self.parent: str | None = facts["parent"]
            self.created = datetime.fromisoformat(facts["created"])
            self.process = Process.read(facts["process"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"'{folder / 'run.json'}' is damaged: {error!r} is missing or wrong.") from None
        self.generation = 0  # grows when points that were read are declared void; positions then begin anew
        self._segments: dict[str, SegmentReader] = {}
        self._streams: dict[str, dict[int, str]] = {}  # by segment: the names of its numbers
        self._curves: dict[str, Curve] = {}
        self._directions: dict[str, Direction] = {}
        self._records: dict[type[Record], list[tuple[Record, str, int]]] = {}  # by time; with segment and slot
        self._rewound: list[Rewound] = []
        self._stated: tuple[StateRecord, SegmentReader] | None = None
        self._problems: dict[str, str] = {}
        self._columns: Columns | None = None  # what was read before by somebody else, see `compaction`
        self._open_columns()
        self.refresh()

    def refresh(self) -> bool:
        """Read what is new in the folder; whether there was anything. Cheap when there is not."""
        try:
            return self._read_on()
        except OutdatedError:
            self._read_without_columns()
            return True

    def _read_on(self) -> bool:
        self._find_segments()
        changed = False
        for name, segment in self._segments.items():
            try:
                for news in segment.refresh():
                    if self._columns and name in self._columns.segments:  # which had ended
                        raise OutdatedError
                    changed = True
                    self._take(name, segment, news)
            except DataError as error:
                changed = changed or name not in self._problems
                self._problems[name] = str(error)
        return changed

    # Numbers

    def names(self) -> list[str]:
        """The metrics, in the order in which they first came; not those of `machine_names`."""
        return [name for name in self._names() if not name.startswith(MACHINE)]

    def machine_names(self) -> list[str]:
        """The metrics that tell what the machine did meanwhile (see `machine`): not among `names` and `last`."""
        return [name for name in self._names() if name.startswith(MACHINE)]

    def metrics(self, name: str, since: int = 0) -> Series:
        """The points of a metric by step and time.

        Args:
            name: such as `validation/accuracy`.
            since: leave out the first so many that were read (see `count`), to get only what is new. When
                `generation` has grown, begin again at 0.

        Raises:
            NotFoundError: no such metric.
        """
        return self._of_curve(name, lambda curve: curve.series(since))

    def drawn(self, name: str, points: int = 2000, *, first: int | None = None, last: int | None = None) -> Series:
        """Points of a metric that draw the line of all: the extremes of each stretch survive, and gaps do.

        Args:
            name: such as `validation/accuracy`.
            points: at most so many (never fewer than 10): two for each pixel of a plot are enough.
            first: the first step; None: from the beginning.
            last: the last step; None: to the end.

        Raises:
            NotFoundError: no such metric.
        """
        return self._of_curve(name, lambda curve: curve.drawn(points, first, last))

    def count(self, name: str) -> int:
        """How many points of a metric were read: what to give as `since` next time."""
        return len(self._curves[name]) if name in self._curves else 0

    def last(self) -> dict[str, float]:
        """The last value of each metric: that of its greatest step."""
        points = {name: curve.last() for name, curve in self._curves.items()}
        return {name: point[2] for name, point in points.items() if point is not None and not name.startswith(MACHINE)}

    def last_step(self, name: str) -> int:
        """The greatest step of a metric; 0 without points."""
        point = self._curves[name].last() if name in self._curves else None
        return point[0] if point else 0

    def direction(self, name: str) -> Direction:
        """Whether `higher` or `lower` is better; empty if nobody said."""
        return self._directions.get(name, "")

    # Facts

    @property
    def params(self) -> dict[str, Any]:
        """Parameters by name."""
        return {name: value for record in self._all(ParamsRecord) for name, value in record.values.items()}

    @property
    def tags(self) -> dict[str, str]:
        """Tags that are set."""
        tags: dict[str, str] = {}
        for record in self._all(TagsRecord):
            tags.update(record.set)
            for name in record.removed:
                tags.pop(name, None)
        return tags

    @property
    def notes(self) -> str:
        """The notes as they were last written."""
        records = self._all(NoteRecord)
        return records[-1].text if records else ""

    @property
    def summary(self) -> dict[str, Any]:
        """What the run came to."""
        return {name: number(value) for record in self._all(SummaryRecord) for name, value in record.values.items()}

    @property
    def media(self) -> list[MediaRecord]:
        """Files in `media/`, in the order in which they came."""
        return [
            record
            for record, writer, slot in self._records.get(MediaRecord, [])
            if isinstance(record, MediaRecord)
            and not any(each.hides(writer, slot, record.step) for each in self._rewound)
        ]

    @property
    def artifacts(self) -> list[ArtifactRecord]:
        """Files and folders in `.glia/blobs`: the newest of each name, in the order in which the names first came."""
        return list({record.name: record for record in self._all(ArtifactRecord)}.values())

    @property
    def weights(self) -> list[WeightsRecord]:
        """The weights that files of the run hold or held, in the order in which they were written."""
        return self._all(WeightsRecord)

    @property
    def data(self) -> DataRecord | None:
        """The data the run works on, if it was said."""
        records = self._all(DataRecord)
        return records[-1] if records else None

    @property
    def data_version(self) -> str:
        """The content hash of that data; empty if it was not said."""
        return self.data.version if self.data else ""

    @property
    def warnings(self) -> list[str]:
        """What the user should know, and what of the folder could not be read."""
        return [*(record.text for record in self._all(WarningRecord)), *self._problems.values()]

    # State

    @property
    def state(self) -> State:
        """How it stands now. Whether an unfinished run still lives is asked each time."""
        return derive(self.said, *self.witness)

    @property
    def said(self) -> str:
        """The state last written; `starting` before any was."""
        return self._stated[0].state if self._stated else "starting"

    @property
    def witness(self) -> tuple[Process, Path]:
        """The process whose life decides about an unfinished run, and its lock."""
        if self._stated and self._stated[1].header:
            return self._stated[1].header.process, self._stated[1].lock
        return self.process, self.folder / "log" / "none.lock"

    @property
    def reason(self) -> str:
        """Why it is in that state."""
        return explain(self.state, self.said_reason, self.witness[0])

    @property
    def said_reason(self) -> str:
        """The reason written with the last state."""
        return self._stated[0].reason if self._stated else ""

    @property
    def wish(self) -> StopRecord | None:
        """That it stop, asked by somebody since it last began; `heard` once the run has taken notice."""
        wishes = self._all(StopRecord)
        begun = self._stated[0].time if self._stated else 0
        return wishes[-1] if wishes and wishes[-1].time > begun and self.said not in ENDS else None

    @property
    def ended(self) -> datetime | None:
        """When it said that it ended; None if it did not."""
        return _moment(self._stated[0].time) if self._stated and self.said in ENDS else None

    @property
    def latest(self) -> int:
        """The time of the last record, in nanoseconds since 1970; 0 if there is none."""
        return max((records[-1][0].time for records in self._records.values()), default=0)

    @property
    def updated(self) -> datetime:
        """When something was last recorded."""
        newest = max((curve.newest() for curve in self._curves.values()), default=0)
        return max(self.created, _moment(max(newest, self.latest)))

    @property
    def positions(self) -> dict[str, tuple[int, int]]:
        """By segment file: slots read, and the salt; with these `has_slot` tells whether there is more."""
        return {name: (each.slots, each.header.salt) for name, each in self._segments.items() if each.header}

    @property
    def held(self) -> int:
        """How many slots of the log were read into memory: those that are in columns are not."""
        stored = self._columns.segments if self._columns else {}
        return sum(each.slots - stored.get(name, (0, 0))[0] for name, each in self._segments.items())

    def at_rest(self) -> bool:
        """Whether no process writes to this run any more, as far as can be known; another may begin to."""
        begun = [each for each in self._segments.values() if each.header is None]
        writers = [(each.header.process, each.lock) for each in self._segments.values() if each.header]
        return not any(is_held(each.lock) for each in begun) and all(
            is_alive(process, lock) is False for process, lock in writers or [self.witness]
        )

    # Files

    @property
    def recipe_toml(self) -> str:
        """The complete recipe; empty for a loop of one's own."""
        try:
            return (self.folder / "recipe.toml").read_text(encoding="utf-8")
        except OSError:
            return ""

    @property
    def environment(self) -> dict[str, Any]:
        """Python, packages, machine; empty if they were not recorded."""
        return _read_json(self.folder / "environment.json")

    @property
    def source(self) -> dict[str, Any]:
        """Commit, changes, command; empty if they were not recorded."""
        return _read_json(self.folder / "source.json")

    def console(self, last: int | None = None) -> list[Line]:
        """What was printed: all of it, or the last lines."""
        return read_console(self.folder / "console", last)

    def _names(self) -> list[str]:
        return [name for name, curve in self._curves.items() if len(curve)]

    def _of_curve(self, name: str, read: Callable[[Curve], Series]) -> Series:
        if name not in self._curves:
            raise NotFoundError(f"Run '{self.name}' has no metric '{name}'.{did_you_mean(name, self._names())}")
        try:
            return read(self._curves[name])
        except DamagedError as error:
            self._problems[COLUMNS] = str(error)
            self._read_without_columns()
            return read(self._curves[name])

    def _open_columns(self) -> None:
        """Begin with what is in columns, if they were made of the beginning of this log."""
        try:
            columns = Columns(self.folder / COLUMNS)
        except DamagedError as error:
            self._problems[COLUMNS] = str(error)
            return
        except OSError:
            return
        log = self.folder / "log"
        ended = {name: SegmentReader.after(log / name, *end) for name, end in columns.segments.items()}
        found = {name: segment for name, segment in ended.items() if segment is not None}
        if len(found) < len(ended):
            return
        self._segments = found
        self._streams = {name: {} for name in found}
        for name, slot, text in columns.texts:
            record = from_text(text.encode())
            if record is not None:
                self._hear(found[name], slot, record)
        self._curves = {name: Curve(stored if stored.count else None) for name, stored in columns.metrics().items()}
        self._directions = columns.directions
        self.generation = columns.generation
        self._columns = columns

    def _read_without_columns(self) -> None:
        self.generation += 1
        self._columns, self._stated = None, None
        for each in (self._segments, self._streams, self._curves, self._directions, self._records, self._rewound):
            each.clear()
        self._read_on()

    def _find_segments(self) -> None:
        try:
            found = sorted((self.folder / "log").glob("*.log"))
        except OSError:
            return
        for path in found:
            if path.name not in self._segments:
                self._segments[path.name] = SegmentReader(path)
                self._streams[path.name] = {}

    def _take(self, name: str, segment: SegmentReader, news: News) -> None:
        for slot, record in news.records:
            self._hear(segment, slot, record)
        if not len(news.values):
            return
        streams = news.values["stream"]
        order = np.argsort(streams, kind="stable")
        borders = np.flatnonzero(np.diff(streams[order])) + 1
        for where in np.split(order, borders):
            stream = int(streams[where[0]])
            metric = self._streams[name].get(stream, f"unnamed/{stream}")
            curve = self._curves.setdefault(metric, Curve())
            rewound = [] if metric.startswith(MACHINE) else self._rewound
            curve.add(name, news.numbers[where], news.values[where], rewound)

    def _hear(self, segment: SegmentReader, slot: int, record: Record) -> None:
        name = segment.path.name
        if isinstance(record, ChecksumRecord):
            return
        if isinstance(record, StreamRecord):
            self._streams[name][record.id] = record.name
            self._curves.setdefault(record.name, Curve())
            if record.direction in get_args(Direction):
                self._directions[record.name] = record.direction
            return
        if isinstance(record, StateRecord) and record.state not in STATES:
            return  # of a newer Glia
        if isinstance(record, RewindRecord):
            self._rewind(Rewound(record.step, record.slots, record.since))
        elif isinstance(record, StateRecord) and (self._stated is None or record.time >= self._stated[0].time):
            self._stated = (record, segment)
        said = self._records.setdefault(type(record), [])
        said.append((record, name, slot))
        if len(said) > 1 and said[-2][0].time > record.time:
            said.sort(key=lambda each: each[0].time)

    def _rewind(self, rewound: Rewound) -> None:
        self._rewound.append(rewound)
        hidden = [curve.hide(rewound) for name, curve in self._curves.items() if not name.startswith(MACHINE)]
        self.generation += any(hidden)

    def _all(self, kind: type[R]) -> list[R]:
        return [record for record, _, _ in self._records.get(kind, []) if isinstance(record, kind)]


def derive(said: str, process: Process, lock: Path) -> State:
    """The state of a run that last said `said`, given who said it. Asks whether that process lives."""
    if said in ENDS or said == "queued":
        return said  # type: ignore[return-value]
    alive = is_alive(process, lock)
    if alive is None:
        return "unreachable"
    return said if alive else "crashed"  # type: ignore[return-value]


def explain(state: State, said: str, process: Process) -> str:
    """Why a run is in a state: what was said, or what its process has come to."""
    if state == "crashed":
        return f"process {process.pid} on {process.host} ended without a word"
    if state == "unreachable":
        return f"whether process {process.pid} on {process.host} still runs cannot be known from here"
    return said


def read_facts(folder: Path) -> dict[str, Any]:
    """What a run's `run.json` says.

    Raises:
        NotFoundError: there is none in that folder.
        DataError: it is damaged, or in a format that only a newer Glia reads.
    """
    try:
        facts = loads((folder / "run.json").read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"There is no run in '{folder}': it has no run.json.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"'{folder / 'run.json'}' cannot be read: {error}.") from None
    if not isinstance(facts, dict):
        raise DataError(f"'{folder / 'run.json'}' is damaged: it holds no object.")
    if facts.get("format", FORMAT) != FORMAT:
        raise DataError(
            f"'{folder}' is a run in format {facts['format']}, and this Glia reads format {FORMAT}. "
            "Upgrade Glia: pip install --upgrade glia"
        )
    return facts


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _moment(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
