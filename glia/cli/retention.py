"""`glia runs delete`, `glia runs restore` and `glia runs gc`."""

from typing import Annotated

import typer

from glia.cli import output

DELETE_EXAMPLE = "Example: glia runs delete --state failed --older-than 30d"
RESTORE_EXAMPLE = "Example: glia runs restore a3f9"
GC_EXAMPLE = "Example: glia runs gc --dry-run"
MOST_SHOWN = 10

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def delete(
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Ids, beginnings of ids or names.")
    ] = None,
    where: Annotated[str, typer.Option(help='All of which this is true: "metrics.loss > 2".')] = "",
    project: Annotated[str | None, typer.Option(help="All of this project.")] = None,
    state: Annotated[str | None, typer.Option(help="All in this state.")] = None,
    older_than: Annotated[str | None, typer.Option(help="All that recorded nothing for so long: 30d.")] = None,
    children: Annotated[bool, typer.Option("--children", help="And the runs that belong to them.")] = False,
    yes: Yes = False,
) -> None:
    """Delete runs; they can be brought back until `glia runs gc` removes them for good."""
    from glia import api
    from glia.tracking.folder.home import open_home
    from glia.tracking.log.remarks import user_name
    from glia.tracking.upkeep.retention import choose
    from glia.tracking.upkeep.retention import delete as begin

    if not (runs or where or project or state or older_than):
        raise typer.BadParameter("Name runs, or choose them by --where, --project, --state or --older-than.")
    home = open_home()
    idle = api.seconds(older_than) if older_than else 0.0
    chosen = choose(home, runs or (), where=where, project=project, state=state, idle=idle, children=children)
    if not chosen:
        output.say("No run fits; nothing was deleted.")
        return
    if not yes:
        names = ", ".join(run.name for run in chosen[:MOST_SHOWN]) + (", …" if len(chosen) > MOST_SHOWN else "")
        typer.confirm(f"Delete {_runs(len(chosen))}: {names}?", abort=True, err=True)
    kept = [refusal for _, refusal in begin(home, chosen, reason=f"by {user_name()}") if refusal]
    for refusal in kept[:MOST_SHOWN]:
        output.say(f"Kept: {refusal}")
    typer.echo(f"Deleted {_runs(len(chosen) - len(kept))}" + (f", kept {len(kept)}." if kept else "."))
    output.say("To bring one back: glia runs restore RUN   To have the room: glia runs gc")
    if kept:
        raise typer.Exit(1)


def restore(
    run: Annotated[str | None, typer.Argument(help="Id, its beginning or name; left out, lists what there is.")] = None,
    as_json: output.Json = False,
) -> None:
    """Bring a deleted run back, or list those that can be."""
    from glia.tracking.folder.home import open_home
    from glia.tracking.upkeep.retention import deleted, restore

    home = open_home()
    if run is not None:
        folder = restore(home, run)
        typer.echo(f"Run {folder.name[:6]} is back.")
        output.say(f"Next: glia runs show {folder.name[:6]}")
        return
    found = deleted(home)
    if as_json:
        output.emit([{"id": each.id, "name": each.name, "deleted": each.time.isoformat()} for each in found])
    elif found:
        output.table(["id", "name", "deleted"], [[each.id[:6], each.name, output.ago(each.time)] for each in found])
    else:
        output.say("No deleted run is left to bring back.")


def collect(
    grace: Annotated[str, typer.Option(help="For so long, deleted runs can still be brought back.")] = "7d",
    checkpoints: Annotated[
        str | None, typer.Option(help="Also remove the checkpoints of runs that were done so long ago: 30d.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    yes: Yes = False,
    as_json: output.Json = False,
) -> None:
    """Remove for good what was deleted and what no run names any more, and say how much room that gives."""
    from glia import api
    from glia.tracking.folder.home import open_home
    from glia.tracking.upkeep import retention

    home = open_home()
    seconds = 0.0 if grace.strip() in ("0", "0d", "0s") else api.seconds(grace)
    old = api.seconds(checkpoints) if checkpoints else None
    if not (dry_run or yes):
        typer.confirm("Remove this for good? --dry-run shows what it is.", abort=True, err=True)
    found = list(retention.collect(home, grace=seconds, checkpoints=old, dry_run=dry_run))
    if as_json:
        output.emit([{"what": each.what, "count": each.count, "bytes": each.bytes} for each in found])
        return
    output.table(["what", "count", "bytes"], [[each.what, each.count, f"{each.bytes:,}"] for each in found])
    total = sum(each.bytes for each in found)
    output.say(f"{total:,} bytes " + ("would be freed. Without --dry-run they are." if dry_run else "freed."))


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
