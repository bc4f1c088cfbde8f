"""The points of a run's metrics."""

from typing import Annotated

from fastapi import APIRouter, Query

from glia.server.answers import Problem, RunSeries, Series
from glia.server.downsampling import FEWEST, keep
from glia.server.readers import Open
from glia.tracking.reader import RunReader

router = APIRouter(prefix="/runs/{run}/metrics", tags=["runs"], responses={404: {"model": Problem}})


@router.get("")
def read_metrics(
    run: str,
    readers: Open,
    name: Annotated[list[str] | None, Query(description="Metrics; without one, all.")] = None,
    points: Annotated[int, Query(ge=FEWEST, le=100_000, description="At most so many of each metric.")] = 2000,
) -> RunSeries:
    """Metrics over steps and time, thinned where there are more points than asked for, so that spikes survive."""
    with readers.open(run) as reader:
        names = reader.names() if name is None else name
        return RunSeries(run=reader.id, series=[_series(reader, each, points) for each in names])


def _series(reader: RunReader, name: str, points: int) -> Series:
    series = reader.metrics(name)
    kept = keep(series.value, points)
    return Series(
        name=name,
        direction=reader.direction(name),
        points=reader.count(name),
        steps=series.step[kept].tolist(),
        times=series.time[kept].tolist(),
        values=series.value[kept].tolist(),
    )
