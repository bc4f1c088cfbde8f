"""`glia compare`."""

import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from textwrap import fill
from typing import Annotated

import typer

from glia.cli import output
from glia.cli.train import INTERRUPTED, Without, settings_of

FIRST = 4  # columns of the table that go together: who, which group, how good, how far from the best
BETWEEN_COLUMNS = 3
ANY_WIDTH = 1_000_000
EXAMPLE = "Example: glia compare houses.csv --target price --models ridge,random-forest,mlp --budget 10m"


def compare(
    data: Annotated[str, typer.Argument(help="Catalogue name, or path of a table or a folder of pictures.")],
    target: Annotated[str | None, typer.Option(help="The column to learn.")] = None,
    models: Annotated[
        str | None,
        typer.Option(metavar="A,B,…", help="Models, or module:Class of estimators; left out: all that suit."),
    ] = None,
    folds: Annotated[int, typer.Option(help="Into how many parts samples are dealt; 1: one split.")] = 5,
    repeats: Annotated[int, typer.Option(help="How often they are dealt.")] = 2,
    metric: Annotated[str | None, typer.Option(help="To rank by; left out: accuracy, or rmse.")] = None,
    budget: Annotated[str | None, typer.Option(help="Time for each model, all its fits together: 90, 10m.")] = None,
    seed: Annotated[int, typer.Option(help="Of folds and models.")] = 0,
    project: Annotated[str | None, typer.Option(help="The group of runs it belongs to.")] = None,
    without: Without = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A field of the recipe that all share; repeatable."),
    ] = None,
    curve: Annotated[bool, typer.Option("--curve/--no-curve", help="Draw what more data would do.")] = True,
    regions: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Draw decision regions over two columns; auto: two that tell most."),
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out pictures that cannot be read.")] = False,
    as_json: output.Json = False,
) -> None:
    """Compare models on the same samples: which to use, by how much, and whether a network is overkill."""
    from glia import api
    from glia.record.repeating import training_command

    report = api.compare(
        data,
        target=target,
        models=[name.strip() for name in (models or "").split(",") if name.strip()],
        folds=folds,
        repeats=repeats,
        metric=metric,
        budget=budget,
        seed=seed,
        project=project,
        settings=settings_of(settings, without),
        curve=curve,
        regions=_columns(regions),
        skip_bad=skip_bad,
    )
    run = api.run(report.run)
    if as_json:
        output.emit(report.to_dict())
    else:
        typer.echo(report.title)
        width = _width()
        for places in _tables([report.headings, *report.rows], width):
            output.table([report.headings[at] for at in places], [[row[at] for at in places] for row in report.rows])
            typer.echo()
        for sentence in report.answer.splitlines():
            typer.echo(fill(sentence, width, break_long_words=False, break_on_hyphens=False))
        command = training_command(run.params, data=data, model=report.choice)
        output.say(f"Next: {command}   glia runs show {report.run[:6]}   glia serve")
    if run.state == "stopped":
        raise typer.Exit(INTERRUPTED)


def _columns(regions: str | None) -> bool | list[str]:
    """The two of the plane; True: to be found."""
    if regions is None or regions == "auto":
        return regions is not None
    return [name.strip() for name in regions.split(",")]


def _width() -> int:
    """Of the terminal; a pipe gets whole lines."""
    return get_terminal_size().columns if sys.stdout.isatty() else ANY_WIDTH


def _tables(rows: Sequence[Sequence[str]], width: int) -> list[list[int]]:
    """The columns in one table, or in a second below where the terminal is too narrow; both begin with the learner."""
    widths = [max(map(len, column)) + BETWEEN_COLUMNS for column in zip(*rows, strict=True)]
    places = list(range(len(widths)))
    return [places] if sum(widths) <= width else [places[:FIRST], [0, *places[FIRST:]]]
