"""`glia train`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from glia import config
from glia.cli import output

INTERRUPTED = 130  # as of every program that Ctrl-C ended
EXAMPLE = "Example: glia train flowers.csv --target species --set model.hidden=[64,64] --seed 7"

Without = Annotated[
    list[str] | None, typer.Option("--without", metavar="COLUMN", help="A column that is no feature; repeatable.")
]


def train(
    data: Annotated[
        str | None, typer.Argument(help="Catalogue name, or path of a table or a folder of pictures.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Family, family/size or module:Class.")] = None,
    task: Annotated[str | None, typer.Option(help="What is learned; found from the target if left out.")] = None,
    target: Annotated[str | None, typer.Option(help="The column to learn.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Left out, early stopping decides.")] = None,
    budget: Annotated[str | None, typer.Option(help="Time to train at most: 90, 10m, 1.5h.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random but the split.")] = None,
    members: Annotated[int | None, typer.Option(help="Several networks from other first weights.")] = None,
    keep: Annotated[str | None, typer.Option(help="Of several networks: their average, or the best.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    project: Annotated[str | None, typer.Option(help="The group of runs it belongs to.")] = None,
    recipe: Annotated[str | None, typer.Option(help="A TOML file; the other options are laid over it.")] = None,
    without: Without = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any field of the recipe; repeatable.")
    ] = None,
    resume: Annotated[str | None, typer.Option(help="A run to go on with from its last checkpoint.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out pictures that cannot be read.")] = False,
    as_json: output.Json = False,
) -> None:
    """Train a network on data and record the run."""
    from glia import api

    given = {"train.device": device, "train.members": members, "train.members_keep": keep}
    chosen: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    run = api.train(
        data,
        model=model,
        task=task,
        target=target,
        epochs=epochs,
        seed=seed,
        project=project,
        settings=chosen | settings_of(settings, without),
        recipe=recipe,
        resume=resume,
        budget=budget,
        skip_bad=skip_bad,
    )
    if as_json:
        said = {"id": run.id, "name": run.name, "state": run.state, "reason": run.reason, "summary": run.summary}
        output.emit(said | {"bias_and_variance": output.named(run)})
        return
    report(run)
    if run.state == "stopped":
        raise typer.Exit(INTERRUPTED)


def settings_of(settings: Sequence[str] | None, without: Sequence[str] | None) -> config.Plain:
    """What `--set` and `--without` say: columns that either names are left out."""
    found = config.parse_settings(settings or [])
    if without:
        named = found.get("data.without", [])
        found["data.without"] = [*(named if isinstance(named, list) else [named]), *without]
    return found


def report(run: Any) -> None:
    """Print what a run came to, and the commands that come next."""
    why = f" ({run.reason})" if run.reason else ""
    output.say(f"Run {run.name} ({run.id[:6]}) is {run.state}{why}.")
    judged = {name: value for name, value in run.summary.items() if name.startswith("validation/")}
    output.facts({**judged, "best epoch": int(run.summary["epoch"])} if "epoch" in run.summary else judged)
    if run.bias_and_variance is not None:
        typer.echo(f"\n{run.bias_and_variance}")
    again = f"glia train --resume {run.id[:6]}   " if run.state == "stopped" or run.reason == "budget" else ""
    output.say(f"Next: {again}glia evaluate {run.id[:6]}   glia predict {run.id[:6]} FILE   glia serve")
