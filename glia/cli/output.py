"""How results are printed: a table for people, JSON for programs; results on stdout, all else on stderr."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def emit(value: Any) -> None:
    """Print JSON on stdout. What JSON cannot say (NaN, infinities) becomes null."""
    typer.echo(json.dumps(_strict(value), indent=2, default=str))


def emit_each(values: Iterable[Any]) -> None:
    """Print a JSON list on stdout as its values come, for lists that memory does not hold."""
    begun = False
    for value in values:
        lines = json.dumps(_strict(value), indent=2, default=str).replace("\n", "\n  ")
        typer.echo((",\n  " if begun else "[\n  ") + lines, nl=False)
        begun = True
    typer.echo("\n]" if begun else "[]")


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, heading: bool = True) -> None:
    """Print rows under headings; numbers stand right and rounded to what is significant."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)  # [brackets] are the user's own
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold", show_header=heading)
    for index, column in enumerate(columns):
        numeric = any(isinstance(row[index], int | float) for row in rows)
        drawn.add_column(visible(column), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(value) for value in row))
    if not console.is_terminal:  # a pipe gets whole lines, whatever their width
        console.width = 10_000
    console.print(drawn)


def facts(values: Mapping[str, Any]) -> None:
    """Print names and values below each other."""
    shown = [(visible(name), _cell(value)) for name, value in values.items()]
    wide = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        typer.echo(f"{name:<{wide}}  {value}")


def named(run: Any) -> dict[str, Any] | None:
    """Bias and variance of a run, for `emit`."""
    return None if run.bias_and_variance is None else asdict(run.bias_and_variance)


def visible(text: str) -> str:
    r"""The text on one line; what would move the cursor or change colours is written out.

    Example:
        >>> visible("one\ntwo \x1b[31mred")
        'one\\ntwo \\x1b[31mred'
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def say(line: str) -> None:
    """A line for the person, on stderr."""
    typer.echo(line, err=True)


def ago(moment: datetime | None) -> str:
    """How long ago, in words.

    Example:
        >>> from datetime import timedelta
        >>> ago(datetime.now(UTC) - timedelta(minutes=5, seconds=1))
        '5 min ago'
    """
    if moment is None:
        return ""
    seconds = max(0.0, (datetime.now(UTC) - moment).total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{int(seconds)} s ago"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.4g}" if isinstance(value, float) else visible(str(value))


def _strict(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
