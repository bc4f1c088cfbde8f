"""Dataclasses that travel: to and from plain dicts, TOML files and `key=value` settings.

Types and ranges are checked by pydantic; what is added is the refusal of unknown keys, which pydantic accepts in
silence for standard dataclasses, and errors in the user's words.
"""

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast, get_type_hints

import tomli_w
from pydantic import TypeAdapter, ValidationError

from glia.errors import ConfigError, NotFoundError, did_you_mean

T = TypeVar("T")
Plain = dict[str, Any]
"""Strings, numbers, booleans, lists and dicts of them: what both JSON and TOML can hold."""


def to_dict(value: object) -> Plain:
    """A dataclass as plain values: tuples become lists, what is None is left out (TOML has no null)."""
    return cast(Plain, _plain(dataclasses.asdict(cast(Any, value))))


def from_dict(kind: type[T], given: Mapping[str, Any], where: str = "") -> T:
    """Build the dataclass `kind` from plain values.

    Args:
        kind: a dataclass; its field types say what is accepted.
        given: plain values, nested dataclasses as nested dicts.
        where: the place named in errors, such as `train`.

    Raises:
        ConfigError: an unknown key, a value of the wrong type or out of range.
    """
    _refuse_unknown(kind, given, where)
    try:
        return TypeAdapter(kind).validate_python(dict(given))
    except ValidationError as error:
        raise ConfigError("\n".join(_sentence(where, problem) for problem in error.errors())) from None


def read_toml(path: str | Path) -> Plain:
    """A TOML file as a dict.

    Raises:
        NotFoundError: there is no such file.
        ConfigError: the file is not TOML; the message has the line and column.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"There is no recipe file '{path}'.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"'{path}' is not a TOML file: {error}.") from None


def to_toml(values: Mapping[str, Any]) -> str:
    """Plain values as TOML text."""
    return tomli_w.dumps(cast(Plain, _plain(dict(values))))


def parse_settings(settings: Iterable[str]) -> Plain:
    """`["train.epochs=3", "model.hidden=[64, 32]"]` as `{"train.epochs": 3, "model.hidden": [64, 32]}`.

    The right side is read as a TOML value; what is none, such as `tanh`, is text. `relu,tanh` stays text too.

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
    """One value in TOML's notation, or the text itself.

    Example:
        >>> parse_value("3"), parse_value("[1, 2]"), parse_value("true"), parse_value("tanh")
        (3, [1, 2], True, 'tanh')
    """
    if "\n" in text:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


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
                raise ConfigError(f"'{dotted}' cannot be set: '{name}' is a value, not a section.")
        section[last] = value
    return result


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _refuse_unknown(kind: type[Any], given: Mapping[str, Any], where: str) -> None:
    hints = get_type_hints(kind)
    known = [field.name for field in dataclasses.fields(kind) if field.init]
    for key, value in given.items():
        place = f"{where}.{key}" if where else key
        if key not in known:
            raise ConfigError(f"Unknown setting '{place}'.{did_you_mean(key, known)}")
        inner = hints[key]
        if isinstance(inner, type) and dataclasses.is_dataclass(inner) and isinstance(value, Mapping):
            _refuse_unknown(inner, value, place)


def _sentence(where: str, problem: Any) -> str:
    # pydantic adds the tried type of a union to the location; only the dotted names of fields say something here.
    path = [str(part) for part in problem["loc"] if isinstance(part, int) or str(part).isidentifier()]
    place = ".".join([where, *path] if where else path)
    message = str(problem["msg"])
    return f"{place}: {message[0].lower()}{message[1:]}, not {problem['input']!r}."
