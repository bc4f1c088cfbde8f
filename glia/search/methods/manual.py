"""Trials by hand: the rows of a table, one after the other."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

from glia.config import Plain, parse_value
from glia.errors import ConfigError, NotFoundError
from glia.recipe import Recipe
from glia.search.dimensions import Choice, shown
from glia.search.methods.method import Brief
from glia.search.reading import snake
from glia.search.space import Dimension, Space
from glia.search.trials import Proposal, Trial, next_number


@dataclass(frozen=True)
class Manual:
    """The n-th trial is the n-th row.

    Raises:
        ConfigError: there are no rows.
    """

    brief: Brief

    def __post_init__(self) -> None:
        if not self.brief.rows:
            raise ConfigError("'manual' tries the rows of a table, and there are none. Name a CSV or Parquet file.")

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        """The next rows."""
        first = next_number(trials)
        end = min(first + self.brief.remaining(first, count), len(self.brief.rows))
        return [Proposal(number=number, settings=dict(self.brief.rows[number])) for number in range(first, end)]


def rows_of(table: str | Path | Iterable[Mapping[str, Any]] | Any) -> tuple[Plain, ...]:
    """The rows of a table: columns are keys of a recipe, and an empty cell leaves the recipe's own value.

    Args:
        table: a CSV file, whose cells are read as values of `--set` are, a Parquet file, dicts, or a frame of pandas.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: it is no such table, is empty, or names a column twice.

    Example:
        >>> rows_of([{"train.epochs": 3}, {"train.epochs": 5, "train.optimizer": "sgd"}])[1]
        {'train.epochs': 5, 'train.optimizer': 'sgd'}
    """
    if isinstance(table, str | Path):
        rows = _of_file(Path(table))
    else:
        rows = list(table.to_dict("records") if hasattr(table, "to_dict") else table)
    found = tuple({snake(str(key)): value for key, value in row.items() if not _is_empty(value)} for row in rows)
    if not any(found):
        raise ConfigError("The table of trials has no rows with values. Its columns are settings, its rows are trials.")
    return found


def check_rows(rows: Sequence[Mapping[str, Any]], recipe: Recipe) -> None:
    """Refuse a row that the recipe has no place for.

    Raises:
        ConfigError: names the row, from 1.
    """
    for place, row in enumerate(rows, 1):
        try:
            recipe.with_settings(row)
        except ConfigError as error:
            raise ConfigError(f"Row {place} of the table of trials cannot be tried. {error}") from None


def space_of(rows: Sequence[Mapping[str, Any]]) -> Space:
    """What the rows vary: of each column the values that occur, numbers in their order.

    Raises:
        ConfigError: there are no columns.
    """
    columns: dict[str, dict[str, Any]] = {}
    for row in rows:
        for key, value in row.items():
            columns.setdefault(key, {}).setdefault(shown(value), value)
    return Space(tuple(Dimension(key, Choice(tuple(_sorted(values.values())))) for key, values in columns.items()))


def _sorted(values: Iterable[Any]) -> list[Any]:
    found = list(values)
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)
    return sorted(found) if numbers else found


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and isnan(value))


def _of_file(path: Path) -> list[Mapping[str, Any]]:
    if not path.is_file():
        raise NotFoundError(f"There is no table of trials '{path}'.")
    if path.suffix.lower() in (".parquet", ".pq"):
        from pyarrow import ArrowInvalid, parquet

        try:
            rows: list[Mapping[str, Any]] = parquet.read_table(path).to_pylist()
        except ArrowInvalid:
            raise ConfigError(f"'{path}' is not a Parquet file.") from None
        return rows
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *lines = list(csv.reader(file)) or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"'{path}' is not a table in CSV: {error}.") from None
    return _of_lines(path, [name.strip() for name in header], lines)


def _of_lines(path: Path, header: list[str], lines: list[list[str]]) -> list[Mapping[str, Any]]:
    twice = [name for name, count in Counter(header).items() if count > 1 or not name]
    if twice:
        raise ConfigError(f"'{path}': the column '{twice[0]}' is named twice or not at all. Columns are settings.")
    for number, line in enumerate(lines, 2):
        if line and len(line) != len(header):
            raise ConfigError(
                f"'{path}', line {number}, has {len(line)} cells, but there are {len(header)} columns. "
                "Put a value with commas in quotes."
            )
    rows = [dict(zip(header, map(str.strip, line), strict=True)) for line in lines if line]
    return [{key: parse_value(cell) for key, cell in row.items() if cell} for row in rows]
