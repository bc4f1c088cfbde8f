"""The points of a run's metrics."""

from typing import Annotated

from fastapi import APIRouter, Query

from glia.server.answers import Problem, RunSeries, Series
from glia.server.readers import Open
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.thinning import FEWEST

router = APIRouter(prefix="/runs/{run}", tags=["runs"], responses={404: {"model": Problem}})


@router.get("/metrics")
def read_metrics(
    run: str,
    readers: Open,
    name: Annotated[list[str] | None, Query(description="Metrics; without one, all.")] = None,
    points: Annotated[int, Query(ge=FEWEST, le=100_000, description="At most so many of each metric.")] = 2000,
    first: Annotated[int | None, Query(alias="from", description="The first step; by default all.")] = None,
    last: Annotated[int | None, Query(alias="to", description="The last step.")] = None,
) -> RunSeries:
    """Metrics over steps and time, thinned where there are more points than asked for, so that spikes survive."""
    with readers.open(run) as reader:
        names = reader.names() if name is None else name
        series = [_series(reader, each, points, first, last) for each in names]
        return RunSeries.model_construct(run=reader.id, series=series)


@router.get("/machine")
def read_machine(
    run: str,
    readers: Open,
    points: Annotated[int, Query(ge=FEWEST, le=100_000, description="At most so many of each figure.")] = 2000,
) -> RunSeries:
    """What the machine did meanwhile: processor, memory, disk, network, GPUs; steps are seconds."""
    with readers.open(run) as reader:
        series = [_series(reader, each, points, None, None) for each in reader.machine_names()]
        return RunSeries.model_construct(run=reader.id, series=series)


def _series(reader: RunReader, name: str, points: int, first: int | None, last: int | None) -> Series:
    series = reader.drawn(name, points, first=first, last=last)
    return Series.model_construct(  # without looking at each number again
        name=name,
        direction=reader.direction(name),
        points=reader.count(name),
        steps=series.step.tolist(),
        times=series.time.tolist(),
        values=series.value.tolist(),
    )
