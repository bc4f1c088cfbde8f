"""Spaces as they are written: texts of the command line, the table `[vary]` of a recipe, a dict in Python.

Of one setting:

    1e-4..1e-1:log      from 0.0001 to 0.1, by ratio; 1e-4..1e-1:log:4 has the four values 0.0001, 0.001, 0.01, 0.1
    0.0..0.5            all numbers between; 0.0..0.5:0.1 six of them
    2..6                whole numbers; 10..100:20 is 10, 30, 50, 70, 90
    relu,swish,tanh     choices; also true,false and lists: [64],[64,64],[128]
    …?train.optimizer=sgd   only where the condition holds, of several values where it has one of them
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glia import config, recipe
from glia.errors import ConfigError, did_you_mean
from glia.recipe import Recipe
from glia.search.dimensions import Choice, Range, Values
from glia.search.space import Dimension, Space

FIELDS = ("low", "high", "log", "step", "points", "values", "when")
FORMS = "Write a range, 1e-4..1e-1:log or 10..100:20, or choices, relu,tanh."

When = dict[str, tuple[Any, ...]]


def parse(texts: Iterable[str]) -> Space:
    """The space that `--vary KEY=VALUES …` names.

    Raises:
        ConfigError: a text that is no setting with its values, or what `Space` refuses.

    Example:
        >>> parse(["train.learning_rate=1e-4..1e-1:log:4", "model.activation=relu,tanh"]).size
        8
    """
    dimensions = []
    for text in texts:
        key, equals, written = text.partition("=")
        if not equals or not key.strip() or not written.strip():
            raise ConfigError(f"'{text}' is no setting with its values. Write train.learning_rate=1e-4..1e-1:log")
        dimensions.append(_of_text(snake(key.strip()), written))
    return Space(tuple(dimensions))


def from_table(table: Mapping[str, Any]) -> Space:
    """The space in a recipe's `[vary]`, or in a dict: key → range, choices, text, list or table.

    A table has `low` and `high`, perhaps `log`, `step` or `points`, or `values`; and perhaps `when`.

    Raises:
        ConfigError: what is none of these, or what `Space` refuses.

    Example:
        >>> space = from_table({"train.momentum": {"low": 0.0, "high": 0.99, "when": {"train.optimizer": "sgd"}},
        ...                     "train.optimizer": ["sgd", "adam"]})
        >>> space.settings({"train.momentum": 0.9, "train.optimizer": "adam"})
        {'train.optimizer': 'adam'}
    """
    return Space(tuple(_of_value(snake(key), value) for key, value in _flat(table)))


def read_recipe(path: str | Path, settings: Mapping[str, Any] | None = None) -> tuple[Recipe, Space | None]:
    """The recipe in a TOML file, with settings laid over it, and the space of its `[vary]`; None without one.

    Raises:
        ConfigError: the recipe, or what it varies, cannot be used.
    """
    values = config.read_toml(path)
    vary = values.pop("vary", None)
    read = recipe.from_dict(values).with_settings(settings or {})
    if vary is None:
        return read, None
    if not isinstance(vary, Mapping):
        raise ConfigError(f"'vary' is a section of the recipe, not {vary!r}: write [vary] above its keys.")
    return read, from_table(vary)


def values_of(text: str) -> Values:
    """The values that a text names, without a condition.

    Raises:
        ConfigError: it is neither a range nor choices.

    Example:
        >>> values_of("10..100:20").all(), values_of("[64],[64, 64]").all()
        ((10, 30, 50, 70, 90), ([64], [64, 64]))
    """
    text = text.strip()
    items = _items(text)
    if len(items) > 1:
        if not all(items):
            raise ConfigError(f"'{text}' has a comma with nothing beside it. {FORMS}")
        return Choice(tuple(config.parse_value(item) for item in items))
    low, dots, rest = text.partition("..")
    if not dots or text.startswith(("[", "{", "'", '"')):
        raise ConfigError(f"'{text}' is one value, so nothing varies. {FORMS}")
    high, *options = rest.split(":")
    return _range(text, low, high, [option.strip() for option in options])


def _range(text: str, low: str, high: str, options: list[str]) -> Range:
    log = options[:1] == ["log"]
    numbers = [config.parse_value(number.strip()) for number in (low, high, *options[log:])]
    wrong = any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers)
    if wrong or len(numbers) > 3:
        raise ConfigError(f"'{text}' is no range. {FORMS}")
    more = numbers[2] if len(numbers) == 3 else None
    return Range(numbers[0], numbers[1], log, step=None if log else more, points=more if log else None)


def _of_text(key: str, text: str) -> Dimension:
    written, *conditions = text.split("?")
    when: When = {}
    for condition in conditions:
        name, equals, values = condition.partition("=")
        if not equals or not name.strip() or not values.strip():
            raise ConfigError(f"'?{condition}' of '{key}' is no condition. Write …?train.optimizer=sgd")
        if snake(name.strip()) in when:
            raise ConfigError(f"'{key}' has two conditions on '{name.strip()}'. Write one with both: sgd,rmsprop.")
        when[snake(name.strip())] = tuple(config.parse_value(item) for item in _items(values))
    return Dimension(key, _named(key, lambda: values_of(written)), when)


def _of_value(key: str, value: Any) -> Dimension:
    if isinstance(value, Dimension):
        return Dimension(key, value.values, value.when)
    if isinstance(value, Range | Choice):
        return Dimension(key, value)
    if isinstance(value, str):
        return _of_text(key, value)
    if isinstance(value, list | tuple):
        return Dimension(key, _named(key, lambda: Choice(tuple(value))))
    if isinstance(value, Mapping):
        return _of_table(key, value)
    raise ConfigError(f"'{key}' is varied by {value!r}, which is neither a range nor choices. {FORMS}")


def _of_table(key: str, table: Mapping[str, Any]) -> Dimension:
    for name in table:
        if name not in FIELDS:
            raise ConfigError(f"'{key}' has no field '{name}' to be varied by.{did_you_mean(name, FIELDS)}")
    given = {name: value for name, value in table.items() if name not in ("values", "when")}
    when = _conditions(key, table.get("when", {}))
    if "values" in table:
        if given:
            raise ConfigError(f"'{key}' has values and {', '.join(given)}. It is either choices or a range.")
        return Dimension(key, _named(key, lambda: Choice(tuple(table["values"]))), when)
    if not {"low", "high"} <= given.keys():
        raise ConfigError(f"'{key}' is varied by a table without low and high, or values. It has: {', '.join(table)}.")
    return Dimension(key, _named(key, lambda: Range(**given)), when)


def _conditions(key: str, when: Any) -> When:
    if not isinstance(when, Mapping):
        raise ConfigError(f"'when' of '{key}' is a table, as in {{ 'train.optimizer' = 'sgd' }}, not {when!r}.")
    flat = config.flatten(when)
    return {snake(name): tuple(value) if isinstance(value, list | tuple) else (value,) for name, value in flat.items()}


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Keys with their values; TOML reads `train.seed = …` without quotes as a table in a table."""
    for key, value in table.items():
        if isinstance(value, Mapping) and not set(value) & {"low", "high", "values"}:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _named(key: str, read: Any) -> Values:
    """What is read; an error says of which key."""
    try:
        values: Values = read()
    except ConfigError as error:
        raise ConfigError(f"{key}: {error}") from None
    return values


def _items(text: str) -> list[str]:
    """The text between commas that are in no bracket and no quotes."""
    items, depth, quote = [""], 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "[{(":
            depth += 1
        elif sign in ")}]":
            depth -= 1
        if sign == "," and not depth and not quote:
            items.append("")
        else:
            items[-1] += sign
    return [item.strip() for item in items]


def snake(key: str) -> str:
    """A key as `Recipe.with_settings` reads it: `-` as `_` in the field's name, labels below it as they are.

    Example:
        >>> snake("train.learning-rate"), snake("task.class-weight.non-fiction")
        ('train.learning_rate', 'task.class_weight.non-fiction')
    """
    section, dot, rest = key.partition(".")
    name, *below = rest.split(".")
    return ".".join([section + dot + name.replace("-", "_"), *below])
