"""`glia runs find-weights`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from glia.cli import output
from glia.tracking.folder.home import brief

EXAMPLE = "Example: glia runs find-weights model.safetensors"


def find_weights(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help=".safetensors, .pth, .pt, .bin or .ckpt.")],
    as_json: output.Json = False,
) -> None:
    """Find the run that files of weights came from, by their content."""
    found = [row for file in files for row in _found(file)]
    if as_json:
        output.emit(found)
    elif found:
        columns = ["weights", "id", "name", "project", "file", "part", "step"]
        output.table(columns, [[row[name] if name != "id" else brief(row["id"]) for name in columns] for row in found])
    known = {row["weights"] for row in found}
    for file in files:
        if str(file) not in known:
            output.say(f"No run recorded here kept the weights in '{file}'.")
    if len(known) < len({str(file) for file in files}):
        raise typer.Exit(1)


def _found(file: Path) -> list[dict[str, Any]]:
    from glia.record.weights import weights_in
    from glia.tracking.folder.home import open_home, run_folder
    from glia.tracking.folder.trials import read_run
    from glia.tracking.folder.weights import find, hashes_of

    home = open_home()
    rows = []
    for each in find(home, hashes_of(weights_in(file))):
        run = read_run(run_folder(home, each.run))
        about = {"id": run.id, "name": run.name, "project": run.project}
        rows.append({"weights": str(file), **about, "file": each.file, "part": each.part, "step": each.step})
    return rows
