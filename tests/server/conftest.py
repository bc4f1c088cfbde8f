import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from glia.server.app import create_app
from glia.server.serving import Server, serve


@pytest.fixture
def home(home: Path) -> Path:
    """The `.glia` folder of this test, made."""
    home.mkdir(parents=True, exist_ok=True)
    return home


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """A real server, on a port of its own."""
    with serve(home, port=0) as running:
        yield running


@pytest.fixture
def client(home: Path) -> Iterator[httpx.Client]:
    """The API without a socket."""
    with httpx.Client(transport=InProcess(home), base_url="http://localhost:7007/api/v1") as asking:
        yield asking


class InProcess(httpx.BaseTransport):
    """Calls the application, each request in an event loop of its own."""

    def __init__(self, home: Path) -> None:
        self._asgi = httpx.ASGITransport(create_app(home))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = await self._asgi.handle_async_request(request)
        content = b"".join([part async for part in answer.aiter_raw()])
        return httpx.Response(answer.status_code, headers=answer.headers, content=content, request=request)
