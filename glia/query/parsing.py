"""Text → a checked expression: known names, fitting kinds, nothing but what the grammar has.

The grammar: columns, numbers, texts in quotes, `and or not = != < <= > >= in between like is null + - * / %`, and the
functions of `glia.query.functions`. Logic has three values as in SQL: what is missing compares as unknown, and a row
of which a condition is unknown does not match.
"""

from datetime import UTC, datetime

from sqlglot import exp

from glia.errors import did_you_mean
from glia.query.expressions import (
    Call,
    Column,
    Condition,
    Kind,
    Literal,
    Logic,
    Names,
    QueryError,
    Test,
    Value,
    columns,
)
from glia.query.functions import FUNCTIONS, TESTS, Signature
from glia.query.reading import DEEPEST, FUNCTION, Path, read

MOST_COLUMNS = 30  # different ones: each may be a join
MOST_TERMS = 200  # of one `and` or `or`

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}
_CONDITIONS = {exp.And, exp.Or, exp.Not, exp.In, exp.Between, exp.Like, exp.Is, *_COMPARISONS}
_ARTICLE = {"number": "a number", "text": "a text", "time": "a time", "any": "a number or a text"}


def parse(text: str, names: Names) -> Condition:
    """Read and check a condition.

    Args:
        text: such as `params.lr < 0.01 and name like 'calm-%'`.
        names: what it may speak of.

    Raises:
        QueryError: it is no condition, or one that this grammar does not have; its message points at the place.

    Example:
        >>> parse("lr < 0.01", Names({"lr": "number"})).test
        '<'
    """
    tree, paths = read(text)
    condition = _Checker(text, names, paths).condition(tree, 0)
    if len(found := columns(condition)) > MOST_COLUMNS:
        raise QueryError(f"An expression speaks of at most {MOST_COLUMNS} names; this of {len(found)}.", text, 0)
    return condition


