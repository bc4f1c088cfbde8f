"""Runs as lists show them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from glia.tracking.log.records import Direction, State


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """A run as lists show it."""

    id: str
    name: str
    project: str
    kind: str
    parent: str | None
    state: State
    reason: str
    created: datetime
    ended: datetime | None
    updated: datetime
    data_version: str
    notes: str
    params: dict[str, Any]
    tags: dict[str, str]
    summary: dict[str, Any]
    last: dict[str, float]
    directions: dict[str, Direction]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some of the runs that were searched for, and what all of them have.

    Args:
        rows: the runs of this page.
        total: runs that match.
        everything: runs there are, trials apart.
        projects: of all runs, in order.
        metrics: of the runs that match.
        params: of the first 200 runs that match: those that differ first.
    """

    rows: list[RunRow]
    total: int
    everything: int
    projects: list[str]
    metrics: dict[str, Direction]
    params: list[str]
