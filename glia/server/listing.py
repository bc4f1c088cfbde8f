"""The runs of a home as a table: filtered, sorted, a page at a time."""

import threading
import time
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from glia.server.answers import MetricName, Problem, RunList, RunRow
from glia.server.run import seconds, values
from glia.tracking.index.index import Index
from glia.tracking.index.rows import Page
from glia.tracking.index.rows import RunRow as Row
from glia.tracking.index.searching import NEWEST_FIRST, Search
from glia.tracking.log.records import State

router = APIRouter(prefix="/runs", tags=["runs"], responses={422: {"model": Problem}})
PATIENCE = 20  # times as long as looking for changes took, until it is done again for those who ask all the time


class Listing:
    """The index of all runs, for all who ask."""

    def __init__(self, home: Path) -> None:
        self._index = Index(home)
        self._lock = threading.Lock()
        self._looked_at = self._cost = 0.0
        self._signature: object = None

    def page(self, search: Search, *, limit: int, offset: int, metrics: list[str] | None) -> Page:
        """Some of the runs that match, as they are now."""
        self._index.refresh()
        return self._index.page(search, limit=limit, offset=offset, values=metrics)

    def signature(self) -> object:
        """Something that is another when a run is new, gone or changed.

        For those who ask again and again: however many runs there are, looking takes a twentieth of the time.
        """
        with self._lock:
            began = time.monotonic()
            if began - self._looked_at >= PATIENCE * self._cost:
                self._index.refresh()
                self._signature = self._index.signature()
                first, self._looked_at = not self._looked_at, time.monotonic()
                self._cost = 0.0 if first else self._looked_at - began  # the first may also have made the database
            return self._signature


def listing(request: Request) -> Listing:
    """The listing of the application that answers this request."""
    found: Listing = request.app.state.listing
    return found


TheListing = Annotated[Listing, Depends(listing)]


def searched(
    text: Annotated[str, Query(description="Words that must all occur; `name=value` is a param.")] = "",
    where: Annotated[str, Query(description="A condition, such as `params.lr < 0.01 and state = 'done'`.")] = "",
    project: str = "",
    state: State | None = None,
    sort: Annotated[str, Query(description="A column, metric or param; `-` before it for descending.")] = NEWEST_FIRST,
) -> Search:
    """What a request looks for."""
    return Search(where=where, words=text, project=project or None, state=state, sort=sort)


@router.get("")
def read_runs(
    listing: TheListing,
    search: Annotated[Search, Depends(searched)],
    metric: Annotated[list[str] | None, Query(description="Whose values are wanted; else of 100 at most.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> RunList:
    """Runs that match, sorted; runs without a value in the column come last."""
    page = listing.page(search, limit=limit, offset=offset, metrics=metric)
    return RunList(
        runs=[_answer(row, metric) for row in page.rows],
        total=page.total,
        everything=page.everything,
        projects=page.projects,
        metrics=[MetricName(name=name, direction=direction) for name, direction in page.metrics.items()],
        params=page.params,
    )


def _answer(row: Row, metrics: list[str] | None) -> RunRow:
    numbers = values(row.last, row.summary)
    return RunRow(
        id=row.id,
        name=row.name,
        project=row.project,
        kind=row.kind,
        parent=row.parent,
        state=row.state,
        reason=row.reason,
        created=row.created,
        seconds=seconds(row.state, row.created, row.ended, row.updated),
        params=row.params,
        tags=row.tags,
        values=numbers if metrics is None else {name: numbers[name] for name in metrics if name in numbers},
    )
