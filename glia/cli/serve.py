"""`glia serve`."""

from typing import Annotated

import typer

EXAMPLE = "Example: glia serve --port 7008"


def serve(port: Annotated[int, typer.Option(help="0 takes any that is free.")] = 7007) -> None:
    """Show the runs recorded here in the browser, live, on this machine only."""
    from glia import api

    api.serve(port=port, block=True)
