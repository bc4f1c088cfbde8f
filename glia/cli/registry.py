"""`glia registry`: names for models that matter."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glia.cli import output
from glia.errors import ConfigError

if TYPE_CHECKING:
    from glia.store.registry import Change

app = typer.Typer(help="Registered models: names, versions, aliases.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list", epilog="Example: glia registry list")
def list_(as_json: output.Json = False) -> None:
    """List the registered names with their newest version and aliases."""
    from glia.store.registry import Registry
    from glia.tracking.folder.home import open_home

    entries = Registry(open_home()).entries()
    if as_json:
        output.emit([{"name": each.name, "versions": len(each.versions), "aliases": each.aliases} for each in entries])
    elif entries:
        rows = [[each.name, max(each.versions), _aliases(each.aliases)] for each in entries]
        output.table(["name", "newest", "aliases"], rows)
    else:
        output.say("No model is registered yet. Register one: glia registry set NAME RUN")


@app.command("set", epilog="Example: glia registry set faces@champion a3f9")
def set_(
    name: Annotated[str, typer.Argument(metavar="NAME[@ALIAS]", help="faces, or faces@champion.")],
    run: Annotated[str | None, typer.Argument(help="Id, its beginning (4 digits or more) or name.")] = None,
    remove: Annotated[
        bool, typer.Option("--delete", help="Take away the alias, the version (faces@3) or the whole name.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before taking away.")] = False,
) -> None:
    """Register a run's model as a new version of a name, and let an alias point to it; or take one away."""
    from glia.store.registry import Registry
    from glia.tracking.folder.home import brief, find_run, id_of, name_of, open_home
    from glia.tracking.log.remarks import user_name

    home = open_home()
    if remove == (run is not None):
        raise ConfigError("Give a RUN to register, or --delete to take away, one of the two.")
    if run is None:
        if not yes:
            typer.confirm(f"Take away '{name}'?", abort=True, err=True)
        Registry(home).remove(name, by=user_name())
        typer.echo(f"{name} is taken away; its history is kept.")
        return
    folder = find_run(home, run)
    version = Registry(home).set(name, id_of(folder), by=user_name())
    base, _, alias = name.partition("@")
    typer.echo(
        f"{base}@{version} is run {name_of(folder)} ({brief(id_of(folder))})"
        + (f", and so is {name}." if alias else ".")
    )
    if not (folder / "model" / "learner.json").is_file():
        output.say(f"That run keeps no model that glia.load could load; its files: glia runs show {name}")
    output.say(f"Next: glia predict {name if alias else f'{base}@{version}'} FILE   glia registry show {base}")


@app.command("show", epilog="Example: glia registry show faces")
def show(name: Annotated[str, typer.Argument(help="A registered name.")], as_json: output.Json = False) -> None:
    """Show the versions of a name, and who moved its aliases when."""
    from glia.store.registry import Registry
    from glia.tracking.folder.home import brief, name_of, open_home, run_folder

    home = open_home()
    registry = Registry(home)
    entry, history = registry.entry(name), registry.history(name)
    if as_json:
        versions = [{"version": number, "run": made.run} for number, made in entry.versions.items()]
        output.emit({"name": name, "versions": versions, "aliases": entry.aliases, "history": _plain(history)})
        return
    rows = []
    for number, made in sorted(entry.versions.items(), reverse=True):
        aliases = ", ".join(alias for alias, target in entry.aliases.items() if target == number)
        when = output.ago(datetime.fromtimestamp(made.time, UTC))
        rows.append([number, aliases, name_of(run_folder(home, made.run)), brief(made.run), made.by, when])
    output.table(["version", "aliases", "run", "id", "by", "when"], rows)
    moved = [each for each in _plain(history) if each["alias"]]
    if moved:
        typer.echo("\nAliases")
        output.table(
            ["when", "by", "alias", "from", "to"],
            [[each["time"], each["by"], each["alias"], each["before"], each["version"]] for each in moved],
        )


def _plain(history: "list[Change]") -> list[dict[str, Any]]:
    return [
        {**asdict(each), "time": datetime.fromtimestamp(each.time, UTC).isoformat(sep=" ", timespec="seconds")}
        for each in history
    ]


def _aliases(aliases: dict[str, int]) -> str:
    return ", ".join(f"{alias} → {version}" for alias, version in aliases.items())
