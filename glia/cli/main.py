"""The `glia` command."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from glia import __version__
from glia.cli import demo, models, predict, runs, serve, train
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
app.command("predict", epilog=predict.PREDICT_EXAMPLE)(predict.predict)
app.command("evaluate", epilog=predict.EVALUATE_EXAMPLE)(predict.evaluate)
app.command("serve", epilog=serve.EXAMPLE)(serve.serve)
app.command("demo", epilog=demo.EXAMPLE)(demo.demo)
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")


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
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
