"""What may be logged: names of metrics, numbers, steps and times, with the reason where something may not."""

import operator
from typing import Any

from glia.errors import ConfigError

MACHINE = "machine/"  # begins the names of what the machine did: no results, and never declared void
LARGEST_WHOLE = 2**53
LONGEST_NAME = 500
LATEST = 2**63  # nanoseconds since 1970: in the year 2262


def check_name(name: object) -> None:
    """Refuse what is not the name of a metric.

    Raises:
        ConfigError: not a text, empty, or longer than 500 characters.
    """
    if not isinstance(name, str) or not name or len(name) > LONGEST_NAME:
        if isinstance(name, str) and name:
            long = f"{name[:60]!r}… has {len(name):,} characters"
            raise ConfigError(f"The name of a metric has at most {LONGEST_NAME} characters: {long}.")
        raise ConfigError(f"The name of a metric is a text such as 'train/loss', not {str(name)[:60]!r}.")


def to_number(name: str, value: Any) -> float:
    """A number, a boolean or an array of one number as a float; `name` is the metric's.

    Raises:
        ConfigError: something else, or an integer that a float cannot hold.
    """
    given = value
    if not isinstance(value, int | float):
        try:
            value = value.item() if hasattr(value, "item") else float(value) if hasattr(value, "__float__") else None
        except (TypeError, ValueError, RuntimeError, OverflowError):
            value = None
    if not isinstance(value, int | float):
        shape = f" of shape {tuple(given.shape)}" if hasattr(given, "shape") else ""
        raise ConfigError(f"'{name}' is {str(given)[:60]!r} ({type(given).__name__}{shape}). Log a single number.")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise ConfigError(
            f"'{name}' is {_short(value)}, beyond 2**53: numbers are kept as 64-bit floats, which cannot tell it "
            "from its neighbours. Log it in larger units, or keep it as a parameter."
        )
    return float(value)


def _short(value: int) -> str:
    return str(value) if abs(value) < 10**30 else f"an integer of {value.bit_length():,} bits"


def to_step(step: Any) -> int:
    """A step as an integer.

    Raises:
        ConfigError: not a whole number.
    """
    try:
        whole: int = operator.index(step)
        return whole
    except TypeError:
        raise ConfigError(f"step={step!r} is not a whole number.") from None


def to_nanoseconds(time: Any) -> int:
    """Seconds since 1970 as nanoseconds.

    Raises:
        ConfigError: not a number, or too far away.
    """
    try:
        nanoseconds: int = round(time * 1e9)
    except (TypeError, ValueError, OverflowError):
        nanoseconds = LATEST
    if abs(nanoseconds) >= LATEST:
        raise ConfigError(f"time={time!r} is not a time: give seconds since 1970, as time.time() does.")
    return nanoseconds
