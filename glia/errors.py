"""What Glia raises: messages that say what was given, what was expected and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class GliaError(Exception):
    """Base of everything Glia raises on purpose; its text is meant for the person who reads it."""


class ConfigError(GliaError, ValueError):
    """A recipe, a setting or an argument that cannot be used."""


class DataError(GliaError, ValueError):
    """Data that cannot be read, or that cannot be learned from."""


class NotFoundError(GliaError, LookupError):
    """A run, a file, a name that is not there."""


class TrainingError(GliaError, RuntimeError):
    """Training that cannot go on, such as a loss that is not a number."""


class StoreError(GliaError, OSError):
    """A `.glia` folder that cannot be found, opened or trusted."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name.

    Returns:
        `" Did you mean 'price'?"` when something in `known` is close to `given`, else the first known names,
        else nothing.

    Example:
        >>> did_you_mean("prise", ["rooms", "price"])
        " Did you mean 'price'?"
        >>> did_you_mean("x", ["rooms", "price"])
        ' There are: rooms, price.'
    """
    names = list(known)
    lower = {name.lower(): name for name in names}
    close = get_close_matches(given.lower(), list(lower), n=1, cutoff=0.6)
    if close:
        return f" Did you mean '{lower[close[0]]}'?"
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f" There are: {shown}."


def counted(count: int, singular: str, plural: str = "") -> str:
    """A number with its noun.

    Example:
        >>> counted(1, "run"), counted(2000, "run"), counted(2, "entry", "entries")
        ('1 run', '2,000 runs', '2 entries')
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
