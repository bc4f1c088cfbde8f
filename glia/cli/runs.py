"""`glia runs`: what was recorded."""

from pathlib import Path
from typing import Annotated, Any

import typer

from glia.cli import output
from glia.cli.predict import Reference
from glia.cli.source import code_differences, show_source
from glia.cli.weights import EXAMPLE as FIND_EXAMPLE
from glia.cli.weights import find_weights
from glia.tracking.folder.home import brief

app = typer.Typer(help="Runs: list, show, compare, stop, delete.", no_args_is_help=True, rich_markup_mode=None)
MOST_NAMED = 10
app.command("find-weights", epilog=FIND_EXAMPLE)(find_weights)


@app.command("list", epilog="Example: glia runs list --where \"params.lr < 0.01 and state = 'done'\" --limit 10")
def list_(
    where: Annotated[str, typer.Option(help="Only runs of which this is true; see docs/queries.md.")] = "",
    project: Annotated[str | None, typer.Option(help="Only runs of this project.")] = None,
    sort: Annotated[str, typer.Option(help="A column, metric or param; '-' before it for descending.")] = "-created",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    trials: Annotated[bool, typer.Option("--trials", help="Also the trials of studies.")] = False,
    as_json: output.Json = False,
) -> None:
    """List runs, newest first unless --sort says otherwise."""
    from glia.record.runs import Runs

    matching = Runs(where, project=project, sort=sort, trials=trials)
    found = matching[:limit]
    if as_json:
        output.emit([_short(run) for run in found])
    elif found:
        output.table(["id", "name", "project", "state", "model", "created", "validation"], [_row(run) for run in found])
    elif where or project:
        output.say(f"No run matches.{matching.hint()}")
    else:
        output.say("Nothing is recorded here yet. Begin with: glia train digits")
    total = len(matching)
    if total > limit:
        output.say(f"{limit} of {total} runs; --limit N shows more, --where and --project narrow.")


@app.command("show", epilog="Example: glia runs show a3f9")
def show(
    run: Reference,
    source: Annotated[bool, typer.Option("--source", help="Show the code it was started from instead.")] = False,
    out: Annotated[Path | None, typer.Option(help="With --source: write it to this new folder.")] = None,
    as_json: output.Json = False,
) -> None:
    """Show one run: state, data, metrics, bias and variance, params, and the runs inside it."""
    from glia import api
    from glia.record.runs import Runs

    found = api.run(run)
    if source or out:
        show_source(found, out, as_json)
        return
    within = Runs(f"parent = '{found.id}'")
    inside = within.ids()
    if as_json:
        said = {"params": found.params, "tags": found.tags, "notes": found.notes}
        output.emit({**_short(found), **said, "bias_and_variance": output.named(found), "inside": inside})
        return
    output.facts(
        {
            "id": found.id,
            "name": found.name,
            "project": found.project,
            "state": f"{found.state} ({found.reason})" if found.reason else found.state,
            "created": f"{found.created:%Y-%m-%d %H:%M:%S} UTC, {output.ago(found.created)}",
            **({"inside": found.parent} if found.parent else {}),
            **({"contains": _named(within[:MOST_NAMED], len(inside))} if inside else {}),
            **({"tags": ", ".join(f"{key}={value}" for key, value in found.tags.items())} if found.tags else {}),
            **({"notes": found.notes} if found.notes else {}),
            "data version": found.data_version,
            **({"files": ", ".join(each.name for each in kept)} if (kept := found.artifacts()) else {}),
            "folder": found.folder,
        }
    )
    for heading, values in (("Metrics", found.summary), ("Params", found.params)):
        if values:
            typer.echo(f"\n{heading}")
            output.facts(values)
        if heading == "Metrics" and found.bias_and_variance is not None:
            typer.echo(f"\nBias and variance\n{found.bias_and_variance}")


@app.command("diff", epilog="Example: glia runs diff a3f9 calm-otter-17")
def diff(first: Reference, second: Reference, as_json: output.Json = False) -> None:
    """Show what differs between two runs: params, data, code, metrics."""
    from glia import api

    one, other = api.run(first), api.run(second)
    commits, code = code_differences(one, other)
    differing = _differing(_comparable(one), _comparable(other)) | commits
    if as_json:
        output.emit({"runs": [one.id, other.id], "differing": differing, "code": code})
        return
    if differing:
        output.table(["", one.name, other.name], [[key, *values] for key, values in differing.items()])
    if one.data_version and other.data_version and one.data_version != other.data_version:
        output.say("They saw different data: which of them is better cannot be told from their metrics.")
    if code:
        typer.echo(f"\nCode\n{code}".rstrip("\n"))
    if not differing and not code:
        typer.echo(f"{one.name} and {other.name} differ in nothing that was recorded.")


def _comparable(run: Any) -> dict[str, Any]:
    return {**run.params, "data.version": run.data_version, "state": run.state, **run.summary}


def _differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, list[Any]]:
    keys = dict.fromkeys([*one, *other])
    return {key: [one.get(key), other.get(key)] for key in keys if one.get(key) != other.get(key)}


def _row(run: Any) -> tuple[Any, ...]:
    name = f"↳ {run.name}" if run.parent else run.name
    return brief(run.id), name, run.project, run.state, _model(run), output.ago(run.created), _judged(run)


def _short(run: Any) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "project": run.project,
        "state": run.state,
        "reason": run.reason,
        "created": run.created.isoformat(),
        "parent": run.parent,
        "summary": run.summary,
    }


def _named(runs: list[Any], total: int) -> str:
    """The first few by id and name."""
    shown = ", ".join(f"{brief(run.id)} {run.name}" for run in runs)
    return shown + (f", … ({total:,} in all)" if total > len(runs) else "")


def _model(run: Any) -> str:
    if run.kind == "compare":
        return ": ".join(filter(None, ("compare", run.tags.get("choice", ""))))
    name, size = run.params.get("model.name", ""), run.params.get("model.size", "")
    return f"{name}/{size}" if size else str(name)


def _judged(run: Any) -> str:
    wanted = ["validation/accuracy", "validation/rmse", "validation/loss"]
    if run.kind == "compare":
        wanted = [f"{run.tags.get('choice', '')}/{run.params.get('metric', '')}"]
    return next((f"{name.rpartition('/')[2]} {run.summary[name]:.4g}" for name in wanted if name in run.summary), "")
