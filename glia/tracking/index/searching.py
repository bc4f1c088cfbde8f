"""A search for runs → SQL: the user's expression, words, and the order.

Names in an expression: `id name project kind state created ended updated seconds notes parent data data_version
model`, and whatever runs say about themselves: `params.lr`, `tags.owner`, `summary.'validation/accuracy'` (what a run
came to), `metrics.'validation/accuracy'` (its last value).
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
)

from glia.errors import ConfigError, did_you_mean
from glia.query.clauses import Operand, clause
from glia.query.expressions import Column, Condition, Kind, columns
from glia.query.expressions import Names as Grammar
from glia.store.schema import details, facts, runs
from glia.tracking.index.entries import FAMILIES, is_shared
from glia.tracking.index.filing import Names
from glia.tracking.log.records import State

LIVE: tuple[State, ...] = ("queued", "starting", "running", "unreachable")
NEWEST_FIRST = "-created"

COLUMNS: dict[str, Kind] = {
    "id": "text",
    "name": "text",
    "project": "text",
    "kind": "text",
    "state": "text",
    "created": "time",
    "ended": "time",
    "updated": "time",
    "seconds": "number",
    "notes": "text",
    "parent": "text",
    "data": "text",
    "data_version": "text",
    "model": "text",
}
GRAMMAR = Grammar(COLUMNS, frozenset(FAMILIES))
# See `filing.file`. A sum, since for a bare number SQLite walks the table instead of an index that has all it needs.
NO_TRIAL = runs.c.number + 0 > 0
ASKING_FOR_TRIALS = {Column(name, "text") for name in ("id", "kind", "parent")}


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for, and in which order it comes.

    Args:
        where: an expression of `glia.query`.
        words: must all occur in names, notes, tags or params; `name=value` is a tag or param with that value.
        project: only runs of this project.
        state: only runs in this state.
        sort: a column, `params.lr` or the like, or just a metric's or param's name; `-` before it for descending.
            What has no value there comes last either way, and of equals the newest first.
        trials: also those of studies, which are left out unless the expression asks by `id`, `kind` or `parent`.

    Raises:
        ConfigError: the expression cannot be used, or there is no such state.
    """

    where: str = ""
    words: str = ""
    project: str | None = None
    state: State | None = None
    sort: str = NEWEST_FIRST
    trials: bool = False

    def __post_init__(self) -> None:
        if self.state is not None and self.state not in get_args(State):
            raise ConfigError(f"There is no state '{self.state}'.{did_you_mean(self.state, get_args(State))}")
        _ = self.condition  # refused where it is given, not where it is first used

    @cached_property
    def condition(self) -> Condition | None:
        """The expression, checked; None if there is none."""
        if not self.where.strip():
            return None
        from glia.query.parsing import parse  # loads sqlglot, which takes longer than a list does

        return parse(self.where, GRAMMAR)


