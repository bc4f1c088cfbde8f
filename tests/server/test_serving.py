import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from glia.errors import ConfigError
from glia.server.serving import Server, serve


def get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=20, trust_env=False)


def taken_port() -> tuple[socket.socket, int]:
    """A port in use, with free ones likely after it."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return listening, listening.getsockname()[1]


def test_serves_from_a_thread_until_the_block_ends(home: Path) -> None:
    with serve(home, port=0) as server:
        assert server.url == f"http://127.0.0.1:{server.port}"
        assert get(f"{server.url}/api/v1/runs").json()["runs"] == []
        assert str(server) == f"Glia serves {home} on {server.url}"
        assert f'<a href="{server.url}"' in server._repr_html_()
    with pytest.raises(httpx.ConnectError):
        get(server.url)


def test_stopping_twice_changes_nothing(home: Path) -> None:
    server = serve(home, port=0)
    server.stop()
    server.stop()


def test_a_taken_port_gives_the_next_free_one_and_says_so(home: Path) -> None:
    blocker, port = taken_port()
    with blocker, serve(home, port=port) as server:
        assert port < server.port <= port + 20
        assert server.note == f"Port {port} is taken; using {server.port}."
        assert server.note in str(server)


def test_no_free_port_is_an_error_that_names_the_range(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glia.server.serving.PORTS_TRIED", 1)
    blocker, port = taken_port()
    with blocker, pytest.raises(ConfigError, match=f"No port from {port} to {port} is free on 127.0.0.1"):
        serve(home, port=port)


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_number_that_is_no_port_is_refused(home: Path, port: int) -> None:
    with pytest.raises(ConfigError, match=rf"port={port} is no port: they go from 1 to 65535\. Use port=0"):
        serve(home, port=port)


def test_other_addresses_need_users(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"host='0\.0\.0\.0' would show the runs to other machines.*ssh -L 7007"):
        serve(home, host="0.0.0.0")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_blocking_says_where_and_ends_by_ctrl_c_with_a_stream_open(home: Path) -> None:
    code = (
        "import pathlib, sys; from glia.server.serving import serve; serve(pathlib.Path(sys.argv[1]), port=0, block=1)"
    )
    program = subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    said = program.stdout.readline()
    assert said.startswith(f"Glia serves {home} on http://127.0.0.1:")
    url = said.rsplit(" ", 1)[1].strip()
    with httpx.stream("GET", f"{url}/api/v1/events", timeout=20, trust_env=False) as events:
        next(events.iter_lines())
        program.send_signal(signal.SIGINT)
        assert program.wait(20) == 0
    program.stdout.close()


def test_small_answers_are_sent_at_once(server: Server) -> None:
    # asyncio sets TCP_NODELAY only on sockets that name their protocol.
    assert server._socket.proto == socket.IPPROTO_TCP
