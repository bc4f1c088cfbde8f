"""The texts of a run's log: small facts beside the numbers, each a frozen dataclass and a JSON object with a `type`.

A reader ignores types and fields it does not know, so that a newer Glia may write more. What changes later (tags,
notes, state) is written again; the newest wins.

JSON has no NaN and no infinity: in values they are written as the texts `NaN`, `Infinity` and `-Infinity`.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Direction = Literal["higher", "lower", ""]
"""Which values of a metric are better; empty: nobody said."""

Written = Literal["queued", "starting", "running", "done", "failed", "stopped"]
State = Literal["queued", "starting", "running", "done", "failed", "stopped", "crashed", "unreachable", "lost"]
"""Of runs and jobs alike. The last three are never written: they are what others find."""

PROPOSAL = "proposal"
"""What a trial says when it is begun whose settings somebody chose: which proposal it comes of; empty: none."""

STATES: tuple[str, ...] = get_args(Written)
ENDS = frozenset({"done", "failed", "stopped"})

_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


@dataclass(frozen=True, kw_only=True)
class Record:
    """Something that was said at a time; in a study's log with `trial` of that trial, else of the run itself."""

    time: int = 0  # nanoseconds since 1970
    trial: int | None = None  # its number
    attempt: int = 1  # of a trial that was begun again, only what belongs to the latest attempt counts


@dataclass(frozen=True, kw_only=True)
class TrialRecord(Record):
    """A trial is begun, and runs: its settings differ from the study's recipe, the rest is as there."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)  # what else whoever began it wants to know later


@dataclass(frozen=True, kw_only=True)
class ProposalRecord(Record):
    """Somebody who does not work on the study wants a trial with these settings; or (`withdrawn`) no more.

    The trial that comes of it says its `id` (`PROPOSAL`).
    """

    id: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    by: str = ""
    withdrawn: bool = False


@dataclass(frozen=True, kw_only=True)
class StreamRecord(Record):
    """The name of a number in this segment; written again when its direction becomes known."""

    id: int
    name: str
    direction: Direction = ""


@dataclass(frozen=True, kw_only=True)
class ParamsRecord(Record):
    """Parameters, added to those said before."""

    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TagsRecord(Record):
    """Tags set, and names of tags removed."""

    set: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NoteRecord(Record):
    """The notes, instead of those before."""

    text: str


@dataclass(frozen=True, kw_only=True)
class SummaryRecord(Record):
    """What the run came to, added to what was said before."""

    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class MediaRecord(Record):
    """A file in `media/`."""

    name: str
    kind: str  # image, picture, table, …
    file: str
    step: int | None = None
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class ArtifactRecord(Record):
    """A file or folder kept in `.glia/blobs`, instead of the one of that name before."""

    name: str
    blob: str  # of a file its content, of a folder the list of its files
    kind: str = "file"  # or folder
    files: int = 1
    bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class WeightsRecord(Record):
    """The weights that a file of the run holds, by hash (see `weights`); a file may have parts with one each."""

    file: str
    hashes: Mapping[str, str] = field(default_factory=dict)
    step: int | None = None


@dataclass(frozen=True, kw_only=True)
class StateRecord(Record):
    """How the run stands; the process that says `running` is the one whose death ends it."""

    state: Written
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class StopRecord(Record):
    """Somebody asks the run to end; or (`heard`) the run has taken notice and ends as soon as it can."""

    reason: str = ""
    heard: bool = False


@dataclass(frozen=True, kw_only=True)
class DeletedRecord(Record):
    """The run was put among the deleted ones, or (`restored`) brought back."""

    reason: str = ""
    restored: bool = False


@dataclass(frozen=True, kw_only=True)
class RewindRecord(Record):
    """What was logged for steps after `step` is void, as far as it was there: in each segment, so many slots.

    With `since`, that is void which was logged later than this: after so many slots of each segment, whatever its step.
    """

    step: int
    slots: Mapping[str, int] = field(default_factory=dict)
    since: Mapping[str, int] | None = None


@dataclass(frozen=True, kw_only=True)
class DataRecord(Record):
    """The data the run works on."""

    version: str
    name: str = ""
    samples: int | None = None


@dataclass(frozen=True, kw_only=True)
class WarningRecord(Record):
    """Something the user should know."""

    text: str


@dataclass(frozen=True, kw_only=True)
class ChecksumRecord(Record):
    """CRC-32 of blocks of slots of this segment, from slot `first` on."""

    first: int
    slots: int  # in each block
    sums: tuple[int, ...]


TYPES: dict[str, type[Record]] = {
    "trial": TrialRecord,
    "proposal": ProposalRecord,
    "stream": StreamRecord,
    "params": ParamsRecord,
    "tags": TagsRecord,
    "note": NoteRecord,
    "summary": SummaryRecord,
    "media": MediaRecord,
    "artifact": ArtifactRecord,
    "weights": WeightsRecord,
    "state": StateRecord,
    "stop": StopRecord,
    "deleted": DeletedRecord,
    "rewind": RewindRecord,
    "data": DataRecord,
    "warning": WarningRecord,
    "checksum": ChecksumRecord,
}
_NAMES = {cls: name for name, cls in TYPES.items()}
_FIELDS: dict[type[Any], tuple[str, ...]] = {
    cls: tuple(item.name for item in dataclasses.fields(cls)) for cls in _NAMES
}


def to_text(record: Record) -> bytes:
    """The record as JSON."""
    fields = {name: plain(getattr(record, name)) for name in _FIELDS[type(record)]}
    if fields["attempt"] == 1:
        del fields["attempt"]
        if fields["trial"] is None:
            del fields["trial"]
    return _encode({"type": _NAMES[type(record)], **fields}).encode()


def from_text(text: bytes) -> Record | None:
    """The inverse of `to_text`; None for what this Glia does not know."""
    try:
        given = loads(text)
        cls: type[Any] = TYPES[given.pop("type")]
        known = _FIELDS[cls]
        record: Record = cls(
            **{name: tuple(each) if type(each) is list else each for name, each in given.items() if name in known}
        )
        whole = type(record.attempt) is int and (record.trial is None or type(record.trial) is int)
        return record if whole and type(record.time) is int else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def loads(text: bytes) -> Any:
    """JSON as values. A half of a surrogate pair, which JSON can hold, is no character: nothing could print or send it.

    Programs get them from names of files and arguments that are not UTF-8.
    """
    values = json.loads(text)
    return _cleaned(values) if b"\\ud" in text else values


def clean(text: str) -> str:
    """The text without halves of surrogate pairs: `?` stands in their place."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def plain(value: Any) -> Any:
    """Any value as JSON can hold it: 0-d arrays become numbers, what is unknown its text."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _word(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if callable(getattr(value, "item", None)) and getattr(value, "ndim", None) == 0:
        return plain(value.item())
    if callable(getattr(value, "tolist", None)):
        return plain(value.tolist())
    return str(value)


def number(value: Any) -> Any:
    """The number that `plain` wrote as a word; anything else as it is."""
    return _NOT_FINITE.get(value, value) if isinstance(value, str) else value


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _cleaned(item) for name, item in value.items()}
    return [_cleaned(item) for item in value] if isinstance(value, list) else value


def _word(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
