"""What the index says of one run, and the facts that searches go by."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from glia.tracking.folder.home import id_of
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.records import Direction, clean, number, plain

OF_THE_SEARCH = ("search.", "vary.")
"""How the names of params begin that are a study's and not its trials'."""

FAMILIES = ("metrics", "summary", "params", "tags")
NAN = (None, "NaN")  # SQLite has no such number
NOTHING = (None, None)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A run as the index keeps it; times are seconds since 1970.

    Of a trial only those params are filed in which it differs from its study (`shared`): there may be thousands.
    """

    id: str
    name: str
    project: str
    kind: str
    parent: str | None
    said: str
    reason: str
    created: float
    ended: float | None
    updated: float
    data_version: str
    notes: str
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    summary: Mapping[str, Any]
    last: Mapping[str, float]  # value of each metric
    directions: Mapping[str, Direction]
    positions: Mapping[str, tuple[int, int]]  # by segment: slots read, salt
    witness: Mapping[str, Any]
    log_changed: int
    settled: bool
    shared: Mapping[str, Any] = field(default_factory=dict)  # params of its study that its trials have, too

    @cached_property
    def own_params(self) -> dict[str, Any]:
        """Those that are not shared; what is shared and this run has not is None."""
        found = {
            name: value
            for name, value in self.params.items()
            if name not in self.shared or not _same(self.shared[name], value)
        }
        return found | {name: None for name in self.shared if name not in self.params}

    @property
    def is_trial(self) -> bool:
        """Whether it is a study's, in whose log it lies."""
        return "/" in self.id

    def runs_row(self) -> dict[str, Any]:
        """The columns of `runs` that need no other table."""
        return {
            "id": self.id,
            "name": clean(self.name),
            "project": clean(self.project),
            "kind": clean(self.kind),
            "parent": self.parent,
            "model": self._model(),
            "data": _text(self.params.get("data.name")),
            "data_version": clean(self.data_version),
            "said": self.said,
            "created": self.created,
            "ended": self.ended,
            "updated": self.updated,
            "log_changed": self.log_changed,
            "settled": self.settled,
        }

    def details_row(self) -> dict[str, Any]:
        """The columns of `details`."""
        return {
            "reason": clean(self.reason),
            "notes": clean(self.notes),
            "params": plain(self.own_params),
            "tags": dict(self.tags),
            "summary": plain(self.summary),
            "words": self._words(),
            "positions": dict(self.positions),
            "witness": dict(self.witness),
        }

    def facts(self) -> dict[tuple[str, str], tuple[float | None, str | None]]:
        """By family and name: the number or the text. What is None is no fact."""
        found: dict[tuple[str, str], tuple[float | None, str | None]] = {
            ("metrics", clean(name)): (value, None) if value == value else NAN for name, value in self.last.items()
        }
        params = _flat(self.own_params)
        for family, values in (("summary", self.summary), ("params", params), ("tags", self.tags)):
            for name, value in values.items():
                if value is not None:
                    found[family, clean(name)] = _fact(value)
        if self.shared:  # of what it has not, it must not seem to have its study's
            hidden = _flat({name: self.shared[name] for name in self.own_params if name in self.shared})
            found |= {("params", clean(name)): NOTHING for name in hidden if params.get(name) is None}
        return found

    def _model(self) -> str | None:
        name, size = _text(self.params.get("model.name")), _text(self.params.get("model.size"))
        return f"{name}/{size}" if name and size else name

    def _words(self) -> str:
        said = {**self.tags, **self.params}
        parts = [self.id, self.name, self.project, self.kind, self.notes, *said, *said.values()]
        return clean("\n".join(map(str, parts)).lower())


def shared_params(study: RunReader) -> dict[str, Any]:
    """The params of a study that its trials have, too, where they do not differ."""
    return {name: value for name, value in study.params.items() if is_shared(name)}


def is_shared(param: str) -> bool:
    """Whether trials have a param of their study."""
    return not param.startswith(OF_THE_SEARCH)


def entry_of(reader: RunReader, *, log_changed: int, settled: bool, shared: Mapping[str, Any] | None = None) -> Entry:
    """What a run's folder says; of a trial, beside what its study says of all."""
    process, lock = reader.witness
    return Entry(
        id=id_of(reader.folder),
        name=reader.name,
        project=reader.project,
        kind=reader.kind,
        parent=reader.parent,
        said=reader.said,
        reason=reader.said_reason,
        created=reader.created.timestamp(),
        ended=reader.ended.timestamp() if reader.ended else None,
        updated=reader.updated.timestamp(),
        data_version=reader.data_version,
        notes=reader.notes,
        params=reader.params,
        tags=reader.tags,
        summary=reader.summary,
        last=reader.last(),
        directions={name: reader.direction(name) for name in reader.names()},
        positions=reader.positions,
        witness={**vars(process), "lock": lock.name},
        log_changed=log_changed,
        settled=settled,
        shared=shared or {},
    )


def _same(one: Any, other: Any) -> bool:
    """Equal, and not 1 for true, nor 1.0 for 1."""
    return type(one) is type(other) and bool(one == other)


def _fact(value: Any) -> tuple[float | None, str | None]:
    value = number(value)  # in the log, infinity is a word
    if isinstance(value, bool | int | float):
        try:
            as_number = float(value)
        except OverflowError:
            return None, str(value)
        return NAN if math.isnan(as_number) else (as_number, None)
    return None, clean(value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False))


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Params within params with dots between their names, as queries write them."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat.update(_flat(value, f"{before}{name}."))
        else:
            flat[f"{before}{name}"] = value
    return flat


def _text(value: Any) -> str | None:
    return None if value in (None, "") else clean(str(value))
