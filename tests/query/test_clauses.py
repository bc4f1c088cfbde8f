"""Clauses against the same expressions evaluated in Python, over rows of any kind."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column as TableColumn
from sqlalchemy import Connection, Float, Integer, MetaData, StaticPool, String, Table, create_engine, insert, select

from glia.query.clauses import Operand, clause
from glia.query.expressions import Call, Column, Condition, Literal, Names, Test, Value
from glia.query.functions import FUNCTIONS, TESTS
from glia.query.parsing import parse

Test.__test__ = False  # type: ignore[attr-defined]  # a part of expressions, not a test
NOW = 1_780_000_000.0
NAMES = Names({"n": "number", "m": "number", "s": "text", "t": "time"}, frozenset({"params"}))
TABLE = Table(
    "rows",
    MetaData(),
    TableColumn("id", Integer, primary_key=True),
    *(TableColumn(name, Float) for name in ("n", "m", "t", "a_number", "b_number")),
    *(TableColumn(name, String) for name in ("s", "a_text", "b_text")),
)
Row = dict[str, Any]  # n, m, s, t, params.a, params.b


class Here:
    """The columns of the table above."""

    def operand(self, column: Column) -> Operand:
        if column.family:
            return Operand(TABLE.c[f"{column.name}_number"], TABLE.c[f"{column.name}_text"])
        found = TABLE.c[column.name]
        return Operand(text=found) if column.kind == "text" else Operand(number=found)


@pytest.fixture(scope="module")
def connection() -> Any:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    TABLE.metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def matching(connection: Connection, text: str, rows: list[Row]) -> list[bool]:
    """For each row, whether the database finds it."""
    stored = []
    for number, row in enumerate(rows):
        columns = {name: row.get(name) for name in ("n", "m", "s", "t")}
        for name in ("a", "b"):
            value = row.get(f"params.{name}")
            columns[f"{name}_number"] = None if isinstance(value, str) else value
            columns[f"{name}_text"] = value if isinstance(value, str) else None
        stored.append({"id": number, **columns})
    with connection.begin_nested() if connection.in_transaction() else connection.begin() as transaction:
        connection.execute(insert(TABLE), stored)
        found = connection.execute(select(TABLE.c.id).where(clause(parse(text, NAMES), Here(), NOW))).scalars().all()
        transaction.rollback()
    return [number in found for number in range(len(rows))]


# What the database should do, in Python: None is unknown.


def holds(condition: Condition, row: Row) -> bool | None:
    if isinstance(condition, Test):
        return _tested(condition, row)
    values = [holds(part, row) for part in condition.conditions]
    if condition.word == "not":
        return None if values[0] is None else not values[0]
    decisive = condition.word == "or"
    if decisive in values:
        return decisive
    return None if None in values else not decisive


def _tested(test: Test, row: Row) -> bool | None:
    first, *others = [valued(each, row) for each in test.arguments]
    if test.test == "null":
        return first is None
    if test.test in ("is_number", "is_text"):
        return isinstance(first, str if test.test == "is_text" else float)
    if test.test == "in":
        return None if first is None else any(type(each) is type(first) and each == first for each in others)
    if test.test in ("contains", "starts_with", "ends_with", "like"):
        text, other = (each if isinstance(each, str) else None for each in (first, others[0]))
        return None if text is None or other is None else _TEXT[test.test](text, other)
    if first is None or others[0] is None:
        return None
    if isinstance(first, str) != isinstance(others[0], str):
        return {"=": False, "!=": True}.get(test.test)
    return _COMPARE[test.test](first, others[0])


def valued(value: Value, row: Row) -> float | str | None:
    if isinstance(value, Literal):
        return value.value
    if isinstance(value, Column):
        found = row.get(f"{value.family}.{value.name}" if value.family else value.name)
        return found if found is None or isinstance(found, str) else float(found)
    return _called(value, row)


def _called(call: Call, row: Row) -> float | str | None:
    given = [valued(each, row) for each in call.arguments]
    if call.function == "now":
        return NOW
    wanted: Any = str if call.function in ("lower", "upper", "trim", "length") else float
    if call.function == "coalesce":
        wanted = str if call.kind == "text" else float
        return next((each for each in given if isinstance(each, wanted)), None)
    if not all(isinstance(each, wanted) for each in given):
        return None
    result: float | str | None = _CALLED[call.function](*given)
    return None if isinstance(result, float) and math.isnan(result) else result


def _like(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    sign, rest = pattern[0], pattern[1:]
    if sign == "%":
        return any(_like(text[at:], rest) for at in range(len(text) + 1))
    return bool(text) and sign in ("_", text[0]) and _like(text[1:], rest)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "starts_with": lambda text, part: text.startswith(part),
    "ends_with": lambda text, part: text.endswith(part),
    "like": _like,
}
_CALLED: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b=None: -a if b is None else a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: None if b == 0 else a / b,
    "%": lambda a, b: None if int(b) == 0 else math.fmod(int(a), int(b)),
    "abs": abs,
    "min": min,
    "max": max,
    "days": lambda a: a * 86_400,
    "hours": lambda a: a * 3600,
    "lower": str.lower,
    "upper": str.upper,
    "trim": lambda text: text.strip(" "),
    "length": lambda text: float(len(text)),
}

# Expressions and rows of any kind.

numbers = st.sampled_from([0.0, 1.0, -1.0, 2.5, 3.0, -7.0, 0.1, 1e9, math.inf])
texts = st.text(alphabet="aAb %_*?[0.1'", max_size=4)
rows = st.fixed_dictionaries(
    {
        "n": st.none() | numbers,
        "m": st.none() | numbers,
        "s": st.none() | texts,
        "t": st.none() | st.sampled_from([NOW, NOW - 86_400, NOW + 1.5]),
        "params.a": st.none() | numbers | texts,
        "params.b": st.none() | numbers | texts,
    }
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


number_literals = numbers.filter(math.isfinite).map(lambda value: f"{value:g}")
text_literals = texts.map(_quoted)
params = st.sampled_from(["params.a", "params.b"])


@st.composite
def number_values(draw: Any, depth: int = 2) -> str:
    kind = draw(st.integers(0, 6 if depth else 1))
    if kind <= 1:
        return str(draw(st.sampled_from(["n", "m"]) | number_literals | params))
    inner = number_values(depth - 1)
    if kind <= 3:
        return f"({draw(inner)} {draw(st.sampled_from(['+', '-', '*', '/']))} {draw(inner)})"
    if kind == 4:
        return f"{draw(st.sampled_from(['abs', '-']))}({draw(inner)})"
    if kind == 5:
        return f"{draw(st.sampled_from(['min', 'max', 'coalesce']))}({draw(inner)}, {draw(number_literals)})"
    return f"length({draw(text_values(depth - 1))})"


@st.composite
def text_values(draw: Any, depth: int = 2) -> str:
    kind = draw(st.integers(0, 3 if depth else 1))
    if kind <= 1:
        return str(draw(st.just("s") | text_literals | params))
    if kind == 2:
        return f"{draw(st.sampled_from(['lower', 'upper', 'trim']))}({draw(text_values(depth - 1))})"
    return f"coalesce({draw(text_values(depth - 1))}, {draw(text_literals)})"


signs = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


@st.composite
def conditions(draw: Any, depth: int = 2) -> str:
    kind = draw(st.integers(0, 9 if depth else 6))
    sign = draw(signs)
    if kind == 0:
        return f"{draw(number_values())} {sign} {draw(number_values())}"
    if kind == 1:
        return f"{draw(text_values())} {sign} {draw(text_values())}"
    if kind == 2:
        return f"{draw(params)} {sign} {draw(params | text_literals | number_literals)}"
    if kind == 3:
        options = draw(st.lists(text_literals | number_literals, min_size=1, max_size=4))
        return f"{draw(params)} {draw(st.sampled_from(['in', 'not in']))} ({', '.join(options)})"
    if kind == 4:
        test = draw(st.sampled_from(["contains", "starts_with", "ends_with"]))
        return f"{test}({draw(text_values())}, {draw(text_values())})"
    if kind == 5:
        return f"{draw(text_values(1))} {draw(st.sampled_from(['like', 'not like']))} {draw(text_literals)}"
    if kind == 6:
        subject = draw(params | st.sampled_from(["n", "s", "t"]))
        return draw(st.sampled_from([f"{subject} is null", f"{subject} is not null", "is_text(params.a)", "t < now()"]))
    if kind == 7:
        return f"not ({draw(conditions(depth - 1))})"
    word = draw(st.sampled_from(["and", "or"]))
    return f"({draw(conditions(depth - 1))}) {word} ({draw(conditions(depth - 1))})"


@given(text=conditions(), some=st.lists(rows, min_size=1, max_size=4))
def test_the_database_finds_what_python_finds(connection: Connection, text: str, some: list[Row]) -> None:
    expression = parse(text, NAMES)
    assert matching(connection, text, some) == [holds(expression, row) is True for row in some]


@pytest.mark.parametrize(
    ("text", "row", "found"),
    [
        ("params.a = 0.1", {"params.a": 0.1}, True),
        ("params.a = 0.1", {"params.a": "0.1"}, False),
        ("params.a != 0.1", {"params.a": "0.1"}, True),  # it is something, and not that number
        ("params.a != 'auto'", {"params.a": 3.0}, True),
        ("params.a != 'auto'", {}, False),  # missing: unknown
        ("not params.a = 'auto'", {}, False),
        ("params.a < 1", {"params.a": "0.1"}, False),
        ("not params.a < 1", {"params.a": "0.1"}, False),  # unknown either way
        ("params.a = 'NaN'", {"params.a": "NaN"}, True),
        ("params.a < 1 or params.a >= 1", {"params.a": "NaN"}, False),
        ("params.a > 1e300", {"params.a": math.inf}, True),
        ("params.a = 1e999", {"params.a": math.inf}, True),
        ("n / 0 is null", {"n": 1.0}, True),
        ("1 / 2 = 0.5", {}, True),
        ("n % 3 = 1", {"n": 7.9}, True),
        ("n % 0 is null", {"n": 7.0}, True),
        ("round(n) = 3", {"n": 2.5}, True),
        ("round(n, 1) = 2.3", {"n": 2.34}, True),
        ("substring(s, 2) = 'bc' and substring(s, 2, 1) = 'b'", {"s": "abc"}, True),
        ("date(t) = '2026-01-31'", {"t": datetime(2026, 1, 31, 23, 59, tzinfo=UTC).timestamp()}, True),
        ("t > '2026-01-31' and t < '2026-02-01'", {"t": datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()}, True),
        ("t > now() - days(7) and now() - t = hours(1) + minutes(30)", {"t": NOW - 5400}, True),
        ("t - '2026-01-31' = 60", {"t": datetime(2026, 1, 31, 0, 1, tzinfo=UTC).timestamp()}, True),
        ("s like 'Cnn%'", {"s": "cnn-1"}, False),  # capitals count
        ("s like '50% [a]*_'", {"s": "50 or so [a]*!"}, True),
        ("s like '[ab]%'", {"s": "a"}, False),
        ("s = ''' or 1=1 --'", {"s": "' or 1=1 --"}, True),
        ("contains(s, '%')", {"s": "50%"}, True),
        ("contains(s, '%')", {"s": "50"}, False),
    ],
)
def test_values(connection: Connection, text: str, row: Row, found: bool) -> None:
    assert matching(connection, text, [row]) == [found]


def test_every_function_is_compiled(connection: Connection) -> None:
    given = {"number": "1.5", "text": "'2026-01-31'", "time": "t", "any": "s"}
    for name, signature in FUNCTIONS.items():
        arguments = ["s", "'x'"] if name == "coalesce" else [given[kind] for kind in signature.takes]
        matching(connection, f"{name}({', '.join(arguments)}) is not null", [{"t": NOW, "s": "a"}])
    for name, signature in TESTS.items():
        matching(connection, f"{name}({', '.join(given[kind] for kind in signature.takes)})", [{"s": "a"}])


def test_what_users_write_is_bound() -> None:
    written = "s = 'evil''; drop table rows' or params.a in ('evil', 42) or s like 'evil%' or contains(s, 'evil')"
    compiled = clause(parse(written, NAMES), Here(), NOW).compile()
    assert "evil" not in str(compiled)
    assert "42" not in str(compiled)
    assert "evil'; drop table rows" in compiled.params.values()
