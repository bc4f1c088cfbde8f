"""What was said of a run, or of one trial of a study: numbers and facts, collected as its log is read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, get_args

from glia.tracking.log.curves import Curve, Rewound
from glia.tracking.log.liveness import Process, is_alive
from glia.tracking.log.records import (
    ENDS,
    STATES,
    ArtifactRecord,
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
    TrialRecord,
    WarningRecord,
    WeightsRecord,
    number,
)
from glia.tracking.log.segment_reader import News, SegmentReader
from glia.tracking.log.values import MACHINE

R = TypeVar("R", bound=Record)


class Account:
    """Numbers and facts; whoever reads a log tells it what it finds there, in any order of the segments.

    Args:
        attempt: of a trial that was begun again, the one that this is about.
        generation: see the attribute.

    Attributes:
        generation: grows when points that were read are declared void; positions then begin anew.
        touched: by segment how far it speaks of this: the slot after.
        begun: how it was begun, if this is a trial; until that is read, nothing is known of it.
    """

    def __init__(self, attempt: int = 1, generation: int = 0) -> None:
        self.attempt = attempt
        self.generation = generation
        self.touched: dict[str, int] = {}
        self.begun: TrialRecord | None = None
        self._curves: dict[str, Curve] = {}
        self._directions: dict[str, Direction] = {}
        self._records: dict[type[Record], list[tuple[Record, str, int]]] = {}  # by time; with segment and slot
        self._rewound: list[Rewound] = []
        self._stated: tuple[StateRecord, SegmentReader] | None = None  # last
        self._stated_by: dict[str, tuple[StateRecord, SegmentReader]] = {}  # by segment what it said last

    # Heard by who reads

    def hear(self, segment: SegmentReader, slot: int, end: int, record: Record) -> None:
        """A record that begins in a slot of a segment, and ends before another."""
        name = segment.path.name
        self.touched[name] = max(end, self.touched.get(name, 0))
        if isinstance(record, StreamRecord):
            self._curves.setdefault(record.name, Curve())
            if record.direction in get_args(Direction):
                self._directions[record.name] = record.direction
            return
        if isinstance(record, StateRecord) and record.state not in STATES:
            return  # of a newer Glia
        if isinstance(record, RewindRecord):
            self._rewind(Rewound(record.step, record.slots, record.since))
        elif isinstance(record, StateRecord):
            self._state(record, segment)
        elif isinstance(record, TrialRecord):
            self.begun = record
            self._state(StateRecord(time=record.time, state="running"), segment)
        said = self._records.setdefault(type(record), [])
        said.append((record, name, slot))
        if len(said) > 1 and said[-2][0].time > record.time:
            said.sort(key=lambda each: each[0].time)

    def take(self, metric: str, writer: str, news: News, where: Any) -> None:
        """Values of a metric: those of a stretch of a segment that `where` picks."""
        curve = self._curves.setdefault(metric, Curve())
        rewound = [] if metric.startswith(MACHINE) else self._rewound
        numbers = news.numbers[where]
        self.touched[writer] = max(int(numbers[-1]) + 1, self.touched.get(writer, 0))
        curve.add(writer, numbers, news.values[where], rewound)

    def adopt(self, other: "Account") -> None:
        """Say what `other` says now, whatever it hears afterwards."""
        self.attempt, self.generation = other.attempt, other.generation
        self.begun, self._stated = other.begun, other._stated
        self.touched = dict(other.touched)
        self._curves = {name: curve.copy() for name, curve in other._curves.items()}
        self._directions = dict(other._directions)
        self._records = {kind: list(said) for kind, said in other._records.items()}
        self._rewound = list(other._rewound)

    def _state(self, record: StateRecord, segment: SegmentReader) -> None:
        self._stated_by[segment.path.name] = (record, segment)
        if self._stated is None or record.time >= self._stated[0].time:
            self._stated = (record, segment)

    def _rewind(self, rewound: Rewound) -> None:
        self._rewound.append(rewound)
        hidden = [curve.hide(rewound) for name, curve in self._curves.items() if not name.startswith(MACHINE)]
        self.generation += any(hidden)

    # Numbers

    def names(self) -> list[str]:
        """The metrics, in the order in which they first came; not those of `machine_names`."""
        return [name for name in self._names() if not name.startswith(MACHINE)]

    def machine_names(self) -> list[str]:
        """The metrics that tell what the machine did meanwhile (see `machine`): not among `names` and `last`."""
        return [name for name in self._names() if name.startswith(MACHINE)]

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
        """What the user should know."""
        return [record.text for record in self._all(WarningRecord)]

    # State

    @property
    def said(self) -> str:
        """The state last written; `starting` before any was."""
        return self._stated[0].state if self._stated else "starting"

    @property
    def said_reason(self) -> str:
        """The reason written with the last state."""
        return self._stated[0].reason if self._stated else ""

    @property
    def speaker(self) -> tuple[Process, Path] | None:
        """The process that last said a state, and its lock; None while nobody has."""
        if self._stated is None or self._stated[1].header is None:
            return None
        return self._stated[1].header.process, self._stated[1].lock

    @property
    def wish(self) -> StopRecord | None:
        """That it stop, asked by somebody since it last began; `heard` once the run has taken notice."""
        wishes = self._all(StopRecord)
        begun = self._stated[0].time if self._stated else 0
        return wishes[-1] if wishes and wishes[-1].time > begun and self.said not in ENDS else None

    @property
    def ended(self) -> datetime | None:
        """When it said that it ended; None if it did not."""
        return moment(self._stated[0].time) if self._stated and self.said in ENDS else None

    @property
    def latest(self) -> int:
        """The time of the last record, in nanoseconds since 1970; 0 if there is none."""
        return max((records[-1][0].time for records in self._records.values()), default=0)

    @property
    def newest(self) -> int:
        """The time of the last record or value, in nanoseconds since 1970; 0 if there is none."""
        return max(self.latest, max((curve.newest() for curve in self._curves.values()), default=0))

    def _names(self) -> list[str]:
        return [name for name, curve in self._curves.items() if len(curve)]

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


def moment(nanoseconds: int) -> datetime:
    """Nanoseconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
