"""What a setting may be while it is varied: a range of numbers, or choices.

Both are asked the same: how many values there are, the value at a place, the value of a uniform number, the place of a
value. A range with a step or with points has those values only, whichever method searches.
"""

import json
import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from glia.config import Plain
from glia.errors import ConfigError

Number = int | float


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; whole numbers where both are (and the step, if there is one).

    Args:
        low: the least.
        high: the greatest; with a step it is among the values only where a step hits it.
        log: whether ratios count and not differences, as for a learning rate.
        step: the distance between values; none for a `log` range.
        points: how many values, evenly apart, both ends among them; of whole numbers perhaps fewer.

    Raises:
        ConfigError: ends, step or points that make no range.

    Example:
        >>> Range(10, 100, step=20).all()
        (10, 30, 50, 70, 90)
        >>> Range(1e-4, 1e-1, log=True, points=4).all()
        (0.0001, 0.001, 0.01, 0.1)
    """

    low: Number
    high: Number
    log: bool = False
    step: Number | None = None
    points: int | None = None

    def __post_init__(self) -> None:
        given = {name: _number(name, getattr(self, name)) for name in ("low", "high", "step") if _given(self, name)}
        whole = all(isinstance(number, int) for number in given.values())
        for name, number in given.items():
            object.__setattr__(self, name, number if whole else float(number))
        self._refuse()

    @property
    def whole(self) -> bool:
        """Whether the values are whole numbers."""
        return isinstance(self.low, int)

    @property
    def ordered(self) -> bool:
        """That neighbours are alike."""
        return True

    @property
    def listed(self) -> bool:
        """Whether there are single values with gaps between."""
        return self.step is not None or self.points is not None

    @cached_property
    def size(self) -> float:
        """How many values there are; infinite for a continuous range."""
        if self.points is not None:
            return len(self._pointed)
        if self.step is not None:
            return int((_decimal(self.high) - _decimal(self.low)) // _decimal(self.step)) + 1
        if self.whole:
            return int(self.high - self.low) + 1
        return 1 if self.low == self.high else math.inf

    @property
    def continuous(self) -> bool:
        """Whether there are more values than can be counted."""
        return self.size == math.inf

    def at(self, place: int) -> Number:
        """The value at a place, from 0; not of a continuous range."""
        if self.points is not None:
            return self._pointed[place]
        if self.step is not None and not self.whole:  # in decimals: 0.1 + 2 * 0.1 is 0.3
            return float(_decimal(self.low) + place * _decimal(self.step))
        return self.low + place * (1 if self.step is None else self.step)

    def all(self) -> tuple[Number, ...]:
        """All values; not of a continuous range."""
        return tuple(self.at(place) for place in range(int(self.size)))

    def examples(self) -> tuple[Number, ...]:
        """Values that stand for all: the least, the greatest, and one between, which may be no whole number."""
        last = self.high if self.continuous else self.at(int(self.size) - 1)
        between_them = self.at(min(1, int(self.size) - 1)) if self.listed else self.draw(0.382)
        return tuple(dict.fromkeys((self.low, last, between_them)))

    def draw(self, uniform: float) -> Number:
        """The value that a number from [0, 1) leads to."""
        if self.listed or (self.whole and not self.log):
            return self.at(min(int(uniform * self.size), int(self.size) - 1))
        # Half a unit beyond both ends, so that the first and the last whole number have their full share.
        beyond = 0.5 if self.whole else 0.0
        low, high = self.low - beyond, self.high + beyond
        value = low * (high / low) ** uniform if self.log else low + uniform * (high - low)
        return min(max(round(value) if self.whole else value, self.low), self.high)

    def position(self, value: Number) -> float:
        """Where a value lies: 0 is the least, 1 the greatest, by ratio in a `log` range."""
        if self.low == self.high:
            return 0.0
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return float((value - self.low) / (self.high - self.low))

    def index(self, value: Number) -> int:
        """The place of a value; not of a continuous range."""
        if self.points is not None:
            return self._pointed.index(value)
        return int((_decimal(value) - _decimal(self.low)) / _decimal(self.step or 1))

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        if self.points is not None:
            return value in self._pointed
        if self.step is not None:
            return (_decimal(value) - _decimal(self.low)) % _decimal(self.step) == 0
        return not self.whole or value == int(value)

    def __str__(self) -> str:
        more = ":log" * self.log + "".join(f":{each}" for each in (self.step, self.points) if each is not None)
        return f"{self.low}..{self.high}{more}"

    def table(self) -> Plain:
        """As a table of a recipe's `[vary]`."""
        fields: Plain = {"low": self.low, "high": self.high}
        fields |= {"log": True} if self.log else {}
        return fields | {name: getattr(self, name) for name in ("step", "points") if _given(self, name)}

    @cached_property
    def _pointed(self) -> tuple[Number, ...]:
        """The values of a range with points."""
        shares = [place / ((self.points or 2) - 1) for place in range(self.points or 2)]
        if self.log:
            inner = [self.low * (self.high / self.low) ** share for share in shares]
        else:
            inner = [self.low + share * (self.high - self.low) for share in shares]
        # To twelve digits, so that 0.001 is not 0.0010000000000000002; the ends as they were given.
        inner = [self.low, *(float(f"{value:.12g}") for value in inner[1:-1]), self.high]
        return tuple(dict.fromkeys(round(value) if self.whole else value for value in inner))

    def _refuse(self) -> None:
        if not isinstance(self.log, bool):
            raise ConfigError(f"'log' of a range is true or false, not {self.log!r}.")
        if self.low > self.high:
            raise ConfigError(
                f"The range {self} begins above its end. Write {self.high}..{self.low}{':log' * self.log}."
            )
        if self.log and self.low <= 0:
            raise ConfigError(f"The range {self} is logarithmic and begins at {self.low}. It must begin above 0.")
        if self.log and self.step is not None:
            raise ConfigError(
                f"The range {self} is logarithmic: it has no step. Give it points, as in 1e-4..1e-1:log:4."
            )
        if self.step is not None and self.points is not None:
            raise ConfigError(f"The range {self} has a step ({self.step}) and points ({self.points}). Keep one.")
        if self.step is not None and self.step <= 0:
            raise ConfigError(f"The step {self.step} of the range {self.low}..{self.high} must be above 0.")
        count = self.points
        if count is not None and (type(count) is not int or count < 2):
            raise ConfigError(
                f"The range {self.low}..{self.high} has {count!r} points. It needs a whole number from 2."
            )


