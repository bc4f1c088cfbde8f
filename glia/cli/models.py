"""`glia models`: the architectures there are. Read from the catalogue, without torch."""

from pathlib import Path
from typing import Annotated

import typer

from glia.cli import output
from glia.config import Plain
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


@app.command("show", epilog="Example: glia models show cnn/guide")
def show(
    name: Annotated[str, typer.Argument(help="A family, or a size of it: cnn/guide.")], as_json: output.Json = False
) -> None:
    """Show the options of a family, and what its named sizes set; of a size, its options."""
    family = _found(name)
    if as_json:
        output.emit(family)
        return
    typer.echo(family["summary"])
    rows = [[f"model.{key}", option["default"], option.get("doc", "")] for key, option in family["options"].items()]
    output.table(["option", "default", ""], rows)
    for size, options in family["sizes"].items():
        typer.echo(f"{name}/{size}: " + ", ".join(f"{key}={value}" for key, value in options.items()))


@app.command("activations", epilog="Example: glia models activations --plot activations.png")
def activations(
    plot: Annotated[Path | None, typer.Option(help="Draw each and its derivative into this file.")] = None,
    as_json: output.Json = False,
) -> None:
    """List the activations: formula, derivative, range, parameters."""
    known = catalogue()["activations"]
    if plot is not None:
        from glia.explanation.activation_curves import activation_curves
        from glia.record.drawing import draw_all, save_drawing

        save_drawing(draw_all(activation_curves()), plot)
        output.say(f"Drawn into {plot}")
    if as_json:
        output.emit(known)
        return
    rows = [
        [name, each["formula"], each["derivative"], each["range"], _parameters(each["parameters"])]
        for name, each in known.items()
    ]
    output.table(["activation", "formula", "derivative", "range", "parameters"], rows)


def _parameters(defaults: Plain) -> str:
    return ", ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in defaults.items()
    )


def _found(name: str) -> Plain:
    """What the catalogue says of a family; of `family/size`, with the size's options as the defaults."""
    families = catalogue()["models"]
    name, _, size = name.partition("/")
    if name not in families:
        raise NotFoundError(f"Unknown model '{name}'.{did_you_mean(name, families)}")
    family: Plain = families[name]
    if not size:
        return family
    if size not in family["sizes"]:
        raise NotFoundError(f"Model '{name}' has no size '{size}'.{did_you_mean(size, family['sizes'])}")
    chosen = family["sizes"][size]
    options = {
        key: {**option, "default": chosen.get(key, option["default"])} for key, option in family["options"].items()
    }
    return {**family, "options": options, "sizes": {}}
