"""What is never recorded: secrets in names of files, in command lines, in addresses and in texts.

A secret is known by where it stands (after a word such as `--token`, between `//` and `@`) or by its shape.
"""

import fnmatch
import re
from collections.abc import Sequence
from pathlib import PurePath

NEVER = (".env*", "*key*", "*secret*", "*.pem")
MASK = "…"

_WORD = re.compile(r"token(?!s|iz)|passw|secret|(?:api|access|private)[-_]?key|credential|auth(?!or)", re.IGNORECASE)
_SHAPE = re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|hf_|sk-|xox[abprs]-|AKIA)[A-Za-z0-9_-]{12,}")
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_PASSWORD = re.compile(r"(://[^/@\s:'\"{}$<>]+:)[^/@\s'\"{}$<>]+(?=@)")  # a literal one: no {password}, no $PASSWORD
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END|\Z)", re.DOTALL)
_KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{16,}")


def has_secret_name(name: str) -> bool:
    """Whether a file, or a folder it lies in, is named as secrets are.

    Example:
        >>> has_secret_name("settings/Api_KEY.toml"), has_secret_name("train.py")
        (True, False)
    """
    return any(fnmatch.fnmatchcase(part.lower(), pattern) for part in PurePath(name).parts for pattern in NEVER)


def is_secret_word(name: str) -> bool:
    """Whether the value of something so named is a secret: `--token`, `API_KEY`."""
    return bool(_WORD.search(name))


def mask_arguments(command: Sequence[str]) -> list[str]:
    """The command line without what looks like a secret.

    Example:
        >>> mask_arguments(["train.py", "--token=abc", "--api-key", "abc", "--lr", "0.1", "https://me:abc@host/x"])
        ['train.py', '--token=…', '--api-key', '…', '--lr', '0.1', 'https://…@host/x']
    """
    masked = []
    secret_follows = False
    for argument in command:
        name, equals, _ = argument.partition("=")
        if secret_follows and not argument.startswith("-"):
            masked.append(MASK)
        elif equals and is_secret_word(name):
            masked.append(f"{name}={MASK}")
        else:
            masked.append(_SHAPE.sub(MASK, _CREDENTIALS.sub(f"{MASK}@", argument)))
        secret_follows = not equals and argument.startswith("-") and is_secret_word(argument)
    return masked


def mask_text(text: str) -> str:
    """A text of a program without tokens of known shapes, literal passwords in addresses and private keys.

    Lines stay lines, so that a masked diff still reads as one.

    Example:
        >>> mask_text('open("postgres://me:abc@host/x")')
        'open("postgres://me:…@host/x")'
    """
    text = _PRIVATE_KEY.sub(lambda found: _KEY_LINE.sub(MASK, found[0]), text)
    return _SHAPE.sub(MASK, _PASSWORD.sub(rf"\g<1>{MASK}", text))


def without_credentials(url: str) -> str:
    """A remote's address without user, password and what follows a question mark.

    Example:
        >>> without_credentials("https://me:token@example.org/team/code.git?key=1")
        'https://example.org/team/code.git'
    """
    return _CREDENTIALS.sub("", url).partition("?")[0]
