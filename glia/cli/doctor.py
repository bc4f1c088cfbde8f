"""`glia doctor`: whether all is well, and what to do where it is not."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glia.cli import output

if TYPE_CHECKING:
    from glia.tracking.upkeep.findings import Finding

EXAMPLE = "Example: glia doctor --repair"
SIGNS = {"ok": "ok", "warning": "warning", "problem": "PROBLEM"}


def doctor(
    run: Annotated[str | None, typer.Argument(help="Look at this run only: id, its beginning or name.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Make good what can be made good without a loss.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: output.Json = False,
) -> None:
    """Check the installation, the .glia folder and every run; exit code 1 if there is a problem."""
    from glia.record.doctor import examine

    if repair:
        _repair(yes)
    found = list(_shown(examine(run), silent=as_json))
    problems = sum(finding.verdict == "problem" for finding in found)
    if as_json:
        output.emit([asdict(finding) for finding in found])
    elif problems:
        output.say(f"{problems} of {len(found)} checks found a problem.")
    if problems:
        raise typer.Exit(1)


def _shown(findings: "Iterable[Finding]", *, silent: bool) -> "Iterator[Finding]":
    """Each line when it is known: reading every run may take long."""
    for finding in findings:
        if not silent:
            typer.echo(f"{SIGNS[finding.verdict]:<8} {finding.subject:<10} {finding.text}")
            if finding.advice:
                typer.echo(f"{'':<19} {finding.advice}")
        yield finding


def _repair(yes: bool) -> None:
    from glia.tracking.folder.home import find_home
    from glia.tracking.upkeep.health import leftovers, repair

    home: Any = find_home()
    if home is None:
        return
    if not yes:
        count = len(leftovers(home))
        typer.confirm(f"Remove {count} leftovers of '{home}' and bring its index in order?", abort=True, err=True)
    for line in repair(home):
        output.say(line)
