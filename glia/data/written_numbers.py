"""Numbers as people write them: 1,234.5 and 1.234,5, 1'234, 1 234, $12.50, 12 %.

A text may be read in more than one way: in 1,234 the comma stands between thousands, or before decimals. Texts are
numbers where one way alone reads all of them; none is guessed. What else tells is the mark before decimals elsewhere in
the same file, or in the data that a model was trained on.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

WAYS = ((",", "."), (".", ","), ("'", "."), ("'", ","), (" ", "."), (" ", ","), ("", "."), ("", ","))
BLANKS = "[\u00a0\u2009\u202f]"  # that stand between thousands in print
NAMES = {" ": "a blank", "'": "an apostrophe"}
PLAIN = r"^[-+]?[0-9]+(?:\.[0-9]+)?$"
WHOLE = r"^[-+]?[0-9]+$"
ADDRESS = r"^(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})(?:\.|$)){4}$"  # of a machine: 192.168.100.101
CENTS = "$£¥"  # signs of money in which three digits after a comma are no decimals
UNIT = re.compile(r"^[-+]?([$€£¥])|([$€£¥%])$")
ANY_NUMBER = (  # alone, in whatever way it is written
    r"^\s*[-+]?(?:[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+\.|(?i:nan|inf)"
    r"|[$€£¥]? ?[-+]?(?:[1-9][0-9]{0,2}(?:[,.' ][0-9]{3})+|0|[1-9][0-9]*)(?:[.,][0-9]+)? ?[$€£¥%]?)\s*$"
)
MOST_EXACT = 2**53
TRIED = 20  # texts that are looked at before all are


@final
@dataclass(frozen=True, eq=False)
class Written:
    """Texts read as numbers in one way.

    Attributes:
        values: (N,) whole numbers, or floats, one for each text.
        thousands: what stands between thousands, "" for nothing.
        decimal: what stands before decimals; "" where either '.' or ',' might.
        unit: a currency sign or '%' that each of them has, or "".
    """

    values: NDArray[Any]
    thousands: str
    decimal: str
    unit: str

    @property
    def words(self) -> str:
        """How they are written, for messages."""
        marks = [f"{NAMES.get(self.thousands, repr(self.thousands))} between thousands"] if self.thousands else []
        marks += ["',' before decimals"] if self.decimal == "," and self.values.dtype.kind == "f" else []
        marks += [f"'{self.unit}'"] if self.unit else []
        return "with " + " and ".join(marks)

    def told(self, name: str) -> str:
        """What is to be said of the column of this name."""
        return f"Column '{name}' is read as numbers {self.words}."


def ways_of(labels: Sequence[str], decimal: str = "") -> list[Written]:
    """The ways in which all of these different texts are numbers, such as give other numbers each.

    Texts that Python itself reads as numbers are no matter of writing: for these there is none.

    Args:
        labels: texts.
        decimal: what stands before decimals, where that is known.

    Example:
        >>> [way.values.tolist() for way in ways_of(["12", "1,234"])]
        [[12, 1234], [12.0, 1.234]]
        >>> [way.values.tolist() for way in ways_of(["12", "1,234"], decimal=".")]
        [[12, 1234]]
        >>> [way.values.tolist() for way in ways_of(["$12", "$1,234,567.5"])]
        [[12.0, 1234567.5]]
    """
    if not len(labels) or not _may_be_number(labels[0]):
        return []
    texts, unit = _without_unit(_plain_marks(pa.array(labels, pa.large_string())))
    found = list[Written]()
    if not unit and (_all_match(texts, WHOLE if decimal == "," else PLAIN) or _all_match(texts, ADDRESS)):
        return found
    for thousands, mark in WAYS:
        pattern = _pattern(thousands, mark, most_decimals="2" if mark == "," and unit and unit in CENTS else "")
        if decimal not in ("", mark):
            continue
        if not (_all_match(texts[:TRIED], pattern) and _all_match(texts, pattern)):
            continue
        values = _values(texts, thousands, mark)
        same = next((place for place, way in enumerate(found) if np.array_equal(way.values, values)), None)
        if same is None:
            found.append(Written(values, thousands if _occurs(texts, thousands) else "", mark, unit))
        else:
            found[same] = replace(found[same], decimal=mark if found[same].decimal == mark else "")
    return found


def are_numbers(texts: Sequence[str]) -> NDArray[np.bool_]:
    """(N,) whether each text by itself may be read as a number in some way.

    Example:
        >>> are_numbers(["1e3", "1,234", "12 %", "01067", "1,2,3", "x1"]).tolist()
        [True, True, True, True, False, False]
    """
    found: NDArray[np.bool_] = np.asarray(
        pc.match_substring_regex(_plain_marks(pa.array(texts, pa.large_string())), ANY_NUMBER), bool
    )
    return found


def read_labels(name: str, labels: Sequence[str], said: list[str], decimal: str = "") -> Written | None:
    """Numbers, one for each label of a column of text, if that is what they are; what is decided is said.

    Args:
        name: of the column.
        labels: its different texts.
        said: hears of it.
        decimal: what stands before decimals elsewhere in the same file, if that is known.
    """
    ways = ways_of(labels, decimal)
    if len(ways) == 1:
        said.append(ways[0].told(name))
        return ways[0]
    ways = ways or (ways_of(labels) if decimal else [])
    if ways:
        differing = np.flatnonzero(ways[0].values != ways[-1].values)
        place = int(differing[0]) if len(differing) else _marked(labels)
        read = " or as ".join(dict.fromkeys(f"{way.values[place].item()}" for way in ways))
        mark = "," if "," in labels[place] else "."
        said.append(
            f"Column '{name}' was read as categories: it cannot be told what '{mark}' means in numbers such as "
            f"'{labels[place]}'. Write them as {read}{', whichever' if len(ways) > 1 else ' if that'} is meant."
        )
    return None


def remedy(name: str) -> str:
    """The flag that leaves a column out, as it is typed."""
    return f"--without {shlex.quote(name)}"


def _may_be_number(text: str) -> bool:
    return any("0" <= letter <= "9" for letter in text) and len(text) < 64


def _plain_marks(texts: Any) -> Any:
    texts = pc.replace_substring_regex(texts, BLANKS, " ")
    return pc.utf8_trim_whitespace(pc.replace_substring(texts, "’", "'"))


def _without_unit(texts: Any) -> tuple[Any, str]:
    """The texts without a sign that each of them has once, and this sign."""
    found = UNIT.search(texts[0].as_py())
    unit = (found.group(1) or found.group(2)) if found else ""
    if not unit or not pc.all(pc.equal(pc.count_substring(texts, unit), 1)).as_py():
        return texts, ""
    ends = rf"^([-+]?)\{unit} ?| ?\{unit}$" if unit in "$%" else rf"^([-+]?){unit} ?| ?{unit}$"
    return pc.replace_substring_regex(texts, ends, r"\1"), unit


def _pattern(thousands: str, mark: str, most_decimals: str) -> str:
    groups = rf"|[1-9][0-9]{{0,2}}(?:[{thousands}][0-9]{{3}})+" if thousands else ""
    return rf"^[-+]?(?:0|[1-9][0-9]*{groups})(?:[{mark}][0-9]{{1,{most_decimals}}})?$"


def _all_match(texts: Any, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts, pattern)).as_py())


def _occurs(texts: Any, mark: str) -> bool:
    return bool(mark and pc.any(pc.match_substring(texts, mark)).as_py())


def _values(texts: Any, thousands: str, mark: str) -> NDArray[Any]:
    whole = not _occurs(texts, mark)
    if thousands:
        texts = pc.replace_substring(texts, thousands, "")
    texts = pc.utf8_ltrim(pc.replace_substring(texts, mark, "."), "+")
    values: NDArray[Any] = pc.cast(texts, pa.float64()).to_numpy(zero_copy_only=False)
    return values.astype(np.int64) if whole and np.abs(values).max() < MOST_EXACT else values


def _marked(labels: Sequence[str]) -> int:
    """The place of a text with a comma."""
    return next((place for place, label in enumerate(labels) if "," in label), 0)
