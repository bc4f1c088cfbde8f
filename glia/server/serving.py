"""Glia's pages on this machine: a thread beside a notebook, or the whole of `glia serve`."""

import contextlib
import errno
import html
import socket
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from glia.errors import ConfigError
from glia.server import pages
from glia.server.app import create_app
from glia.server.compacting import Compactor
from glia.server.safety import LOOPBACK
from glia.server.session import session_key

PORT = 7007
PORTS_TRIED = 21
LAST_PORT = 65535
SECONDS_TO_END = 2
_KEY = "What stands behind the # is the session key: it lets that browser stop and delete runs. Keep it to yourself.\n"
_BUILD = "The pages are not built yet: type `make ui` in Glia's folder (needs Node.js 20.19 or newer).\n"


def serve(home: Path, *, host: str = "127.0.0.1", port: int = PORT, block: bool = False) -> "Server":
    """Serve the pages of the `.glia` folder `home`.

    Args:
        home: the folder with `runs/`.
        host: a name of this machine; other addresses need users, which this version does not have.
        port: the first one to try; taken ones are passed over, 20 at most. 0: any free one.
        block: say where, and stay until Ctrl-C; otherwise serve from a thread and return at once.

    Raises:
        ConfigError: `host` is not this machine, `port` is no port, or none from there on is free.
    """
    if host not in LOOPBACK:
        raise ConfigError(
            f"host='{host}' would show the runs to other machines, which needs users, and those are not there yet. "
            "Use host='127.0.0.1' and, over there, forward the port: "
            f"ssh -L {port}:localhost:{port} {socket.gethostname()}"
        )
    if not 0 <= port <= LAST_PORT:
        raise ConfigError(f"port={port} is no port: they go from 1 to {LAST_PORT}. Use port=0 for any that is free.")
    server = Server(home, host, _listen(host, port), asked=port)
    if not block:
        server.start()
        return server
    sys.stdout.write(
        f"{server}\n{_BUILD if not pages.are_built() else ''}Open {server.address}\n{_KEY}Ctrl-C ends it.\n"
    )
    sys.stdout.flush()
    server.compact()
    with contextlib.suppress(KeyboardInterrupt):
        server.wait()
    return server


class Server:
    """A running server; ends with the process, by `stop()` or at the end of a `with` block.

    Attributes:
        url: the address of the pages.
        port: the port found.
        note: what the user should know, such as that another port was taken; else empty.
    """

    def __init__(self, home: Path, host: str, listening: socket.socket, *, asked: int) -> None:
        self.home = home
        self.port: int = listening.getsockname()[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.note = f"Port {asked} is taken; using {self.port}." if asked not in (0, self.port) else ""
        self._socket = listening
        self._app = create_app(home)
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
            server_header=False,
        )
        self._uvicorn = _Uvicorn(config)
        self._thread = threading.Thread(target=self.wait, name="glia-server", daemon=True)

    @property
    def address(self) -> str:
        """The address of the pages with the session key: who opens it may also stop and delete.

        Raises:
            StoreError: the key in the folder cannot be used.
        """
        return f"{self.url}/#key={session_key(self.home)}"

    def start(self) -> None:
        """Serve from a thread with an event loop of its own."""
        self._thread.start()
        self._uvicorn.ready.wait()

    def compact(self) -> None:
        """Meanwhile put finished runs into columns. Not where somebody trains: it takes a processor."""
        Compactor(self.home, self._app.state.readers, self._app.state.stopping).start()

    def wait(self) -> None:
        """Serve from this thread until `stop()`, or until Ctrl-C in the main thread."""
        try:
            self._uvicorn.run(sockets=[self._socket])
        finally:
            self._uvicorn.ready.set()

    def stop(self) -> None:
        """End the open streams, then the server; returns when the port is free again."""
        self._uvicorn.end()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=10)

    def __enter__(self) -> "Server":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"Glia serves {self.home} on {self.url}" + (f" ({self.note})" if self.note else "")

    def _repr_html_(self) -> str:
        url, home, note = html.escape(self.url), html.escape(str(self.home)), html.escape(self.note)
        return f'Glia serves <code>{home}</code> on <a href="{url}" target="_blank" rel="noopener">{url}</a>. {note}'


class _Uvicorn(uvicorn.Server):
    """Says when it is ready, and ends endless streams before it waits for connections to close."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    def end(self) -> None:
        self.config.app.state.stopping.set()  # type: ignore[union-attr]
        self.should_exit = True

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        self.end()


def _listen(host: str, first: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tried = [0] if first == 0 else range(first, min(first + PORTS_TRIED, LAST_PORT + 1))
    for port in tried:
        # With the protocol named asyncio turns Nagle's algorithm off; else every small answer waits 40 ms.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":  # there the option would let two servers share a port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(128)
            return listening
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE:
                raise ConfigError(f"Port {port} of {host} cannot be used: {error.strerror}. Name another.") from None
    raise ConfigError(f"No port from {tried[0]} to {tried[-1]} is free on {host}. Name another: port=0 takes any.")
