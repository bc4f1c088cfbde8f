"""`glia runs stop`."""

from typing import TYPE_CHECKING, Annotated

import typer

from glia.cli import output
from glia.cli.predict import Reference
from glia.tracking.folder.home import brief, resuming

if TYPE_CHECKING:
    from glia.tracking.folder.reader import RunReader

EXAMPLE = "Example: glia runs stop a3f9 --reason 'the loss is flat'"


def stop(
    run: Reference,
    reason: Annotated[str, typer.Option(help="Why; kept with the run.")] = "",
    wait: Annotated[str, typer.Option(help="How long to wait for its end: 30s, 5m. 0 does not wait.")] = "30s",
    force: Annotated[
        bool, typer.Option("--force", help="End its process if it has not ended by then (on this machine only).")
    ] = False,
) -> None:
    """Ask a run to stop. Training ends after its step with a checkpoint; a loop of one's own asks run.should_stop."""
    from glia import api
    from glia.tracking.folder.home import find_run, open_home
    from glia.tracking.folder.trials import read_run
    from glia.tracking.log.remarks import user_name
    from glia.tracking.recording.stopping import ask_to_stop, end_by_force, wait_for_end

    reader = read_run(find_run(open_home(), run))
    who = f"asked by {user_name()}" + (f": {reason}" if reason else "")
    if not ask_to_stop(reader, who):
        typer.echo(f"Run {reader.name} ({brief(reader.id)}) has ended already: {_standing(reader)}.")
        return
    seconds = 0.0 if wait.strip() in ("0", "0s") else api.seconds(wait)
    if seconds:
        output.say(f"Asked; waiting {wait} for its end. Ctrl-C ends the waiting only.")
    ended = wait_for_end(reader, seconds)
    if not ended and force:
        end_by_force(reader, who)
        ended = wait_for_end(reader, 0)
    typer.echo(f"Run {reader.name} ({brief(reader.id)}) is {_standing(reader)}.")
    if ended:
        show = f"glia runs show {brief(reader.id)}"
        output.say(f"Next: {(resuming(reader.kind, reader.id) if reader.recipe_toml else '') or show}")
    elif seconds or force:
        output.say(_why_not(reader))
        raise typer.Exit(1)


def _standing(reader: "RunReader") -> str:
    return f"{reader.state} ({reader.reason})" if reader.reason else str(reader.state)


def _why_not(reader: "RunReader") -> str:
    if reader.wish is not None and reader.wish.heard:
        return "It has heard that it should stop and is still busy with what it does. Wait a little longer."
    return (
        "It has not heard that it should stop: it may be preparing its data, or it is a loop that never asks "
        f"run.should_stop. To end its process: glia runs stop {reader.id[:6]} --force"
    )
