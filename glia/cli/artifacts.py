"""`glia runs artifacts`: the files and folders that a run keeps."""

from pathlib import Path
from typing import Annotated

import typer

from glia.cli import output
from glia.cli.predict import Reference
from glia.tracking.folder.home import brief

EXAMPLE = "Example: glia runs artifacts a3f9 --get model.pt --out restored"


def artifacts(
    run: Reference,
    get: Annotated[str | None, typer.Option(metavar="NAME", help="Write this one out; without it, list all.")] = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to.")] = Path(),
    as_json: output.Json = False,
) -> None:
    """List the files and folders kept with a run, or write one out."""
    from glia import api
    from glia.errors import NotFoundError, StoreError, did_you_mean

    found = api.run(run)
    kept = {each.name: each for each in found.artifacts()}
    if get is not None:
        if get not in kept:
            raise NotFoundError(f"Run '{found.name}' keeps no artifact '{get}'.{did_you_mean(get, kept)}")
        try:
            typer.echo(kept[get].copy(out))
        except OSError as error:
            raise StoreError(f"'{get}' cannot be written to '{out}': {error.strerror}.") from None
    elif as_json:
        output.emit(
            [
                {"name": each.name, "kind": each.kind, "files": each.files, "bytes": each.bytes, "time": each.time}
                for each in kept.values()
            ]
        )
    elif kept:
        rows = [(each.name, each.kind, each.files, each.bytes, output.ago(each.time)) for each in kept.values()]
        output.table(["name", "kind", "files", "bytes", "kept"], rows)
        output.say(f"Write one out with: glia runs artifacts {brief(found.id)} --get {next(iter(kept))} --out FOLDER")
    else:
        output.say(f"Run '{found.name}' keeps no files. In a loop of your own: run.save_artifact(path)")
