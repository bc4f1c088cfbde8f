"""The application: the API under /api/v1, the pages beside it, the guard before both."""

import threading
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse

from glia.errors import ConfigError, DataError, GliaError, NotFoundError
from glia.server import (
    artifacts,
    comparison,
    control,
    documents,
    events,
    family,
    histograms,
    listing,
    media,
    metrics,
    pages,
    registered,
    run,
    session,
    studies,
    tables,
)
from glia.server.readers import Readers
from glia.server.safety import Guard

API = "/api/v1"
STATUS: dict[type[GliaError], int] = {NotFoundError: 404, ConfigError: 422, DataError: 422}


def create_app(home: Path) -> FastAPI:
    """The application that shows the runs of the `.glia` folder `home`."""
    app = FastAPI(title="Glia", version="1", docs_url=None, redoc_url=None, openapi_url=f"{API}/openapi.json")
    app.state.readers = Readers(home)
    app.state.listing = listing.Listing(home)
    app.state.home = home
    app.state.stopping = threading.Event()
    for router in (listing.router, events.router, run.router, metrics.router, documents.router, media.router):
        app.include_router(router, prefix=API)
    for router in (comparison.router, session.router, control.router, registered.router):
        app.include_router(router, prefix=API)
    for router in (tables.router, histograms.router, artifacts.router, family.router, studies.router):
        app.include_router(router, prefix=API)
    app.add_exception_handler(GliaError, _refused)
    pages.mount(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=1)  # 5 takes four times as long to save a tenth
    app.add_middleware(Guard)
    return app


def _refused(_: Request, error: Exception) -> JSONResponse:
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    return JSONResponse({"detail": str(error)}, status_code=status)
