"""The built pages: one HTML file, and hashed assets that never change."""

from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

BUILT = Path(__file__).parent / "static"
PATHS = ("/", "/runs", "/runs/{run}", "/compare", "/models")  # what ui/src/lib/router.ts knows

MISSING = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Glia: pages not built</title>
<h1>The pages are not built</h1>
<p>The API answers under <a href="/api/v1/runs">/api/v1</a>. To build the pages, type in Glia's folder
<pre>make ui</pre>
<p>It needs Node.js 20.19 or newer; then load this page again.
"""


def are_built() -> bool:
    """Whether there are pages to serve."""
    return (BUILT / "index.html").is_file()


def mount(app: FastAPI) -> None:
    """Serve the pages, or say how to build them for as long as they are not."""
    for path in PATHS:
        app.add_api_route(path, _page, methods=["GET", "HEAD"], include_in_schema=False)
    app.mount("/assets", _Assets(directory=BUILT / "assets", check_dir=False))


def _page() -> Response:
    headers = {"Cache-Control": "no-cache"}
    if not are_built():
        return HTMLResponse(MISSING, headers=headers)
    return FileResponse(BUILT / "index.html", headers=headers)


class _Assets(StaticFiles):
    """Files whose names carry the hash of their content, so they may be kept for ever."""

    async def check_config(self) -> None:
        if not are_built():
            raise HTTPException(404)
        await super().check_config()

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code < 400:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
