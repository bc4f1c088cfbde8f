"""The recorded source of runs: printed, written to a folder, compared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from glia.cli import output


def show_source(run: Any, out: Path | None, as_json: bool) -> None:
    """Print what a run's code was, or write it to a folder so that it can be run again."""
    source = run.source
    if out is not None:
        from glia.tracking.capture.restoring import write_source

        for said in write_source(source, out):
            output.say(said)
        output.say(f"The source of run {run.name} is in '{out}'. It was started by: {_command(source)}")
    elif as_json:
        output.emit(source)
    elif not source:
        output.say(f"No source was recorded with run {run.name}.")
    else:
        _print(source)


def code_differences(one: Any, other: Any) -> tuple[dict[str, list[Any]], str]:
    """Which commits two runs are of, if not the same one, and a unified diff of their sources."""
    from glia.tracking.capture.restoring import code_difference

    commits = [run.source.get("commit") or None for run in (one, other)]
    differing = {"code.commit": commits} if commits[0] != commits[1] else {}
    return differing, code_difference(one.source, other.source)


def _print(source: Mapping[str, Any]) -> None:
    told = {"command": _command(source)}
    told |= {name: source[name] for name in ("folder", "entry", "commit", "branch", "remote") if source.get(name)}
    output.facts(told)
    for name in source.get("left_out", []):
        output.say(f"Not recorded: {name}")
    if source.get("diff"):
        typer.echo(f"\nChanges since the commit\n{source['diff']}".rstrip("\n"))
    parts = {"untracked": "not in git", "notebooks": "changed, without outputs", "files": ""}
    for part, about in parts.items():
        for name, text in (source.get(part) or {}).items():
            typer.echo(f"\n--- {name}{f' ({about})' if about else ''}\n{text}".rstrip("\n"))
    for number, cell in enumerate(source.get("cells") or [], start=1):
        typer.echo(f"\n--- executed cell {number}\n{cell}".rstrip("\n"))


def _command(source: Mapping[str, Any]) -> str:
    import shlex

    return " ".join(word if "…" in word else shlex.quote(word) for word in source.get("command", []))
