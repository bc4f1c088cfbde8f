"""The `glia` command."""

import atexit
import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from glia import __version__
from glia.cli import (
    artifacts,
    compare,
    demo,
    doctor,
    explain,
    models,
    predict,
    record,
    registry,
    retention,
    runs,
    serve,
    stopping,
    tagging,
    train,
    tune,
)
from glia.errors import GliaError, StoreError

app = typer.Typer(
    name="glia",
    help="A workbench for neural networks: train on your data, record everything, look at it.",
    epilog="Begin with: glia train digits",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("train", epilog=train.EXAMPLE)(train.train)
app.command("tune", epilog=tune.EXAMPLE)(tune.tune)
app.command("compare", epilog=compare.EXAMPLE)(compare.compare)
app.command("predict", epilog=predict.PREDICT_EXAMPLE)(predict.predict)
app.command("evaluate", epilog=predict.EVALUATE_EXAMPLE)(predict.evaluate)
app.command("explain", epilog=explain.EXAMPLE)(explain.explain)
app.command("record", epilog=record.EXAMPLE)(record.record)
app.command("serve", epilog=serve.EXAMPLE)(serve.serve)
app.command("doctor", epilog=doctor.EXAMPLE)(doctor.doctor)
app.command("demo", epilog=demo.EXAMPLE)(demo.demo)
runs.app.command("artifacts", epilog=artifacts.EXAMPLE)(artifacts.artifacts)
runs.app.command("stop", epilog=stopping.EXAMPLE)(stopping.stop)
runs.app.command("delete", epilog=retention.DELETE_EXAMPLE)(retention.delete)
runs.app.command("restore", epilog=retention.RESTORE_EXAMPLE)(retention.restore)
runs.app.command("gc", epilog=retention.GC_EXAMPLE)(retention.collect)
runs.app.command("tag", epilog=tagging.TAG_EXAMPLE, context_settings=tagging.LETS_MINUS_THROUGH)(tagging.tag)
runs.app.command("note", epilog=tagging.NOTE_EXAMPLE)(tagging.note)
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")
app.add_typer(registry.app, name="registry")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"glia {__version__}")
        raise typer.Exit


@app.callback()
def options(
    traceback: Annotated[bool, typer.Option("--traceback", help="Show where in the code an error arose.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Options of every command."""
    try:
        Path.cwd()
    except FileNotFoundError:  # torch cannot even be imported there
        raise StoreError("The folder you stand in was deleted. Change to one that is there: cd ~") from None


def main() -> None:
    """Run the command; an error of the user's is its text and exit code 1, Ctrl-C is 130."""
    try:
        app()
    except GliaError as error:
        if "--traceback" in sys.argv:
            raise
        typer.echo(f"Error: {error}", err=True)
        _leave(1)
    except KeyboardInterrupt:
        _leave(130)
    except SystemExit as end:
        if end.code is not None and not isinstance(end.code, int):
            raise
        _leave(end.code or 0)


def _leave(code: int) -> None:
    """Do what is to be done at the end, then leave at once.

    Until Python 3.14 a thread that still computes while the interpreter is taken apart is unwound through C++, which
    aborts the program; and taking torch apart takes a tenth of a second.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # a pipe that nobody reads any more, or closed
            stream.flush()
    os._exit(code)
