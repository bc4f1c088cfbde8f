"""CSV files as Arrow tables, and errors that name the line."""

import csv
import gzip
import io
import re
import shlex
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from glia.errors import DataError, counted

SEPARATORS = (",", ";", "\t", "|")
HEADER_BYTES = 1 << 16  # enough to find the separator in
MAY_BE_CODE = re.compile(rb'[,;|\t\n" ]-?0[0-9]')  # worth a closer look: 01067, but also the hour of a moment
NO_THOUSANDS = "^[-+]?(?:0,[0-9]+|[0-9]*,(?:[0-9]{1,2}|[0-9]{4,}))$"  # a comma that must stand before decimals
THOUSANDS = (  # commas that must stand between thousands
    r"^\D*[1-9][0-9]{0,2}(?:(?:,[0-9]{3}){2,}(?:\.[0-9]+)?|,[0-9]{3}\.[0-9]+)\D*$"
)
POINTED = r"^[-+]?(?:[0-9]{1,3}|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)$"  # points that may stand between thousands
CODE = "^\\s*-?0[0-9]+\\s*$"


def read_csv(path: Path, decimals: Mapping[str, str] | None = None) -> tuple[pa.Table, list[str], str]:
    """The table in a CSV or TSV file (perhaps gzipped), what was noticed, and what stands before decimals, "": unknown.

    The separator is a tab in .tsv files, else the one the header has most of. Text is stripped of blanks around it.
    Whole numbers with leading zeros are codes, such as the postcode 01067: a column that has some is text.

    Args:
        path: of the file.
        decimals: what stands before decimals in columns where that is known, by name: numbers that would be read
            otherwise stay text.

    Raises:
        DataError: no content, no rows, not UTF-8, a ragged row or an open quote (with its line).
    """
    content = _unpacked(path) if path.suffix.lower() == ".gz" else path.read_bytes()
    if not content or content.isspace():
        raise DataError(f"'{path}' is empty: expected a header line and rows.")
    _check_encoding(path, content)
    separator = "\t" if ".tsv" in path.name.lower() else _separator(content)
    if content.count(b'"') % 2:
        _refuse_open_quote(path, content, separator)
    try:
        table = _parsed(content, separator)
    except pa.ArrowInvalid as error:
        _refuse_ragged(path, content, separator)
        raise DataError(f"'{path}' cannot be read as CSV: {error}.") from None
    if not table.num_rows:
        raise DataError(f"'{path}' has a header ({', '.join(table.column_names)}) and no rows.")
    said = [f"Columns of '{path.name}' are separated by '{separator}'."] if separator in ";|" else []
    columns = [pc.utf8_trim_whitespace(column) if _is_text(column) else column for column in table.columns]
    points = [place for place, column in enumerate(columns) if _has_decimals(column)]
    decimal = "." if points else ""
    known = [(decimals or {}).get(name, "") for name in table.column_names]
    if separator == ";":
        columns, commas = _with_decimal_commas(columns, known, trust=not points)
        decimal = "," if commas else decimal
    doubtful = [place for place in points if "," in (known[place], decimal)]
    if doubtful:
        columns = _points_as_text(columns, _texts(content, separator, table, doubtful))
    for place, codes, example in _codes(content, separator, table):
        columns[place] = codes
        name = table.column_names[place]
        said.append(f"Column '{name}' was read as text: its whole numbers have leading zeros, such as {example}.")
    return pa.Table.from_arrays(columns, names=table.column_names), said, decimal


def _parsed(content: bytes, separator: str, types: Mapping[str, Any] | None = None) -> pa.Table:
    return arrow_csv.read_csv(
        pa.BufferReader(content),
        parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True, column_types=types),
    )


def _codes(content: bytes, separator: str, table: pa.Table) -> Iterator[tuple[int, Any, str]]:
    """Columns that were read as numbers and have whole numbers with leading zeros: place, text, one of these."""
    numeric = [
        place
        for place, field in enumerate(table.schema)
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
    ]
    if not numeric or not MAY_BE_CODE.search(content):
        return
    for place, text in _texts(content, separator, table, numeric).items():
        codes = text.filter(pc.match_substring_regex(text, CODE))
        if len(codes):
            yield place, text, codes[0].as_py()


