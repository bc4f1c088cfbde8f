"""The runs of a home as a table: filtered, sorted, a page at a time."""

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from glia.errors import ConfigError, did_you_mean
from glia.server.answers import MetricName, Problem, RunList, RunRow
from glia.server.run import seconds, values
from glia.tracking.index import Index
from glia.tracking.index import RunRow as Row
from glia.tracking.records import Direction, State

router = APIRouter(prefix="/runs", tags=["runs"], responses={422: {"model": Problem}})

COLUMNS: dict[str, Callable[[Row], Any]] = {
    "id": lambda row: row.id,
    "name": lambda row: row.name,
    "project": lambda row: row.project,
    "kind": lambda row: row.kind,
    "state": lambda row: row.state,
    "model": lambda row: f"{row.params.get('model.name', '')}/{row.params.get('model.size', '')}",
    "data": lambda row: row.params.get("data.name"),
    "created": lambda row: row.created.timestamp(),
    "seconds": lambda row: seconds(row.state, row.created, row.ended, row.updated),
}


class Listing:
    """The rows of all runs, read once for all who ask."""

    def __init__(self, home: Path) -> None:
        self._index = Index(home)
        self._lock = threading.Lock()
        self._rows: list[Row] = []
        self._read_at = self._cost = 0.0
        self._signature = 0
        self._stale = False  # the index has changed since its rows were read

    def rows(self, patience: float = 0) -> list[Row]:
        """All runs, newest first, as they are, or as they were `patience` times as long ago as reading them takes."""
        with self._lock:
            began = time.monotonic()
            if began - self._read_at >= patience * self._cost:
                self._stale |= self._index.refresh()
                if self._stale:
                    self._rows, self._stale = self._index.runs(), False
                    self._signature = hash(tuple((row.id, row.state, row.updated) for row in self._rows))
                first, self._read_at = not self._read_at, time.monotonic()
                self._cost = 0.0 if first else self._read_at - began  # the first may also have made the database
            return self._rows

    def signature(self) -> int:
        """Something that is another when a run is new, gone or changed.

        For those who ask again and again: however many runs there are, reading them takes a twentieth of the time.
        """
        self.rows(patience=20)
        return self._signature


def listing(request: Request) -> Listing:
    """The listing of the application that answers this request."""
    found: Listing = request.app.state.listing
    return found


TheListing = Annotated[Listing, Depends(listing)]


@router.get("")
def read_runs(
    listing: TheListing,
    text: Annotated[str, Query(description="Words that must all occur; `name=value` is a param.")] = "",
    project: str = "",
    state: State | None = None,
    sort: Annotated[str, Query(description="A column, metric or param; `-` before it for descending.")] = "-created",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> RunList:
    """Runs that match, sorted; runs without a value in the column come last."""
    everything = listing.rows()
    words = text.lower().split()
    found = [
        row
        for row in everything
        if (not project or row.project == project) and (not state or row.state == state) and matches(row, words)
    ]
    page = ordered(found, sort, everything)[offset : offset + limit]
    return RunList(
        runs=[_answer(row) for row in page],
        total=len(found),
        everything=len(everything),
        projects=sorted({row.project for row in everything}),
        metrics=_metrics(found),
        params=_params(found),
    )


def matches(row: Row, words: list[str]) -> bool:
    """Whether all words (in lower case) occur in the run's names, tags, notes or params.

    A word `name=value` is a tag or param with that value; the beginning of its name may be left out: `epochs=3`.
    """
    facts = {**row.tags, **row.params}
    hay = "\n".join(map(str, [row.id, row.name, row.project, row.kind, row.notes, *facts, *facts.values()])).lower()
    return all(_says(facts, word) if "=" in word else word in hay for word in words)


def _says(facts: dict[str, Any], word: str) -> bool:
    name, _, wanted = word.partition("=")
    return any(f".{key.lower()}".endswith(f".{name}") and _equal(value, wanted) for key, value in facts.items())


def _equal(value: Any, wanted: str) -> bool:
    if str(value).lower() == wanted:
        return True
    try:
        return float(value) == float(wanted)
    except (TypeError, ValueError):
        return False


def ordered(rows: list[Row], sort: str, known: Iterable[Row]) -> list[Row]:
    """Rows by a column, a metric or a param; what has no value there, or NaN, comes last either way.

    Raises:
        ConfigError: none of the `known` rows has such a column.
    """
    descending, column = sort.startswith("-"), sort.removeprefix("-")
    get = COLUMNS.get(column) or partial(_cell, column)
    if column not in COLUMNS and all(get(row) is None for row in known):
        names = [*COLUMNS, *(metric.name for metric in _metrics(known)), *_params(known)]
        raise ConfigError(f"sort='{sort}': no run has a column '{column}'.{did_you_mean(column, names)}")
    valued = [(value, row) for row in rows if (value := get(row)) is not None and value == value]
    there = {row.id for _, row in valued}
    valued.sort(key=lambda pair: _rank(pair[0]), reverse=descending)
    return [row for _, row in valued] + [row for row in rows if row.id not in there]


def _cell(column: str, row: Row) -> Any:
    return values(row.last, row.summary).get(column, row.params.get(column))


def _rank(value: Any) -> tuple[int, Any]:
    """Numbers before all else, which is compared as text, so that mixed columns can be sorted."""
    if isinstance(value, int | float):
        return 0, value
    return 1, str(value).lower()


def _answer(row: Row) -> RunRow:
    return RunRow(
        id=row.id,
        name=row.name,
        project=row.project,
        kind=row.kind,
        state=row.state,
        reason=row.reason,
        created=row.created,
        seconds=seconds(row.state, row.created, row.ended, row.updated),
        params=row.params,
        tags=row.tags,
        values=values(row.last, row.summary),
    )


def _metrics(rows: Iterable[Row]) -> list[MetricName]:
    directions: dict[str, Direction] = {}
    for row in rows:
        for name in row.last:
            directions[name] = directions.get(name) or row.directions.get(name, "")
    return [MetricName(name=name, direction=direction) for name, direction in directions.items()]


def _params(rows: Iterable[Row]) -> list[str]:
    first: dict[str, Any] = {}
    differ: dict[str, bool] = {}
    for row in rows:
        for name, value in row.params.items():
            differ[name] = differ.get(name, False) or first.setdefault(name, value) != value
    return sorted(differ, key=lambda name: not differ[name])
