"""What an expression says, once it is read and checked: a small tree of plain values.

The tree knows no engine. `glia.query.parsing` makes it, `glia.query.clauses` turns it into SQLAlchemy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal as OneOf

from glia.errors import ConfigError

Kind = OneOf["number", "text", "time", "any"]
"""Of a value. `any`: a number in one row and a text in another, such as a param. A time is seconds since 1970."""


class QueryError(ConfigError):
    """An expression that cannot be used; the message shows the place.

    Args:
        message: what was found, what is expected.
        text: the expression.
        at: where in it.
    """

    def __init__(self, message: str, text: str, at: int) -> None:
        super().__init__(f"{message}\n{pointed(text, at)}")
        self.at = at


@dataclass(frozen=True)
class Names:
    """What an expression may speak of.

    Args:
        columns: plain names, with what they hold.
        families: names before a dot, after which any name may come: `params`. What they hold is `any`.
    """

    columns: Mapping[str, Kind]
    families: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Literal:
    """A number, or a text; the text of a time is made seconds before it gets here."""

    value: float | str
    kind: Kind


@dataclass(frozen=True)
class Column:
    """Something the row says: `name`, or with a family `params.lr`."""

    name: str
    kind: Kind
    family: str = ""


@dataclass(frozen=True)
class Call:
    """A function of values, or arithmetic: `lower`, `+`. The only one `-` of one argument is its negative."""

    function: str
    arguments: "tuple[Value, ...]"
    kind: Kind


@dataclass(frozen=True)
class Test:
    """What is true, false or, for want of a value, unknown.

    `test` is one of `= != < <= > >= in like null` or of `glia.query.functions.TESTS`; of `in` all arguments but the
    first are literals, of `like` the second is one.
    """

    test: str
    arguments: "tuple[Value, ...]"


@dataclass(frozen=True)
class Logic:
    """`and`, `or`, or `not` of conditions, in three values as in SQL: `not` unknown is unknown."""

    word: OneOf["and", "or", "not"]
    conditions: "tuple[Condition, ...]"


Value = Literal | Column | Call
Condition = Test | Logic

SHOWN = 100  # characters of a long expression


def pointed(text: str, at: int) -> str:
    """Two lines: the expression, or as much of it as a line holds, and a caret below the place.

    Example:
        >>> print(pointed("lr < x", 5))
          lr < x
               ^
    """
    line = "".join(character if character.isprintable() else " " for character in text)
    first = max(0, at - SHOWN // 2) if len(line) > SHOWN else 0
    before = "…" if first else ""
    after = "…" if len(line) > first + SHOWN else ""
    return f"  {before}{line[first : first + SHOWN]}{after}\n  {' ' * (len(before) + at - first)}^"


def columns(condition: Condition) -> set[Column]:
    """All that a condition asks of a row."""
    found: set[Column] = set()
    left: list[Condition | Value] = [condition]
    while left:
        part = left.pop()
        if isinstance(part, Column):
            found.add(part)
        elif isinstance(part, Logic):
            left += part.conditions
        elif isinstance(part, Test | Call):
            left += part.arguments
    return found
