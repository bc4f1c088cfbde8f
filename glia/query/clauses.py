"""A checked expression → a clause of SQLAlchemy. Whatever the user wrote travels as a bound parameter.

Numbers compare with numbers and texts with texts. Where a param is a number in one run and a text in another: it
equals nothing of the other kind, and is neither less nor greater (unknown, so neither matches). NaN is no number: it
is kept as the text `NaN`, so it is unknown beside numbers and found by `= 'NaN'`. Infinities are numbers.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Float, Integer, String, and_, case, cast, false, func, literal, not_, null, or_

from glia.query.expressions import Call, Column, Condition, Literal, Test, Value

Clause = ColumnElement[Any]
_DAY = 86_400.0


@dataclass(frozen=True)
class Operand:
    """A value in the engine's words: its number, its text, or, of a column that may hold either, both.

    Args:
        number: null where it is a text; None if it is always one. Times are seconds since 1970.
        text: null where it is a number; None if it is always one.
    """

    number: Clause | None = None
    text: Clause | None = None


class Columns(Protocol):
    """Where the names of an expression are found in the engine's tables."""

    def operand(self, column: Column) -> Operand:
        """The column of an expression."""


def clause(condition: Condition, columns: Columns, now: float | None = None) -> ColumnElement[bool]:
    """The condition for a `where`.

    Args:
        condition: read and checked by `glia.query.parsing`.
        columns: the names in it.
        now: seconds since 1970 for `now()`; this moment if left out.
    """
    return _Compiler(columns, time.time() if now is None else now).condition(condition)


class _Compiler:
    def __init__(self, columns: Columns, now: float) -> None:
        self._columns, self._now = columns, now

    def condition(self, condition: Condition) -> ColumnElement[bool]:
        if isinstance(condition, Test):
            return self._test(condition.test, condition.arguments)
        parts = [self.condition(part) for part in condition.conditions]
        if condition.word == "not":
            return not_(parts[0].self_group())
        return and_(*parts) if condition.word == "and" else or_(*parts)

    def _test(self, test: str, arguments: tuple[Value, ...]) -> ColumnElement[bool]:
        first, *others = arguments
        if test in ("=", "!="):
            equal = _equal(self._operand(first), self._operand(others[0]))
            return equal if test == "=" else not_(equal)
        if test in _ORDERS:
            return _ordered(_ORDERS[test], self._operand(first), self._operand(others[0]))
        if test == "in":
            return _one_of(self._operand(first), [each.value for each in others if isinstance(each, Literal)])
        if test in ("null", "is_number", "is_text"):
            return _there(self._operand(first), test)
        return _TEXT_TESTS[test](self._text(first), self._text(others[0]))

    def _operand(self, value: Value) -> Operand:
        if isinstance(value, Column):
            return self._columns.operand(value)
        if isinstance(value, Literal):
            return _constant(value.value)
        found = self._call(value)
        return Operand(text=found) if value.kind == "text" else Operand(number=found)

    def _call(self, call: Call) -> Clause:
        if call.function == "now":
            return literal(self._now, Float)
        if call.function == "coalesce":
            take = self._text if call.kind == "text" else self._number
            return func.coalesce(*(take(each) for each in call.arguments))
        if call.function == "-" and len(call.arguments) == 1:
            return -self._number(call.arguments[0])
        if call.function in _ON_TEXTS:
            first, *others = call.arguments
            return _ON_TEXTS[call.function](self._text(first), *(self._number(each) for each in others))
        return _ON_NUMBERS[call.function](*(self._number(each) for each in call.arguments))

    def _number(self, value: Value) -> Clause:
        found = self._operand(value).number
        return cast(null(), Float) if found is None else found

    def _text(self, value: Value) -> Clause:
        found = self._operand(value).text
        return cast(null(), String) if found is None else found


def _constant(value: float | str) -> Operand:
    return Operand(text=literal(value, String)) if isinstance(value, str) else Operand(number=literal(value, Float))