class Plan:
    """A search in SQL.

    Args:
        search: what is looked for.
        names: of the facts in the database.
        states: of the runs, by number, whose state is not written: asked only if the search needs them.

    Raises:
        ConfigError: there is nothing to sort by.
    """

    def __init__(self, search: Search, names: Names, states: Callable[[], Mapping[int, State]]) -> None:
        self._names = names
        self._trials = search.trials or bool(search.condition and ASKING_FOR_TRIALS & columns(search.condition))
        self._columns = _Columns(names, states, self._trials)
        self._conditions = list(self._matching(search))
        self._filtered = self._columns.source  # without what only the order needs
        self._order = self._ordered(search.sort)

    def numbers(self) -> Select[Any]:
        """The runs that match, by number, in order."""
        return select(runs.c.number).select_from(self._columns.source).where(*self._conditions).order_by(*self._order)

    def outlines(self) -> Select[Any]:
        """How many runs match, by outline."""
        counted = select(runs.c.outline, func.count().label("runs"))
        return counted.select_from(self._filtered).where(*self._conditions).group_by(runs.c.outline)

    def count(self) -> Select[Any]:
        """How many runs match."""
        return select(func.count()).select_from(self._filtered).where(*self._conditions)

    def _matching(self, search: Search) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if not self._trials:
            conditions.append(NO_TRIAL)
        if search.project is not None:
            conditions.append(runs.c.project == search.project)
        if search.state is not None:
            conditions.append(self._columns.state() == search.state)
        conditions += [self._word(word) for word in search.words.lower().split()]
        if search.condition is not None:
            conditions.append(clause(search.condition, self._columns, self._columns.now))
        return conditions

    def _word(self, word: str) -> ColumnElement[bool]:
        if "=" not in word:
            return func.instr(self._columns.detail("words"), word) > 0
        ending, _, wanted = word.partition("=")
        ids = [
            number
            for (family, name), number in self._names.numbers.items()
            if family in ("params", "tags") and f".{name.lower()}".endswith(f".{ending}")
        ]
        same = [func.lower(facts.c.text) == wanted]
        with contextlib.suppress(ValueError):
            same.append(facts.c.number == float({"true": "1", "false": "0"}.get(wanted, wanted)))
        there = select(facts.c.run).where(facts.c.name.in_(ids), or_(*same))
        found: ColumnElement[bool] = there.where(facts.c.run == runs.c.number).exists()
        if self._trials:
            own = facts.alias()
            differs = select(own.c.run).where(own.c.run == runs.c.number, own.c.name == facts.c.name)
            differs = differs.correlate(runs, facts)  # of which only the nearest is found without being named
            found = or_(found, there.where(facts.c.run == self._columns.study().c.number, ~differs.exists()).exists())
        return found if ids else false()

    def _ordered(self, sort: str) -> list[ColumnElement[Any]]:
        descending, name = sort.startswith("-"), sort.removeprefix("-")
        if name in ("created", "updated"):  # always there, so that an index will do
            first, missing = _always(runs.c[name])
        else:
            value = self._columns.operand(Column(name, COLUMNS[name])) if name in COLUMNS else self._named(sort, name)
            first, missing = _ranks(value)
        turned = [each.desc() if descending else each.asc() for each in first]
        newest = [] if name == "created" else [runs.c.created.desc()]
        # By number, not by id: so an index has all that is needed, and the table is left alone.
        return [*missing, *turned, *newest, runs.c.number.desc()]

    def _named(self, sort: str, name: str) -> Operand:
        family, _, rest = name.partition(".")
        if (family, bare := rest.strip("'\"")) in self._names.numbers:
            found = self._columns.fact(family, bare)
            return found if family in ("params", "tags") else Operand(number=found.number)
        said, last, param = (self._columns.fact(each, name) for each in ("summary", "metrics", "params"))
        known = [each for each in (said, last, param) if each.number is not None]
        if not known:
            there = [*COLUMNS, *self._names.of("metrics"), *self._names.of("params")]
            raise ConfigError(f"sort='{sort}': no run has a column '{name}'.{did_you_mean(name, there)}")
        if len(known) == 1 and known[0] is param:
            return param
        number = known[0].number if len(known) == 1 else func.coalesce(*(each.number for each in known))
        # A run that came to NaN has no value here, whatever it logged last.
        return Operand(number=number if said.text is None else case((said.text == "NaN", null()), else_=number))


def unknown(search: Search, names: Names) -> str:
    """What to say of names in the expression that no run has: none of these is an error, as runs to come may."""
    said = ""
    for column in sorted(columns(search.condition) if search.condition else (), key=lambda each: each.name):
        if column.family and (column.family, column.name) not in names.numbers:
            hint = did_you_mean(column.name, names.of(column.family))
            said += f" No run has {column.family}.{column.name}.{hint}"
    return said