def _texts(content: bytes, separator: str, table: pa.Table, places: list[int]) -> dict[int, Any]:
    """These columns as they are written."""
    read = _parsed(content, separator, {table.column_names[place]: pa.string() for place in places})
    return {place: pc.utf8_trim_whitespace(read.column(place)) for place in places}


def _unpacked(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"'{path}' is not a whole gzip file: {error}.") from None


def _separator(content: bytes) -> str:
    header = content[:HEADER_BYTES].lstrip().split(b"\n", 1)[0].decode("utf-8-sig", errors="replace")
    return max(SEPARATORS, key=header.count)


def _is_text(column: Any) -> bool:
    return bool(pa.types.is_string(column.type))


def _has_decimals(column: Any) -> bool:
    """Whether these are numbers some of which have decimals, and so a point before them."""
    if not pa.types.is_floating(column.type):
        return False
    return bool(pc.any(pc.and_(pc.is_finite(column), pc.not_equal(column, pc.floor(column)))).as_py())


def _with_decimal_commas(columns: list[Any], known: list[str], *, trust: bool) -> tuple[list[Any], bool]:
    """Columns with `3,14` as a number where all of a column is such, and whether one shows that this is meant.

    Args:
        columns: as they were read.
        known: what stands before decimals in each; "": unknown.
        trust: whether a column is read so that does not show it, as `1,234`, which may be a thousand. It is not where
            commas stand between thousands in another column.
    """
    texts = {place: column for place, column in enumerate(columns) if _is_text(column) and known[place] != "."}
    read = {place: _commas_read(column) for place, column in texts.items()}
    shown = any(read[place] is not None and pc.any(_match(text, NO_THOUSANDS)).as_py() for place, text in texts.items())
    trust = trust and not any(pc.any(_match(text, THOUSANDS)).as_py() for text in texts.values())
    if not shown and not trust:
        return columns, False
    return [column if read.get(place) is None else read[place] for place, column in enumerate(columns)], shown


def _commas_read(texts: Any) -> Any:
    """Texts such as `3,14` as numbers, or None."""
    try:
        return pc.cast(pc.replace_substring(texts, ",", "."), pa.float64())
    except pa.ArrowInvalid:
        return None


def _points_as_text(columns: list[Any], texts: Mapping[int, Any]) -> list[Any]:
    """Columns with decimal commas: numbers whose points may all stand between thousands are text again."""
    thousands = {place: text for place, text in texts.items() if pc.all(_match(text, POINTED)).as_py()}
    return [thousands.get(place, column) for place, column in enumerate(columns)]


def _match(texts: Any, pattern: str) -> Any:
    return pc.match_substring_regex(texts, pattern)


def _check_encoding(path: Path, content: bytes) -> None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"'{path}' is not UTF-8 text: byte 0x{content[error.start]:02x} in line {line}. Save it as UTF-8"
            f"{_command(path, content)}."
        ) from None


def _command(path: Path, content: bytes) -> str:
    """How to turn a file that is no UTF-8 into one."""
    probably = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "WINDOWS-1252"
    return "" if path.suffix.lower() == ".gz" else f": iconv -f {probably} -t UTF-8 {shlex.quote(path.name)} > new.csv"


def _refuse_open_quote(path: Path, content: bytes, separator: str) -> None:
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for _ in reader:
            line = reader.line_num + 1
    except csv.Error as error:
        # Arrow would take everything from here to the end as one value, in silence.
        if "unexpected end" in str(error):
            raise DataError(f"'{path}' opens a quote in line {line} that is never closed.") from None


def _refuse_ragged(path: Path, content: bytes, separator: str) -> None:
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator)
    expected = 0
    with suppress(csv.Error):  # a value too long for this reader: Arrow's own message must do
        for row in reader:
            expected = expected or len(row)
            if row and len(row) != expected:
                found = counted(len(row), "column")
                raise DataError(
                    f"'{path}' is ragged: line {reader.line_num} has {found}, the header {expected}. "
                    "Give each line as many; a value with a separator in it stands in quotes."
                )
