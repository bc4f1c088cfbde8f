"""Runs side by side: the params that differ, and what they came to."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from glia.server.answers import Comparison, Difference, MetricValues, Problem, RunRow
from glia.server.readers import Open
from glia.server.run import row_of
from glia.tracking.log.records import Direction

router = APIRouter(prefix="/comparison", tags=["runs"], responses={404: {"model": Problem}})


@router.get("")
def compare_runs(run: Annotated[list[str], Query(min_length=1, max_length=50)], readers: Open) -> Comparison:
    """The runs named, in that order."""
    rows: list[RunRow] = []
    directions: dict[str, Direction] = {}
    for reference in run:
        with readers.open(reference) as reader:
            row = row_of(reader)
            if row.id in (other.id for other in rows):
                continue
            rows.append(row)
            for name in row.values:
                directions[name] = directions.get(name) or reader.direction(name)
    different, same = divide([row.params for row in rows])
    return Comparison(
        runs=rows,
        different=[Difference(name=name, values=values) for name, values in different.items()],
        same=same,
        metrics=[
            MetricValues(name=name, direction=direction, values=[row.values.get(name) for row in rows])
            for name, direction in directions.items()
        ],
    )


def divide(params: list[dict[str, Any]]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """The params that differ, with a value per run (None where one has it not), and those that all have alike."""
    names = list(dict.fromkeys(name for each in params for name in each))
    columns = {name: [each.get(name) for each in params] for name in names}
    same = {name: values[0] for name, values in columns.items() if all(value == values[0] for value in values)}
    return {name: values for name, values in columns.items() if name not in same}, same