@dataclass(frozen=True)
class Choice:
    """Values to choose from: names, numbers, `true` and `false`, lists, tables.

    Raises:
        ConfigError: none, the same twice, or what no recipe can hold.

    Example:
        >>> Choice(("relu", "tanh")).draw(0.7)
        'tanh'
    """

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        values = tuple(_plain(value) for value in self.values)
        object.__setattr__(self, "values", values)
        if not values:
            raise ConfigError("There is nothing to choose from. Name the choices, as in relu,tanh.")
        seen: set[str] = set()
        for value in values:
            if (text := json.dumps(value, sort_keys=True)) in seen:
                raise ConfigError(f"The choice {shown(value)} is named twice in {self}. Keep one.")
            seen.add(text)

    @cached_property
    def ordered(self) -> bool:
        """Whether neighbours are alike: numbers that only rise or only fall."""
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values):
            return False
        return self.values in (tuple(sorted(self.values)), tuple(sorted(self.values, reverse=True)))

    @property
    def listed(self) -> bool:
        """That there are single values."""
        return True

    @property
    def size(self) -> float:
        """How many there are."""
        return len(self.values)

    @property
    def continuous(self) -> bool:
        """That they can be counted."""
        return False

    def at(self, place: int) -> Any:
        """The choice at a place, from 0."""
        return self.values[place]

    def all(self) -> tuple[Any, ...]:
        """All of them."""
        return self.values

    def examples(self) -> tuple[Any, ...]:
        """All of them: of choices, none stands for another."""
        return self.values

    def draw(self, uniform: float) -> Any:
        """The choice that a number from [0, 1) leads to."""
        return self.values[min(int(uniform * len(self.values)), len(self.values) - 1)]

    def position(self, value: Any) -> float:
        """Where a choice stands among the others: 0 is the first, 1 the last."""
        return self.index(value) / max(len(self.values) - 1, 1)

    def index(self, value: Any) -> int:
        """The place of a choice."""
        return next(place for place, each in enumerate(self.values) if _same(each, value))

    def __contains__(self, value: object) -> bool:
        return any(_same(each, value) for each in self.values)

    def __str__(self) -> str:
        return ",".join(map(shown, self.values))

    def table(self) -> Plain:
        """As a table of a recipe's `[vary]`."""
        return {"values": list(self.values)}


Values = Range | Choice
"""What a setting may be."""


def between(
    low: Number, high: Number, *, log: bool = False, step: Number | None = None, points: int | None = None
) -> Range:
    """Numbers from `low` to `high`, whole where both are.

    Raises:
        ConfigError: ends, step or points that make no range.

    Example:
        >>> str(between(1e-4, 1e-1, log=True)), str(between(10, 100, step=20))
        ('0.0001..0.1:log', '10..100:20')
    """
    return Range(low, high, log, step, points)


def choice(*values: Any) -> Choice:
    """Values to choose from.

    Raises:
        ConfigError: none, or the same twice.

    Example:
        >>> choice("relu", "tanh").size
        2
    """
    return Choice(values)


def shown(value: Any) -> str:
    """A value as it is written on the command line.

    Example:
        >>> shown("relu"), shown(True), shown([64, 64]), shown(0.001)
        ('relu', 'true', '[64, 64]', '0.001')
    """
    return value if isinstance(value, str) else json.dumps(value)


def _given(values: Range, name: str) -> bool:
    return getattr(values, name) is not None


def _number(name: str, value: Any) -> Number:
    value = value.item() if hasattr(value, "item") else value  # a scalar of numpy or torch
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"'{name}' of a range must be a finite number, not {value!r}.")
    return value


def _decimal(value: Number) -> Decimal:
    return Decimal(repr(value))


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    is_number = isinstance(value, int | float) and math.isfinite(value)
    if not is_number and not isinstance(value, str):
        raise ConfigError(f"{value!r} cannot be a choice: a recipe holds text, finite numbers, true, false and lists.")
    return value


def _same(one: Any, other: Any) -> bool:
    """Equal, and not 1 for true."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
