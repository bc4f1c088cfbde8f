"""`glia record`."""

from pathlib import Path
from typing import Annotated

import typer

from glia.cli import output
from glia.errors import ConfigError

EXAMPLE = "Example: glia record --lines -- python train.py --lr 0.1"


def record(
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND…", help="Any program and its arguments.")],
    project: Annotated[str | None, typer.Option(help="The group of runs it belongs to.")] = None,
    name: Annotated[str | None, typer.Option(help="A readable name; one is made up if left out.")] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="A tag; repeatable.")] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Read metrics from lines such as: step 12 loss=0.3")] = False,
    tensorboard: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Read metrics from the event files written there.")
    ] = None,
) -> None:
    """Run any program and record it: arguments, console, code, machine, exit code."""
    from glia.tracking.folder.home import open_home
    from glia.tracking.recording.command import Order, record_command

    order = Order(
        home=open_home(),
        project=project or Path.cwd().name or "default",
        name=name,
        tags=_tags(tag or []),
        lines=lines,
        tensorboard=tensorboard,
    )
    ended = record_command(command, order)
    why = f" ({ended.reason})" if ended.reason else ""
    output.say(f"Run {ended.name} ({ended.run[:6]}) is {ended.state}{why}. Next: glia runs show {ended.run[:6]}")
    raise typer.Exit(ended.code)


def _tags(given: list[str]) -> dict[str, str]:
    tags = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not name or not equals:
            raise ConfigError(f"'{each}' is not a tag. Write it as KEY=VALUE, such as --tag team=vision")
        tags[name] = value
    return tags
