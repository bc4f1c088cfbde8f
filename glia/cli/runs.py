"""`glia runs`: what was recorded."""

from typing import Annotated, Any

import typer

from glia.cli import output
from glia.cli.predict import Reference

app = typer.Typer(help="Runs: list, show, compare.", no_args_is_help=True, rich_markup_mode=None)


@app.command("list", epilog="Example: glia runs list --project mnist --limit 10")
def list_(
    project: Annotated[str | None, typer.Option(help="Only runs of this project.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 20,
    as_json: output.Json = False,
) -> None:
    """List runs, newest first."""
    from glia.record.runs import Runs

    found = list(Runs(project=project, limit=limit))
    if as_json:
        output.emit([_short(run) for run in found])
    elif found:
        output.table(["id", "name", "project", "state", "model", "created", "validation"], [_row(run) for run in found])
    else:
        output.say("Nothing is recorded here yet. Begin with: glia train digits")
    total = len(Runs(project=project))
    if total > limit:
        output.say(f"{limit} of {total} runs; --limit N shows more, --project narrows.")


@app.command("show", epilog="Example: glia runs show a3f9")
def show(run: Reference, as_json: output.Json = False) -> None:
    """Show one run: state, data, metrics and params."""
    from glia import api

    found = api.run(run)
    if as_json:
        output.emit({**_short(found), "params": found.params, "tags": found.tags, "notes": found.notes})
        return
    output.facts(
        {
            "id": found.id,
            "name": found.name,
            "project": found.project,
            "state": f"{found.state} ({found.reason})" if found.reason else found.state,
            "created": f"{found.created:%Y-%m-%d %H:%M:%S} UTC, {output.ago(found.created)}",
            "data version": found.data_version,
            "folder": found.folder,
        }
    )
    for heading, values in (("Metrics", found.summary), ("Params", found.params)):
        if values:
            typer.echo(f"\n{heading}")
            output.facts(values)


@app.command("diff", epilog="Example: glia runs diff a3f9 calm-otter-17")
def diff(first: Reference, second: Reference, as_json: output.Json = False) -> None:
    """Show what differs between two runs: params, data, code, metrics."""
    from glia import api

    one, other = api.run(first), api.run(second)
    differing = _differing(_comparable(one), _comparable(other))
    if as_json:
        output.emit({"runs": [one.id, other.id], "differing": differing})
    elif differing:
        output.table(["", one.name, other.name], [[key, *values] for key, values in differing.items()])
    else:
        typer.echo(f"{one.name} and {other.name} differ in nothing that was recorded.")


def _comparable(run: Any) -> dict[str, Any]:
    code = {f"code.{key}": value for key, value in run.source.items() if key in ("commit", "diff_hash")}
    return {**run.params, "data.version": run.data_version, **code, "state": run.state, **run.summary}


def _differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, list[Any]]:
    keys = dict.fromkeys([*one, *other])
    return {key: [one.get(key), other.get(key)] for key in keys if one.get(key) != other.get(key)}


def _row(run: Any) -> tuple[Any, ...]:
    return run.id[:6], run.name, run.project, run.state, _model(run), output.ago(run.created), _judged(run)


def _short(run: Any) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "project": run.project,
        "state": run.state,
        "reason": run.reason,
        "created": run.created.isoformat(),
        "summary": run.summary,
    }


def _model(run: Any) -> str:
    name, size = run.params.get("model.name", ""), run.params.get("model.size", "")
    return f"{name}/{size}" if size else str(name)


def _judged(run: Any) -> str:
    wanted = ("validation/accuracy", "validation/rmse", "validation/loss")
    return next((f"{name.split('/')[1]} {run.summary[name]:.4g}" for name in wanted if name in run.summary), "")
