"""What is new, as server-sent events, for as long as somebody listens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from threading import Event
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse

from glia.errors import NotFoundError
from glia.server.answers import Addition, PointsAdded, Problem, Run, RunChanged, RunEvent, RunsChanged, SeriesReset
from glia.server.listing import Listing, TheListing
from glia.server.readers import Open, Readers
from glia.server.run import run_of
from glia.tracking.folder.reader import RunReader

router = APIRouter(tags=["events"])
SECONDS_BETWEEN_READS = 0.5
T = TypeVar("T")


def stopping(request: Request) -> Event:
    """Set when the server is about to stop, so that endless answers end."""
    found: Event = request.app.state.stopping
    return found


def known_run(run: str, readers: Open) -> str:
    """The id of the run asked for, before an answer begins that could not say 404 any more."""
    with readers.open(run) as reader:
        return reader.id


Stopping = Annotated[Event, Depends(stopping)]


@router.get("/runs/{run}/events", response_class=EventSourceResponse, responses={404: {"model": Problem}})
async def run_events(
    readers: Open, stopping: Stopping, run: Annotated[str, Depends(known_run)]
) -> AsyncIterator[RunEvent]:
    """The run as it is, then its new points, and the run again whenever anything else about it changes."""
    async for event in _repeat(RunWatch(readers, run).news, stopping):
        yield event


@router.get("/events", response_class=EventSourceResponse)
async def runs_events(listing: TheListing, stopping: Stopping) -> AsyncIterator[RunsChanged]:
    """A word at first, then whenever the list of runs has changed."""
    async for event in _repeat(RunsWatch(listing).news, stopping):
        yield event


async def _repeat(news: Callable[[], Sequence[T]], stopping: Event) -> AsyncIterator[T]:
    while not stopping.is_set():
        try:
            for event in await run_in_threadpool(news):
                yield event
        except NotFoundError:  # deleted meanwhile
            return
        await asyncio.sleep(SECONDS_BETWEEN_READS)


class RunWatch:
    """What one listener has been told of a run."""

    def __init__(self, readers: Readers, run: str) -> None:
        self._readers, self._run = readers, run
        self._told: Run | None = None
        self._counts: dict[str, int] = {}
        self._generation = 0

    def news(self) -> list[RunEvent]:
        """What this listener does not know yet."""
        with self._readers.open(self._run) as reader:
            now = run_of(reader)
            events = [] if self._told is None else self._points(reader)
            self._counts = {metric.name: metric.points for metric in now.metrics}
            self._generation = reader.generation
        if self._told is None or _facts(now) != _facts(self._told):
            events.append(RunChanged(run=now))
            self._told = now
        return events

    def _points(self, reader: RunReader) -> list[RunEvent]:
        if reader.generation != self._generation:
            return [SeriesReset()]
        series = [
            _addition(reader, name, self._counts.get(name, 0))
            for name in reader.names()
            if reader.count(name) > self._counts.get(name, 0)
        ]
        return [PointsAdded(series=series)] if series else []


class RunsWatch:
    """What one listener has been told of the list of runs."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._told: object = None

    def news(self) -> list[RunsChanged]:
        """One event if the list is not what it was."""
        now = self._listing.signature()
        if now == self._told:
            return []
        self._told = now
        return [RunsChanged()]


def _facts(run: Run) -> dict[str, object]:
    """What of a run is worth telling again: not what follows from new points or from the passing of time."""
    return run.model_dump(exclude={"metrics", "values", "seconds", "updated"})


def _addition(reader: RunReader, name: str, start: int) -> Addition:
    series = reader.metrics(name, since=start)
    return Addition(
        name=name,
        direction=reader.direction(name),
        start=start,
        steps=series.step.tolist(),
        times=series.time.tolist(),
        values=series.value.tolist(),
    )
