"""Runs inside a run."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from glia.server.answers import Child, Children, Problem
from glia.server.listing import TheListing
from glia.server.readers import Open
from glia.tracking.folder.account import Account, moment
from glia.tracking.folder.home import STUDY
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import facts_of
from glia.tracking.index.searching import Search

router = APIRouter(prefix="/runs/{run}", tags=["runs"], responses={404: {"model": Problem}})
MOST = 1000


@router.get("/children")
def read_children(
    run: str, readers: Open, listing: TheListing, limit: Annotated[int, Query(ge=1, le=MOST)] = MOST
) -> Children:
    """The runs that were begun inside this one, the first of them."""
    with readers.open(run) as reader:
        if reader.kind == STUDY:
            return _trials(reader, limit)
        parent = reader.id.replace("'", "''")
    found = listing.page(Search(where=f"parent = '{parent}'", sort="created"), limit=limit, offset=0, metrics=[])
    children = [Child(id=row.id, name=row.name, state=row.state, created=row.created) for row in found.rows]
    return Children(children=children, total=found.total)


def _trials(study: RunReader, limit: int) -> Children:
    """Those of a study, by its own log: to file thousands of them in the index takes longer than a page may."""
    trials = study.trials
    children = [
        Child(
            id=f"{study.id}/{each.number}",
            name=f"{study.name}/{each.number}",
            state=each.state,
            created=_created(trials[each.number]),
        )
        for each in facts_of(study, sorted(trials)[:limit])
    ]
    return Children(children=children, total=len(trials))


def _created(trial: Account) -> datetime:
    return moment(trial.begun.time if trial.begun is not None else 0)
