"""The registry: names of models, their versions and aliases."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from glia.server.answers import Answer
from glia.store.registry import Entry, Registry
from glia.tracking.folder.home import name_of, run_folder

router = APIRouter(prefix="/registry", tags=["registry"])


class Version(Answer):
    """A version of a model: the run it came of."""

    version: int
    run: str
    run_name: str = Field(description="Empty if there is no such run any more.")
    aliases: list[str]
    created: datetime
    by: str


class RegisteredModel(Answer):
    """A name, its versions with the newest first."""

    name: str
    versions: list[Version]


class RegisteredModels(Answer):
    """All names, in order."""

    models: list[RegisteredModel]


def home_of(request: Request) -> Path:
    """The `.glia` folder of the application that answers this request."""
    home: Path = request.app.state.home
    return home


@router.get("")
def read_registry(home: Annotated[Path, Depends(home_of)]) -> RegisteredModels:
    """Every registered name as it stands."""
    return RegisteredModels(models=[_model(entry, home) for entry in Registry(home).entries()])


def _model(entry: Entry, home: Path) -> RegisteredModel:
    return RegisteredModel(
        name=entry.name,
        versions=[
            Version(
                version=number,
                run=made.run,
                run_name=name_of(run_folder(home, made.run)),
                aliases=[alias for alias, target in entry.aliases.items() if target == number],
                created=datetime.fromtimestamp(made.time, UTC),
                by=made.by,
            )
            for number, made in sorted(entry.versions.items(), reverse=True)
        ],
    )
