"""One run: everything about it but its points and texts."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter

from glia.server.answers import BiasAndVariance, Data, Medium, Metric, Problem, Proposal, Run, RunRow
from glia.server.readers import Open
from glia.tracking.folder.account import moment
from glia.tracking.folder.judging import bias_and_variance
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.records import State

router = APIRouter(prefix="/runs", tags=["runs"], responses={404: {"model": Problem}})
LIVE: tuple[State, ...] = ("queued", "starting", "running", "unreachable")


@router.get("/{run}")
def read_run(run: str, readers: Open) -> Run:
    """One run by id, unique beginning of an id, or name."""
    with readers.open(run) as reader:
        return run_of(reader)


def run_of(reader: RunReader) -> Run:
    """Everything about a run but its points and texts."""
    last, data, named = reader.last(), reader.data, bias_and_variance(reader)
    return Run(
        **dict(row_of(reader)),
        ended=reader.ended,
        updated=reader.updated,
        notes=reader.notes,
        summary=reader.summary,
        bias_and_variance=BiasAndVariance(**asdict(named)) if named else None,
        data=Data(name=data.name, version=data.version, samples=data.samples) if data else None,
        metrics=[
            Metric(name=name, direction=reader.direction(name), last=last[name], points=reader.count(name))
            for name in reader.names()
        ],
        media=[
            Medium(name=each.name, kind=each.kind, file=each.file, caption=each.caption, step=each.step)
            for each in reader.media
        ],
        artifacts=len(reader.artifacts),
        warnings=reader.warnings,
        stopping=(reader.wish.reason or "asked from outside") if reader.wish else "",
        proposals=[
            Proposal(id=each.id, settings=dict(each.settings), by=each.by, proposed=moment(each.time))
            for each in reader.proposals
        ],
    )


def row_of(reader: RunReader) -> RunRow:
    """A run as a line of a table."""
    state = reader.state
    return RunRow(
        id=reader.id,
        name=reader.name,
        project=reader.project,
        kind=reader.kind,
        parent=reader.parent,
        state=state,
        reason=reader.reason,
        created=reader.created,
        seconds=seconds(state, reader.created, reader.ended, reader.updated),
        params=reader.params,
        tags=reader.tags,
        values=values(reader.last(), reader.summary),
    )


def seconds(state: State, created: datetime, ended: datetime | None, updated: datetime) -> float:
    """How long a run took; of one that crashed, until it was last heard of."""
    end = ended or (datetime.now(UTC) if state in LIVE else updated)
    return max(0.0, (end - created).total_seconds())


def values(last: dict[str, float], summary: dict[str, Any]) -> dict[str, float]:
    """A number by metric: what the run came to where that was said, else the last value."""
    said = {name: float(value) for name, value in summary.items() if isinstance(value, int | float)}
    return {name: said.get(name, value) for name, value in last.items()} | said
