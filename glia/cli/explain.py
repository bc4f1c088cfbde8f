"""`glia explain`: what a network does, and what a setting would do, shown."""

from pathlib import Path
from typing import Annotated, Any

import typer

from glia import config
from glia.cli import output
from glia.errors import ConfigError

EXAMPLE = """Examples: glia explain a3f9 --feature-maps --sample 3 --out maps.png
  glia explain a3f9   glia explain learning-rate mnist --recipe recipe.toml   glia explain depth digits"""
STUDIES = ("depth", "learning-rate")


def explain(
    subject: Annotated[
        str, typer.Argument(metavar="RUN|depth|learning-rate", help="A run by id or name, or what to study on DATA.")
    ],
    data: Annotated[str | None, typer.Argument(help="For depth and learning-rate: a name or a path.")] = None,
    feature_maps: Annotated[
        bool, typer.Option("--feature-maps", help="What each convolution makes of one sample.")
    ] = False,
    file: Annotated[str | None, typer.Option("--input", metavar="FILE", help="The sample, such as a picture.")] = None,
    sample: Annotated[int | None, typer.Option(help="Or one of the run's own data, counted from 0.")] = None,
    layers: Annotated[
        list[str] | None, typer.Option("--layer", metavar="NAME", help="A layer of the network; repeatable.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column to learn.")] = None,
    recipe: Annotated[str | None, typer.Option(help="A TOML file with what would be trained.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any field of the recipe; repeatable.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Draw it into this file: .png, .svg, .pdf.")] = None,
    as_json: output.Json = False,
) -> None:
    """Show what a model tells of itself, what a network does, or what depth or the learning rate does on data."""
    from glia import api, pictures

    if subject in STUDIES:
        found = _study(subject, data, target=target, recipe=recipe, settings=config.parse_settings(settings or []))
    elif data is not None:
        raise ConfigError(f"'{data}' is one too many: a run has its data. To study data: glia explain depth {data}")
    else:
        found = api.explain(subject, feature_maps=feature_maps, inputs=file, sample=sample, layers=layers or ())
        if found.pictures:
            output.say("Kept with the run: glia serve")
    if out is not None:
        found.save(out)
        output.say(f"Drawn into {out}.")
    if as_json:
        drawn = [pictures.to_dict(picture) for picture in found.pictures]
        output.emit({"title": found.title, "text": found.text, "pictures": drawn})
        return
    typer.echo(found)
    if out is None and found.pictures:
        output.say("--out picture.png draws a file")


def _study(subject: str, data: str | None, **more: Any) -> Any:
    from glia import api

    if data is None and not more["recipe"]:
        raise ConfigError(f"Which data? Write: glia explain {subject} DATA, or --recipe FILE.")
    return api.explain(data, depth=subject == "depth", learning_rate=subject == "learning-rate", **more)