class _Columns:
    """The names of expressions in the tables. What is asked for is joined to `source`.

    With `trials`, the params of a trial are those of its study where it has none of its own.
    """

    def __init__(self, names: Names, states: Callable[[], Mapping[int, State]], trials: bool) -> None:
        self.source: FromClause = runs
        self.now = time.time()
        self._names, self._find_states = names, states
        self._facts: dict[tuple[str, str], Operand] = {}
        self._states: Mapping[int, State] | None = None
        self._detailed = False
        self._trials = trials
        self._study: FromClause | None = None

    def operand(self, column: Column) -> Operand:
        """Where a name of an expression is found."""
        if column.family:
            found = self.fact(column.family, column.name)
            return found if found.number is not None else Operand(cast(null(), Float), cast(null(), String))
        if column.name == "state":
            return Operand(text=self.state())
        if column.name == "seconds":
            return Operand(number=self._seconds())
        if column.name == "notes":
            return Operand(text=self.detail("notes"))
        found_column = runs.c[column.name]
        return Operand(text=found_column) if column.kind == "text" else Operand(number=found_column)

    def fact(self, family: str, name: str) -> Operand:
        """The fact of that name; an empty operand if no run has one."""
        number = self._names.numbers.get((family, name))
        if number is None:
            return Operand()
        if (family, name) not in self._facts:
            fact = facts.alias()
            self.source = self.source.outerjoin(fact, and_(fact.c.name == number, fact.c.run == runs.c.number))
            self._facts[family, name] = Operand(fact.c.number, fact.c.text)
            if self._trials and family == "params" and is_shared(name):
                shared = facts.alias()
                same = and_(shared.c.name == number, shared.c.run == self.study().c.number)
                self.source = self.source.outerjoin(shared, same)
                own = fact.c.run.is_not(None)
                self._facts[family, name] = Operand(
                    case((own, fact.c.number), else_=shared.c.number), case((own, fact.c.text), else_=shared.c.text)
                )
        return self._facts[family, name]

    def study(self) -> FromClause:
        """The study of a trial; of other runs nothing."""
        if self._study is None:
            self._study = runs.alias()
            self.source = self.source.outerjoin(self._study, and_(runs.c.number < 0, self._study.c.id == runs.c.parent))
        return self._study

    def detail(self, name: str) -> ColumnElement[Any]:
        """A column of `details`."""
        if not self._detailed:
            self.source = self.source.join(details, details.c.run == runs.c.number)
            self._detailed = True
        return details.c[name]

    def state(self) -> ColumnElement[str]:
        """The state: found out for those that may live, written for the rest."""
        by_state: dict[State, list[int]] = {}
        for number, state in self._derived().items():
            by_state.setdefault(state, []).append(number)
        ways = [(_among(numbers), literal(state)) for state, numbers in by_state.items()]
        died = and_(runs.c.settled, runs.c.said.in_(("starting", "running")))
        return case(*ways, (died, literal("crashed")), else_=runs.c.said)

    def _seconds(self) -> ColumnElement[float]:
        live = [number for number, state in self._derived().items() if state in LIVE]
        lives = or_(_among(live), runs.c.said == "queued") if live else runs.c.said == "queued"
        end = func.coalesce(runs.c.ended, case((lives, self.now), else_=runs.c.updated))
        return func.max(end - runs.c.created, 0.0, type_=Float)

    def _derived(self) -> Mapping[int, State]:
        if self._states is None:
            self._states = self._find_states()
        return self._states


def _among(numbers: list[int]) -> ColumnElement[bool]:
    # Written out: they are our own, and there may be more than a statement can have bound.
    return runs.c.number.in_(bindparam(None, numbers, expanding=True, literal_execute=True))


def _always(column: ColumnElement[Any]) -> tuple[list[ColumnElement[Any]], list[ColumnElement[Any]]]:
    return [column], []


def _ranks(value: Operand) -> tuple[list[ColumnElement[Any]], list[ColumnElement[Any]]]:
    """What to sort by, numbers before texts; and what to sort by before: whether there is any."""
    if value.text is None:
        number = value.number
        return [number], [number.is_(None)]  # type: ignore[list-item,union-attr]
    if value.number is None:
        return [func.lower(value.text)], [value.text.is_(None)]
    missing = and_(value.number.is_(None), value.text.is_(None))
    return [value.number.is_(None), value.number, func.lower(value.text)], [missing]
