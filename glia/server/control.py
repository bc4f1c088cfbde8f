"""What changes a run from outside: tags and notes for anyone on this machine; stopping and deleting with the key."""

from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import Field

from glia.server.answers import Answer, Problem
from glia.server.readers import Open
from glia.server.session import WithKey
from glia.tracking.log.records import NoteRecord, State, TagsRecord
from glia.tracking.log.remarks import user_name
from glia.tracking.recording.stopping import ask_to_stop
from glia.tracking.upkeep.retention import Doomed, delete

LONGEST_TEXT = 100_000
REFUSALS: dict[int | str, dict[str, Any]] = {401: {"model": Problem}, 404: {"model": Problem}}

router = APIRouter(prefix="/runs/{run}", tags=["control"], responses={404: {"model": Problem}})


class Standing(Answer):
    """How a run stands after what was asked."""

    state: State
    asked: bool = Field(description="False if it had ended already.")


class Edit(Answer):
    """Tags to set and to remove, and the notes if they are to be others."""

    set: dict[str, str] = Field(default={}, description="Tags by name.")
    removed: list[str] = Field(default=[], description="Names of tags.")
    notes: str | None = Field(default=None, max_length=LONGEST_TEXT)


class Facts(Answer):
    """What stands in a run's log after an edit."""

    tags: dict[str, str]
    notes: str


class Removed(Answer):
    """A run that is deleted, and can be brought back for a while."""

    id: str
    name: str


@router.post("/stop", dependencies=[WithKey], responses=REFUSALS)
def stop_run(run: str, readers: Open) -> Standing:
    """Ask a run to stop; it does so as soon as its loop asks whether it should."""
    with readers.open(run) as reader:
        asked = ask_to_stop(reader, f"asked by {user_name()} in the pages")
        return Standing(state=reader.state, asked=asked)


@router.delete("", dependencies=[WithKey], responses={**REFUSALS, 409: {"model": Problem}})
def delete_run(run: str, readers: Open) -> Removed:
    """Delete a run: it is in no list any more, and can be brought back with `glia runs restore` for a while."""
    with readers.open(run) as reader:
        doomed = Doomed(reader.id, reader.name, reader.state, reader.updated.timestamp())
    for _, refusal in delete(readers.home, [doomed], reason=f"by {user_name()} in the pages"):
        if refusal:
            raise HTTPException(409, refusal)
    return Removed(id=doomed.id, name=doomed.name)


@router.patch("")
def edit_run(run: str, readers: Open, edit: Edit) -> Facts:
    """Change tags and notes: that is recording, which needs no key."""
    with readers.open(run) as reader:
        if edit.set or edit.removed:
            reader.remark(TagsRecord(set=edit.set, removed=tuple(edit.removed)))
        if edit.notes is not None:
            reader.remark(NoteRecord(text=edit.notes))
        reader.refresh()
        return Facts(tags=reader.tags, notes=reader.notes)