class _Checker:
    def __init__(self, text: str, names: Names, paths: list[Path]) -> None:
        self._text, self._names, self._paths = text, names, paths

    def condition(self, node: exp.Expr, depth: int) -> Condition:
        self._bounded(node, depth)
        node = _bare(node)
        if isinstance(node, exp.And | exp.Or):
            terms = self._terms(node)
            parts = tuple(self.condition(term, depth + 1) for term in terms)
            return Logic("and" if isinstance(node, exp.And) else "or", parts)
        if isinstance(node, exp.Not):
            return Logic("not", (self.condition(node.this, depth + 1),))
        found = self._test(node, depth + 1)
        return Logic("not", (found,)) if node.args.get("negate") else found

    def _test(self, node: exp.Expr, depth: int) -> Condition:
        if type(node) in _COMPARISONS:
            left, right = self._alike(node.this, node.expression, depth)
            return Test(_COMPARISONS[type(node)], (left, right))
        if isinstance(node, exp.In):
            return self._membership(node, depth)
        if isinstance(node, exp.Between):
            return Logic(
                "and",
                (
                    Test(">=", self._alike(node.this, node.args["low"], depth)),
                    Test("<=", self._alike(node.this, node.args["high"], depth)),
                ),
            )
        if isinstance(node, exp.Like):
            pattern = self._as("text", node.expression, depth)
            if not isinstance(pattern, Literal):
                raise self._refusal(node.expression, "After like stands a text in quotes, such as 'calm-%'.")
            return Test("like", (self._as("text", node.this, depth), pattern))
        if isinstance(node, exp.Is):
            if not isinstance(node.expression, exp.Null):
                raise self._refusal(node.expression, "After is stands null or not null.")
            return Test("null", (self.value(node.this, depth),))
        if isinstance(node, exp.Anonymous) and (name := _function(node)) in TESTS:
            return Test(name, self._arguments(node, name, TESTS[name], depth))
        value = self.value(node, depth)
        raise self._refusal(node, f"{_said(value)} is {_ARTICLE[value.kind]}, no condition. Compare it with something.")

    def value(self, node: exp.Expr, depth: int) -> Value:
        self._bounded(node, depth)
        node = _bare(node)
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier):
            return self._column(node)
        if isinstance(node, exp.Literal):
            return self._literal(node)
        if isinstance(node, exp.Null):
            raise self._refusal(node, "Nothing equals null. Write: is null, or is not null.")
        if isinstance(node, exp.Neg):
            inner = self._as("number", node.this, depth + 1)
            if isinstance(inner, Literal) and isinstance(inner.value, float):
                return Literal(-inner.value, "number")
            return Call("-", (inner,), "number")
        if type(node) in _ARITHMETIC:
            return self._arithmetic(node, depth + 1)
        if isinstance(node, exp.Anonymous):
            return self._call(node, depth + 1)
        if type(node) in _CONDITIONS:
            raise self._refusal(
                node, "A value is expected here, and this is a condition. Join conditions with and, or."
            )
        raise self._refusal(node, "This is not part of the grammar. A value is a name, a number, a text in quotes.")

    def _column(self, node: exp.Expr) -> Column:
        if not node.this.this.isdigit():  # a word of the grammar that stands where a name should
            raise self._refusal(node, f"'{node.this.this}' has no place here.")
        path = self._paths[int(node.this.this)]
        if path.family in self._names.families:
            return Column(path.name, "any", path.family)
        name = f"{path.family}.{path.name}" if path.family else path.name
        if name in self._names.columns:
            return Column(name, self._names.columns[name])
        families = sorted(self._names.families)
        known = [*self._names.columns, *(f"{family}.{path.name if path.family else 'name'}" for family in families)]
        if path.family:
            hint = did_you_mean(name, known)
        elif name in self._names.families:
            hint = f" A name follows: {name}.something, or {name}.'with/signs'."
        else:
            hint = did_you_mean(name, known)
        raise self._refusal(node, f"There is no '{name}' to ask for.{hint}")

    def _literal(self, node: exp.Literal) -> Literal:
        if node.is_string:
            return Literal(str(node.this), "text")
        try:
            return Literal(float(node.this), "number")
        except ValueError:
            raise self._refusal(node, f"'{node.this}' is no number.") from None

    def _membership(self, node: exp.In, depth: int) -> Test:
        if not node.expressions:
            place = node.args.get("field") or node
            raise self._refusal(place, "After in stand values in parentheses: state in ('done', 'failed').")
        subject = self.value(node.this, depth)
        options = [self.value(each, depth) for each in node.expressions]
        for place, option in zip(node.expressions, options, strict=True):
            if not isinstance(option, Literal):
                raise self._refusal(
                    place, f"After in stand numbers and texts in parentheses; {_said(option)} is neither."
                )
        fitting = [self._joined(subject, option, at) for at, option in zip(node.expressions, options, strict=True)]
        return Test("in", (subject, *(right for _, right in fitting)))

    def _alike(self, left: exp.Expr, right: exp.Expr, depth: int) -> tuple[Value, Value]:
        return self._joined(self.value(left, depth), self.value(right, depth), right, left)

    def _joined(self, left: Value, right: Value, at: exp.Expr, before: exp.Expr | None = None) -> tuple[Value, Value]:
        """Both as one kind."""
        left = self._moment(left, before or at) if right.kind == "time" else left
        right = self._moment(right, at) if left.kind == "time" else right
        both = {left.kind, right.kind}
        if len(both) == 1 or both in ({"any", "number"}, {"any", "text"}):
            return left, right
        hint = " Write a time in quotes: '2026-01-31 18:00'." if "time" in both else ""
        message = f"{_said(left)} is {_ARTICLE[left.kind]}, and {_said(right)} is {_ARTICLE[right.kind]}.{hint}"
        raise self._refusal(at, message)

    def _as(self, kind: Kind, node: exp.Expr, depth: int) -> Value:
        """The value, which has to be of a kind, or may turn out to be."""
        value = self.value(node, depth)
        value = self._moment(value, node) if kind == "time" else value
        if kind in ("any", value.kind) or (value.kind == "any" and kind != "time"):
            return value
        raise self._refusal(node, f"{_said(value)} is {_ARTICLE[value.kind]}; {_ARTICLE[kind]} is expected here.")

    def _moment(self, value: Value, at: exp.Expr) -> Value:
        """A text written in the expression as a time."""
        if not (isinstance(value, Literal) and isinstance(value.value, str)):
            return value
        try:
            moment = datetime.fromisoformat(value.value)
            return Literal((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(), "time")
        except (ValueError, OverflowError):
            message = f"{_said(value)} is no time. Write '2026-01-31' or '2026-01-31 18:00', in UTC."
            raise self._refusal(at, message) from None

    def _arithmetic(self, node: exp.Expr, depth: int) -> Call:
        sign = _ARITHMETIC[type(node)]
        left, right = self.value(node.this, depth), self.value(node.expression, depth)
        if sign == "-" and "time" in (left.kind, right.kind):
            left = self._moment(left, node.this)
            right = self._moment(right, node.expression)
        kinds = tuple("number" if each.kind == "any" else each.kind for each in (left, right))
        if (sign, *kinds) in (("-", "time", "number"), ("+", "time", "number"), ("+", "number", "time")):
            return Call(sign, (left, right), "time")
        if kinds == ("number", "number") or (sign, *kinds) == ("-", "time", "time"):
            return Call(sign, (left, right), "number")
        wrong, place = (right, node.expression) if kinds[0] == "number" else (left, node.this)
        raise self._refusal(place, f"{_said(wrong)} is {_ARTICLE[wrong.kind]}; '{sign}' is for numbers.")

    def _call(self, node: exp.Anonymous, depth: int) -> Call:
        name = _function(node)
        if name in TESTS:
            raise self._refusal(node, f"{name}(…) is true or false by itself; a value is expected here.")
        if name not in FUNCTIONS:
            raise self._refusal(node, f"There is no function '{name}'.{did_you_mean(name, [*FUNCTIONS, *TESTS])}")
        arguments = self._arguments(node, name, FUNCTIONS[name], depth)
        if name != "coalesce":
            return Call(name, arguments, FUNCTIONS[name].gives)
        known = next((each.kind for each in arguments if each.kind != "any"), None)
        if known is None:
            raise self._refusal(node, "Give coalesce a value to fall back on: coalesce(params.lr, 0).")
        return Call(name, tuple(self._as(known, each, depth) for each in node.expressions), known)

    def _arguments(self, node: exp.Anonymous, name: str, signature: Signature, depth: int) -> tuple[Value, ...]:
        given = node.expressions
        if not signature.fits(len(given)):
            raise self._refusal(node, f"{name} is called as {signature.shown(name)}; {len(given)} values were given.")
        return tuple(self._as(signature.kind(at), each, depth) for at, each in enumerate(given))

    def _terms(self, node: exp.Expr) -> list[exp.Expr]:
        """What one `and` or `or` joins, however many: without recursion."""
        terms: list[exp.Expr] = []
        left = [node]
        while left:
            each = left.pop()
            if type(each) is type(node):
                left += [each.expression, each.this]
            else:
                terms.append(each)
        if len(terms) > MOST_TERMS:
            raise self._refusal(
                terms[MOST_TERMS], f"At most {MOST_TERMS} conditions are joined; use in (…) for many values."
            )
        return terms

    def _bounded(self, node: exp.Expr, depth: int) -> None:
        if depth > DEEPEST:
            raise self._refusal(node, f"More than {DEEPEST} parts within each other.")

    def _refusal(self, node: exp.Expr, message: str) -> QueryError:
        places = [start for each in node.walk() if (start := each.meta.get("start")) is not None]
        return QueryError(message, self._text, min(places, default=0))


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _function(node: exp.Anonymous) -> str:
    return str(node.this).removeprefix(FUNCTION)


def _said(value: Value) -> str:
    if isinstance(value, Column):
        return f"{value.family}.{value.name}" if value.family else value.name
    if isinstance(value, Literal):
        return f"'{value.value}'" if isinstance(value.value, str) else f"{value.value:g}"
    return f"{value.function}(…)" if value.function.isalpha() else f"… {value.function} …"
