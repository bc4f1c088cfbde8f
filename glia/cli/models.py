"""`glia models`: the architectures there are, from the catalogue and without torch; and a network layer by layer."""

from pathlib import Path
from typing import Annotated

import typer

from glia import config
from glia.cli import output
from glia.config import Plain
from glia.errors import ConfigError, NotFoundError, did_you_mean
from glia.recipe import catalogue, from_dict

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


EXAMPLES = """Examples: glia models show cnn/guide
  glia models show mlp --inputs 1,28,28 --outputs 10 --set model.hidden=[64]"""


@app.command("show", epilog=EXAMPLES)
def show(
    name: Annotated[str, typer.Argument(help="A family, a size of it: cnn/guide, or module:Class.")],
    inputs: Annotated[
        str | None, typer.Option(metavar="SHAPE", help="Of one sample, such as 13 or 1,28,28: show the layers.")
    ] = None,
    outputs: Annotated[int, typer.Option(min=1, help="Of the last layer: classes, or 1 for a number.")] = 1,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A model.… of the recipe; repeatable.")
    ] = None,
    as_json: output.Json = False,
) -> None:
    """Show the options of a family, and what its named sizes set; with --inputs, the network layer by layer."""
    if inputs is not None:
        _layer_by_layer(name, _shape(inputs), outputs, config.parse_settings(settings or []), as_json)
        return
    if settings:
        raise ConfigError(f"--set {settings[0]} needs a network to act on: add --inputs, the shape of one sample.")
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


def _layer_by_layer(name: str, inputs: tuple[int, ...], outputs: int, settings: Plain, as_json: bool) -> None:
    import torch

    from glia.models import build
    from glia.models.outline import outline

    model = from_dict({"model": {"name": name}}).with_settings(settings).model
    network = build(model.name, model.options, inputs=inputs, outputs=outputs, seed=0)
    found = outline(network, torch.zeros(2, *inputs))
    if as_json:
        output.emit(config.to_dict(found))
        return
    typer.echo(found)


def _shape(given: str) -> tuple[int, ...]:
    """The shape of one sample as it is written on the command line."""
    try:
        shape = tuple(int(side) for side in given.split(","))
    except ValueError:
        shape = ()
    if not shape or min(shape) < 1:
        raise ConfigError(f"--inputs {given}: the shape of one sample is expected, such as 13 or 1,28,28.")
    return shape


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
