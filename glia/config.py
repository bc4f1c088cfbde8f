"""Dataclasses that travel: to and from plain dicts, TOML files and `key=value` settings.

Types and ranges are checked by pydantic; what is added is the refusal of unknown keys, which pydantic accepts in
silence for standard dataclasses, and errors in the user's words.
"""

import contextlib
import dataclasses
import datetime
import inspect
import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

import tomli_w
from pydantic import TypeAdapter, ValidationError

from glia.errors import ConfigError, NotFoundError, did_you_mean

T = TypeVar("T")
Plain = dict[str, Any]
"""Strings, numbers, booleans, lists and dicts of them: what both JSON and TOML can hold."""

# Of a list: quoted text, a table, or a word.
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ITEM = re.compile(r""" "[^"]*" | '[^']*' | \{[^{}]*\} | [^\s,\[\]"']+ """, re.VERBOSE)


def parameters_of(made_by: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """What a function or a class takes, by name: found out once, for it takes long."""
    return _parameters_of(cast(Any, made_by))


@cache
def _parameters_of(made_by: Any) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(made_by).parameters


def to_dict(value: object) -> Plain:
    """A dataclass as plain values: tuples become lists, what is None is left out (TOML has no null)."""
    return cast(Plain, _plain(dataclasses.asdict(cast(Any, value))))


def from_dict(kind: type[T], given: Mapping[str, Any], where: str = "") -> T:
    """Build the dataclass `kind` from plain values.

    Args:
        kind: a dataclass; its field types say what is accepted.
        given: plain values, nested dataclasses as nested dicts; in keys `-` is read as `_`.
        where: the place named in errors, such as `train`.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range.
    """
    values = _known_keys(kind, given, where)
    try:
        return cast(T, _adapter(cast(Any, kind)).validate_python(values))
    except ValidationError as error:
        raise ConfigError("\n".join(_sentences(where, values, error.errors()))) from None


def read_toml(path: str | Path) -> Plain:
    """A TOML file as a dict.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: the file cannot be read, or is not TOML; the message has the line and column.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"There is no recipe file '{path}'.") from None
    except OSError as error:
        raise ConfigError(f"The recipe file '{path}' cannot be read: {error.strerror}. Name a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"'{path}' is not a TOML file: {error}.") from None


def to_toml(values: Mapping[str, Any]) -> str:
    """Plain values as TOML text."""
    return tomli_w.dumps(cast(Plain, _plain(dict(values))))


def parse_settings(settings: Iterable[str]) -> Plain:
    """`["train.epochs=3", "model.hidden=[64, 32]"]` as `{"train.epochs": 3, "model.hidden": [64, 32]}`.

    The right side is read by `parse_value`; `relu,tanh` stays text, `[relu, tanh]` is a list.

    Raises:
        ConfigError: a setting without `=` or without a key.
    """
    values: Plain = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"'{setting}' is not a setting. Write KEY=VALUE, as in --set train.epochs=3.")
        values[key.strip()] = parse_value(text.strip())
    return values


def parse_value(text: str) -> Any:
    """One value in TOML's notation, or the text itself; dates stay text. Words in a list need no quotes.

    Example:
        >>> parse_value("3"), parse_value("[1, 2]"), parse_value("true"), parse_value("tanh")
        (3, [1, 2], True, 'tanh')
        >>> parse_value("[relu, tanh]"), parse_value("[{dense=64}, relu]")
        (['relu', 'tanh'], [{'dense': 64}, 'relu'])
    """
    if "\n" in text:
        return text
    for written in (text, _words_quoted(text)):
        with contextlib.suppress(tomllib.TOMLDecodeError):
            value = tomllib.loads(f"value = {written}")["value"]
            return text if isinstance(value, datetime.date | datetime.time) else value
    return text


def written(value: Any) -> str:
    """A value as `parse_value` reads it.

    Example:
        >>> written(3), written("tanh"), written("3"), written([64, "a b"]), written({"name": "sgd"})
        ('3', 'tanh', '"3"', '[64, "a b"]', '{name = "sgd"}')
    """
    if isinstance(value, str) and value and parse_value(value) == value:
        return value
    if isinstance(value, Mapping):
        keys = {key: key if _BARE.fullmatch(key) else _in_toml(key) for key in value}
        return "{" + ", ".join(f"{keys[key]} = {_in_toml(each)}" for key, each in value.items()) + "}"
    return _in_toml(value)


def _in_toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return written(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_in_toml, value)) + "]"
    if not isinstance(value, str | bool):
        return str(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # which JSON has and TOML has not


def name_and_options(what: str, given: str | Mapping[str, Any], known: Iterable[str]) -> tuple[str, Plain]:
    """A choice by name, `"sgd"`, or by a table of a name and options, `{"name": "sgd", "nesterov": true}`.

    Args:
        what: is chosen, for messages: `optimizer`.
        given: in the name `_` is read as `-`, and in options `-` as `_`.
        known: the names there are.

    Raises:
        ConfigError: a name that is not known, or a table without one.

    Example:
        >>> name_and_options("optimizer", {"name": "SGD", "nesterov": True}, ["sgd", "adam"])
        ('sgd', {'nesterov': True})
    """
    known = list(known)
    if not isinstance(given, str) and "name" not in given:
        article = "An" if what[0] in "aeiou" else "A"
        raise ConfigError(
            f"{article} {what} is a name or a table with a name such as {{name = '{known[0]}'}}, not {dict(given)}."
        )
    asked = str(given if isinstance(given, str) else given["name"])
    name = asked.lower().replace("_", "-")
    if name not in known:
        raise ConfigError(f"Unknown {what} '{asked}'.{did_you_mean(name, known)}")
    options = {} if isinstance(given, str) else {key.replace("-", "_"): value for key, value in given.items()}
    options.pop("name", None)
    return name, options


def check_options(what: str, name: str, options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse an option that a choice does not have.

    Raises:
        ConfigError: with the options it has.
    """
    known = list(known)
    for key in options:
        if key not in known:
            expected = did_you_mean(key, known) or " It has none."
            raise ConfigError(f"{what.capitalize()} '{name}' has no option '{key}'.{expected}")


def finite_number(what: str, name: str, key: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """An option's value as a float, both bounds included.

    Raises:
        ConfigError: not a finite number, or out of its range.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{what.capitalize()} '{name}': {key} must be a finite number, not {value!r}.")
    if not low <= value <= high:
        span = f"from {low:g} to {high:g}" if high < math.inf else f"at least {low:g}"
        raise ConfigError(f"{what.capitalize()} '{name}': {key} must be {span}, not {value:g}.")
    return float(value)


def flatten(nested: Mapping[str, Any], prefix: str = "") -> Plain:
    """`{"train": {"epochs": 3}}` as `{"train.epochs": 3}`; lists stay values."""
    flat: Plain = {}
    for key, value in nested.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def merge(base: Mapping[str, Any], flat: Mapping[str, Any]) -> Plain:
    """`base` with dotted keys set: `merge({"train": {"epochs": 3}}, {"train.seed": 7})`. `base` is not changed.

    Raises:
        ConfigError: a key that leads through a value which is not a section.
    """
    result: Plain = {key: merge(value, {}) if isinstance(value, Mapping) else value for key, value in base.items()}
    for dotted, value in flat.items():
        section = result
        *path, last = dotted.split(".")
        for name in path:
            section = section.setdefault(name, {})
            if not isinstance(section, dict):
                raise ConfigError(f"'{dotted}' cannot be set: '{name}' is a value, not a section. Set '{name}' itself.")
        section[last] = value
    return result


def _words_quoted(text: str) -> str:
    """A list with quotes around each item that is no TOML value; what is no list is left as it is."""

    def quoted(item: re.Match[str]) -> str:
        is_word = item[0][0] not in "\"'{" and isinstance(parse_value(item[0]), str)
        return f"'{item[0]}'" if is_word else item[0]

    return _ITEM.sub(quoted, text) if text.startswith("[") else text


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):  # a scalar of numpy or torch
        return value.item()
    return str(value) if isinstance(value, Path) else value


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _known_keys(kind: type[Any], given: Mapping[str, Any], where: str) -> Plain:
    """`given` with the names of fields as keys, nested dataclasses too; refuses what is no field."""
    hints = _hints(cast(Any, kind))
    known = [field.name for field in dataclasses.fields(kind) if field.init]
    values: Plain = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        place = f"{where}.{name}" if where else name
        if name not in known:
            raise ConfigError(f"Unknown setting '{place}'.{did_you_mean(name, known)}")
        if name in values:
            raise ConfigError(f"'{place}' is given twice, as '{name}' and as '{name.replace('_', '-')}'. Keep one.")
        values[name] = _section(hints[name], value, place) if dataclasses.is_dataclass(hints[name]) else value
    return values


def _section(kind: Any, value: Any, place: str) -> Any:
    if isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        keys = ", ".join(field.name for field in dataclasses.fields(kind))
        raise ConfigError(f"'{place}' is a section with the keys {keys}, not the value {value!r}.")
    return _known_keys(kind, value, place)


def _sentences(where: str, values: Plain, problems: Iterable[Any]) -> list[str]:
    """One sentence per place; what else a union would have taken is joined by "or"."""
    expected: dict[str, list[str]] = {}
    given: dict[str, str] = {}
    for problem in problems:
        message = str(problem["msg"])
        if problem["type"] == "value_error":  # raised by the dataclass itself, which knows best what to say
            return [str(problem["ctx"]["error"])]
        if problem["type"] == "missing":
            return [f"'{'.'.join(filter(None, [where, *map(str, problem['loc'])]))}' is missing and has no default."]
        place = ".".join(filter(None, [where, *_path(values, problem["loc"])]))
        wanted = re.split(r", (?:unable|got) | after validation", message.partition(" should ")[2] or message)[0]
        expected.setdefault(place, []).append(wanted.replace("valid tuple", "list"))
        given[place] = repr(problem["input"])
    deepest = [place for place in expected if not any(other.startswith(f"{place}.") for other in expected)]
    return [f"{place} should {' or '.join(expected[place])}, not {given[place]}." for place in deepest]


def _path(values: Any, location: Iterable[Any]) -> Iterable[str]:
    """The keys and indices in pydantic's location, without the types of a union that it names in between."""
    for part in location:
        is_key = isinstance(values, Mapping) and part in values
        if is_key or (isinstance(values, list | tuple) and isinstance(part, int)):
            values = values[part]
            yield str(part)
