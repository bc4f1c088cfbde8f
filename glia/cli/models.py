"""`glia models`: the architectures there are. Read from the catalogue, without torch."""

from typing import Annotated

import typer

from glia.cli import output
from glia.errors import NotFoundError, did_you_mean
from glia.recipe import catalogue

app = typer.Typer(help="Models: list, show.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list", epilog="Example: glia models list")
def list_(as_json: output.Json = False) -> None:
    """List the model families and their named sizes."""
    families = catalogue()["models"]
    if as_json:
        output.emit(families)
        return
    rows = [[name, ", ".join(family["sizes"]), family["summary"]] for name, family in families.items()]
    output.table(["model", "sizes", ""], rows)


@app.command("show", epilog="Example: glia models show cnn")
def show(name: Annotated[str, typer.Argument(help="A family.")], as_json: output.Json = False) -> None:
    """Show the options of a family, and what its named sizes set."""
    families = catalogue()["models"]
    if name not in families:
        raise NotFoundError(f"Unknown model '{name}'.{did_you_mean(name, families)}")
    family = families[name]
    if as_json:
        output.emit(family)
        return
    typer.echo(family["summary"])
    rows = [[f"model.{key}", option["default"], option.get("doc", "")] for key, option in family["options"].items()]
    output.table(["option", "default", ""], rows)
    for size, options in family["sizes"].items():
        typer.echo(f"{name}/{size}: " + ", ".join(f"{key}={value}" for key, value in options.items()))