def _equal(left: Operand, right: Operand) -> ColumnElement[bool]:
    if left.number is not None and right.number is not None and left.text is None and right.text is None:
        return left.number == right.number
    if left.text is not None and right.text is not None and left.number is None and right.number is None:
        return left.text == right.text
    ways: list[tuple[ColumnElement[bool], ColumnElement[bool]]] = []
    if left.number is not None and right.number is not None:
        ways.append((and_(left.number.is_not(None), right.number.is_not(None)), left.number == right.number))
    if left.text is not None and right.text is not None:
        ways.append((and_(left.text.is_not(None), right.text.is_not(None)), left.text == right.text))
    both = and_(not_(_there(left, "null")), not_(_there(right, "null")))
    return case(*ways, (both, false()), else_=null())


def _ordered(compare: Callable[[Clause, Clause], Clause], left: Operand, right: Operand) -> ColumnElement[bool]:
    ways = [
        compare(one, other)
        for one, other in ((left.number, right.number), (left.text, right.text))
        if one is not None and other is not None
    ]
    return ways[0] if len(ways) == 1 else func.coalesce(*ways)


def _one_of(subject: Operand, options: list[float | str]) -> ColumnElement[bool]:
    numbers = [each for each in options if not isinstance(each, str)]
    texts = [each for each in options if isinstance(each, str)]
    ways: list[tuple[ColumnElement[bool], ColumnElement[bool]]] = []
    if subject.number is not None:
        ways.append((subject.number.is_not(None), subject.number.in_(numbers) if numbers else false()))
    if subject.text is not None:
        ways.append((subject.text.is_not(None), subject.text.in_(texts) if texts else false()))
    return case(*ways, else_=null())


def _there(subject: Operand, test: str) -> ColumnElement[bool]:
    """Whether there is a number, a text, or neither."""
    if test == "null":
        return and_(*(each.is_(None) for each in (subject.number, subject.text) if each is not None))
    wanted = subject.number if test == "is_number" else subject.text
    return false() if wanted is None else wanted.is_not(None)


def _like(text: Clause, pattern: Clause) -> ColumnElement[bool]:
    """LIKE that tells capitals apart, which SQLite's does not; its GLOB does."""
    signs = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    written = str(pattern.value)  # a literal: the parser sees to it
    return text.bool_op("GLOB")(literal("".join(signs.get(sign, sign) for sign in written), String))


def _remainder(left: Clause, right: Clause) -> Clause:
    """Of whole numbers; what stands behind the point is cut off."""
    return cast(cast(left, Integer).op("%")(func.nullif(cast(right, Integer), 0)), Float)


def _substring(text: Clause, first: Clause, length: Clause | None = None) -> Clause:
    places = [cast(each, Integer) for each in (first, length) if each is not None]
    return func.substr(text, *places, type_=String)


def _round(number: Clause, digits: Clause | None = None) -> Clause:
    return func.round(number, *([] if digits is None else [cast(digits, Integer)]), type_=Float)


_ORDERS: dict[str, Callable[[Clause, Clause], Clause]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_TEXT_TESTS: dict[str, Callable[[Clause, Clause], ColumnElement[bool]]] = {
    "like": _like,
    "contains": lambda text, part: func.instr(text, part) > 0,
    "starts_with": lambda text, part: func.substr(text, 1, func.length(part)) == part,
    "ends_with": lambda text, part: and_(
        func.length(text) >= func.length(part),
        func.substr(text, func.length(text) - func.length(part) + 1) == part,
    ),
}
_ON_TEXTS: dict[str, Callable[..., Clause]] = {
    "lower": lambda text: func.lower(text, type_=String),
    "upper": lambda text: func.upper(text, type_=String),
    "trim": lambda text: func.trim(text, type_=String),
    "length": lambda text: func.length(text, type_=Float),
    "substring": _substring,
}
_ON_NUMBERS: dict[str, Callable[..., Clause]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / func.nullif(right, 0.0),
    "%": _remainder,
    "abs": lambda number: func.abs(number, type_=Float),
    "round": _round,
    "min": lambda *numbers: func.min(*numbers, type_=Float),
    "max": lambda *numbers: func.max(*numbers, type_=Float),
    "days": lambda number: number * literal(_DAY, Float),
    "hours": lambda number: number * literal(3600.0, Float),
    "minutes": lambda number: number * literal(60.0, Float),
    "date": lambda number: func.strftime("%Y-%m-%d", number, "unixepoch", type_=String),
}
