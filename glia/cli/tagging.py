"""`glia runs tag` and `glia runs note`."""

from typing import Annotated

import typer

from glia.cli import output
from glia.cli.predict import Reference
from glia.errors import ConfigError
from glia.tracking.folder.home import brief

TAG_EXAMPLE = "Example: glia runs tag a3f9 purpose=paper -draft"
NOTE_EXAMPLE = "Example: glia runs note a3f9 'The baseline of section 3.'"
LETS_MINUS_THROUGH = {"ignore_unknown_options": True}


def tag(
    run: Reference,
    tags: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE | -KEY]...", help="To set or remove.")] = None,
    as_json: output.Json = False,
) -> None:
    """Set tags (KEY=VALUE) and remove tags (-KEY) of a run, also after its end; without any, show them."""
    from glia.tracking.folder.home import find_run, open_home
    from glia.tracking.folder.trials import read_run
    from glia.tracking.log.records import TagsRecord

    reader = read_run(find_run(open_home(), run))
    if tags:
        given, removed = _changes(tags)
        reader.remark(TagsRecord(set=given, removed=removed))
        reader.refresh()
    if as_json:
        output.emit(reader.tags)
    else:
        output.facts(reader.tags)


def note(run: Reference, text: Annotated[str, typer.Argument(help="Instead of the notes before.")]) -> None:
    """Replace the notes of a run."""
    from glia.tracking.folder.home import find_run, open_home
    from glia.tracking.folder.trials import read_run
    from glia.tracking.log.records import NoteRecord

    reader = read_run(find_run(open_home(), run))
    reader.remark(NoteRecord(text=text))
    output.say(f"Next: glia runs show {brief(reader.id)}")


def _changes(tags: list[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    given: dict[str, str] = {}
    removed: list[str] = []
    for each in tags:
        name, equals, value = each.partition("=")
        if not equals and each.startswith("-") and each.strip("-"):
            removed.append(each.lstrip("-"))
        elif equals and name:
            given[name] = value
        else:
            raise ConfigError(f"'{each}' is neither KEY=VALUE nor -KEY.")
    return given, tuple(removed)
