"""Runs inside a run."""

from fastapi import APIRouter

from glia.server.answers import Child, Children, Problem
from glia.server.listing import TheListing
from glia.server.readers import Open
from glia.tracking.index.searching import Search

router = APIRouter(prefix="/runs/{run}", tags=["runs"], responses={404: {"model": Problem}})
MOST = 1000


@router.get("/children")
def read_children(run: str, readers: Open, listing: TheListing) -> Children:
    """The runs that were begun inside this one, the first thousand of them."""
    with readers.open(run) as reader:
        parent = reader.id.replace("'", "''")
    found = listing.page(Search(where=f"parent = '{parent}'", sort="created"), limit=MOST, offset=0, metrics=[])
    children = [Child(id=row.id, name=row.name, state=row.state, created=row.created) for row in found.rows]
    return Children(children=children, total=found.total)
