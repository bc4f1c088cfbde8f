"""Conditions about 300 random runs, each compared with the same condition worked out in Python, value by value."""

import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Connection

from glia.store.database import in_memory
from glia.store.schema import runs
from glia.tracking.index.entries import Entry
from glia.tracking.index.filing import Names, file
from glia.tracking.index.searching import Plan, Search

COUNT = 300
NUMBERS = [-2, 0, 0.5, 1, 2.5, 7, 1e9]
TEXTS = ["", "a", "abc", "A", "it's", "50%", "auto", "7"]
NAMES = ["params.lr", "params.kind", "params.deep.er", "metrics.'a/b'", "tags.owner", "name", "project"]

Value = float | str | None
Row = dict[str, Value]
Judge = Callable[[Row], bool | None]


def entries(seed: int) -> tuple[list[Entry], list[Row]]:
    """Runs, and what each name of `NAMES` stands for in them; of most runs something is missing."""
    draw = random.Random(seed)
    made, rows = [], []
    for number in range(COUNT):
        params: dict[str, Any] = {}
        if draw.random() < 0.7:
            params["lr"] = draw.choice(NUMBERS)
        if draw.random() < 0.7:
            params["kind"] = draw.choice([*NUMBERS, *TEXTS])
        if draw.random() < 0.5:
            params["deep"] = {"er": draw.choice([*NUMBERS, True, False])}
        last = {"a/b": draw.choice([*NUMBERS, math.inf, math.nan])} if draw.random() < 0.7 else {}
        tags = {"owner": draw.choice(TEXTS)} if draw.random() < 0.5 else {}
        about = Facts(params, last, tags, f"run-{number % 40}", draw.choice(["one", "two"]))
        made.append(about.entry(number))
        rows.append(about.row())
    return made, rows


@dataclass
class Facts:
    params: dict[str, Any]
    last: dict[str, float]
    tags: dict[str, str]
    name: str
    project: str
    rest: dict[str, Any] = field(
        default_factory=lambda: {
            "kind": "train", "parent": None, "said": "done", "reason": "", "created": 1.0, "ended": 2.0, "updated": 2.0,
            "data_version": "", "notes": "", "summary": {}, "directions": {}, "positions": {}, "log_changed": 0,
            "witness": {}, "settled": True,
        }
    )  # fmt: skip

    def entry(self, number: int) -> Entry:
        own = {"name": self.name, "project": self.project, "params": self.params, "last": self.last, "tags": self.tags}
        return Entry(id=f"{number:016x}", **own, **self.rest)

    def row(self) -> Row:
        value = self.last.get("a/b")
        deep = self.params.get("deep", {}).get("er")
        return {
            "params.lr": self.params.get("lr"),
            "params.kind": self.params.get("kind"),
            "params.deep.er": None if deep is None else float(deep),
            "metrics.'a/b'": "NaN" if value is not None and math.isnan(value) else value,
            "tags.owner": self.tags.get("owner"),
            "name": self.name,
            "project": self.project,
        }


def written(value: Value) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def compared(sign: str, one: Value, other: Value) -> bool | None:
    """As docs/queries.md has it: what is missing is unknown, and whether one kind is less than the other is too."""
    if one is None or other is None:
        return None
    if isinstance(one, str) != isinstance(other, str):
        return {"=": False, "!=": True}.get(sign)
    if sign in ("=", "!="):
        return (one == other) == (sign == "=")
    return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]  # type: ignore[operator]


def conditions(draw: random.Random, depth: int) -> tuple[str, Judge]:
    """A condition, and what it says of a run; None: unknown."""
    if depth and draw.random() < 0.7:
        return combined(draw, depth)
    name = draw.choice(NAMES)
    texts = name in ("tags.owner", "name", "project")
    choices: list[Value] = [*TEXTS, "one", "run-7"] if texts else [*NUMBERS, *TEXTS] if "kind" in name else [*NUMBERS]
    form = draw.choice(["compare", "compare", "null", "in", "between"])
    if form == "null":
        kept = draw.random() < 0.5
        return f"{name} is {'not ' if kept else ''}null", lambda row: (row[name] is not None) == kept
    if form == "in":
        some = draw.sample(choices, 3)
        return f"{name} in ({', '.join(map(written, some))})", lambda row: any_of(
            [compared("=", row[name], each) for each in some]
        )
    if form == "between":
        low, high = draw.choice(choices), draw.choice(choices)
        if isinstance(low, str) == isinstance(high, str):
            return f"{name} between {written(low)} and {written(high)}", lambda row: all_of(
                [compared(">=", row[name], low), compared("<=", row[name], high)]
            )
    sign, other = draw.choice(["=", "!=", "<", "<=", ">", ">="]), draw.choice(choices)
    return f"{name} {sign} {written(other)}", lambda row: compared(sign, row[name], other)


def combined(draw: random.Random, depth: int) -> tuple[str, Judge]:
    text, judge = conditions(draw, depth - 1)
    word = draw.choice(["and", "or", "not"])
    if word == "not":
        return f"not ({text})", lambda row: None if judge(row) is None else not judge(row)
    more, other = conditions(draw, depth - 1)
    together = all_of if word == "and" else any_of
    return f"({text}) {word} ({more})", lambda row: together([judge(row), other(row)])


def all_of(said: list[bool | None]) -> bool | None:
    return False if False in said else None if None in said else True


def any_of(said: list[bool | None]) -> bool | None:
    return True if True in said else None if None in said else False


def matching(connection: Connection, names: Names, where: str) -> set[int]:
    found = connection.execute(Plan(Search(where=where), names, dict).numbers())
    return {row[0] for row in found}


@pytest.mark.parametrize("seed", range(3))
def test_conditions_find_what_python_finds(seed: int) -> None:
    made, rows = entries(seed)
    database, names = in_memory(), Names()
    with database.write() as connection:
        file(connection, names, made)
    draw = random.Random(seed)
    found_some = 0
    with database.read() as connection:
        numbered = dict(connection.execute(runs.select().with_only_columns(runs.c.id, runs.c.number)).all())
        for _ in itertools.repeat(None, 200):
            where, judge = conditions(draw, depth=3)
            expected = {numbered[entry.id] for entry, row in zip(made, rows, strict=True) if judge(row) is True}
            assert matching(connection, names, where) == expected, where
            found_some += 0 < len(expected) < COUNT
    assert found_some > 100
