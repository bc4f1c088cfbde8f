"""The arguments of any command as params, and the script that it starts."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from glia.tracking.capture.masking import MASK, is_secret_word, mask_arguments
from glia.tracking.capture.snapshot import is_taken

Value = str | int | float | bool

_PYTHON = re.compile(r"(?:python|pypy|pythonw|uv|ipython)[\d.]*(?:\.exe)?", re.IGNORECASE)
_WITH_VALUE = ("-m", "-W", "-X", "--with", "--python")  # of Python and uv: the next argument belongs to them
_ENDING = ("-c", "-m")  # of Python: what follows belongs to the program
_FLAG = re.compile(r"--?[A-Za-z][\w.-]*")
_KEY = re.compile(r"\+{0,2}[A-Za-z_][\w./-]*")
_WHOLE = re.compile(r"[+-]?\d{1,15}")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def params_of(command: Sequence[str]) -> dict[str, Value | list[Value]]:
    """Params by name: `--lr 0.1`, `--lr=0.1` and `lr=0.1`; a flag alone is True, several values are a list.

    Arguments of the interpreter are none, nor are those without a name. Numbers become numbers, secrets `…`.

    Example:
        >>> params_of(["python", "-u", "train.py", "--lr", "0.1", "--hidden", "64", "32", "--fast", "seed=3"])
        {'lr': 0.1, 'hidden': [64, 32], 'fast': True, 'seed': 3}
    """
    found: dict[str, list[str]] = {}
    name = ""
    for argument in mask_arguments(_after_the_script(command)):
        flag, equals, value = argument.partition("=")
        if argument == "--":
            name = ""
        elif _FLAG.fullmatch(flag):
            name = flag.lstrip("-").replace("-", "_")
            found.setdefault(name, [])
            if equals:
                found[name].append(value)
                name = ""
        elif equals and _KEY.fullmatch(flag):
            found.setdefault(flag.lstrip("+"), []).append(value)
            name = ""
        elif name:
            found[name].append(argument)
    return {name: _joined(name, values) for name, values in found.items()}


def entry_of(command: Sequence[str], folder: Path) -> Path | None:
    """The script that a command starts, if it is a file of a kind that is recorded.

    Args:
        command: with its arguments.
        folder: what relative names are relative to.
    """
    for argument in command[:8]:
        path = folder / argument
        if is_taken(argument) and path.is_file():
            return path.resolve()
    return None


def _after_the_script(command: Sequence[str]) -> Sequence[str]:
    if not _PYTHON.fullmatch(Path(command[0]).name):
        return command[1:]
    for at in _positions(command):
        return command[at + 1 :]
    return []


def _positions(command: Sequence[str]) -> Iterator[int]:
    """Where the script of a Python command stands (the module after `-m`, the text after `-c`)."""
    skipped = False
    for at, argument in enumerate(command[1:], start=1):
        if skipped:
            skipped = False
            if command[at - 1] in _ENDING:
                yield at
        elif argument.startswith("-"):
            skipped = argument in _WITH_VALUE or argument in _ENDING
        elif not (_PYTHON.fullmatch(argument) or argument == "run"):  # uv run python train.py
            yield at


def _joined(name: str, values: list[str]) -> Value | list[Value]:
    if not values:
        return True
    if is_secret_word(name):
        return MASK
    read = [_read(value) for value in values]
    return read[0] if len(read) == 1 else read


def _read(text: str) -> Value:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
