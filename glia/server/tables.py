"""Tables of a run, a page at a time."""

import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query

from glia.errors import ConfigError, NotFoundError, did_you_mean
from glia.server.answers import Problem, Table
from glia.server.media import path_of
from glia.server.readers import Open
from glia.tracking.log.records import number

router = APIRouter(prefix="/runs/{run}", tags=["runs"], responses={404: {"model": Problem}, 422: {"model": Problem}})


@router.get("/tables/{file}")
def read_table(
    run: str,
    file: str,
    readers: Open,
    sort: Annotated[str, Query(description="A column; `-` before it for descending.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Table:
    """Rows of a table, sorted; what has no value in that column comes last."""
    columns, rows, total = _table(path_of(readers, run, file), file)
    if sort:
        rows = _sorted(columns, rows, sort)
    return Table(columns=columns, rows=rows[offset : offset + limit], kept=len(rows), total=total)


def _table(path: Path, file: str) -> tuple[list[str], list[list[Any]], int]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        columns = [str(name) for name in said["columns"]]
        rows = [list(row) for row in said["rows"] if len(row) == len(columns)]
        return columns, rows, int(said.get("total", len(rows)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise NotFoundError(f"'{file}' is not a table, or is damaged.") from None


def _sorted(columns: list[str], rows: list[list[Any]], sort: str) -> list[list[Any]]:
    descending, name = (False, sort) if sort in columns else (sort.startswith("-"), sort.removeprefix("-"))
    if name not in columns:
        raise ConfigError(f"sort='{sort}': the table has no column '{name}'.{did_you_mean(name, columns)}")
    at = columns.index(name)
    cells = [(number(row[at]), row) for row in rows]
    valued = [(cell, row) for cell, row in cells if cell is not None and cell == cell]
    missing = [row for cell, row in cells if cell is None or cell != cell]
    valued.sort(key=lambda pair: _rank(pair[0]), reverse=descending)
    return [row for _, row in valued] + missing


def _rank(cell: Any) -> tuple[int, Any]:
    """Numbers before words, so that mixed columns can be sorted."""
    return (0, cell) if isinstance(cell, int | float) else (1, str(cell).lower())
