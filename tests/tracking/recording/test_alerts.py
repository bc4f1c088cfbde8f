"""Alerts: what is sent when, where it may go, and that nothing waits for it."""

import ipaddress
import json
import logging
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

import glia
from glia.errors import ConfigError
from glia.tracking.capture.webhooks import Webhook, is_public, post
from glia.tracking.recording import alerts, recorder
from glia.tracking.recording.alerts import Alerts, payload, read_settings
from tests.tracking.runs import recording


class Chat:
    """A chat program on this machine: keeps what is posted."""

    def __init__(self, status: int = 200, location: str = "") -> None:
        self.heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                chat.heard.put({"path": self.path, "host": self.headers["Host"], **json.loads(body)})
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Says nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hooks/secret?a=1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def chat(**options: Any) -> Iterator[Chat]:
    listening = Chat(**options)
    try:
        yield listening
    finally:
        listening.close()


def write(home: Path, *, url: str, on: str = "", listed: str = '"127.0.0.0/8"') -> None:
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(f'private_addresses = [{listed}]\n[[alerts]]\nurl = "{url}"\n{on}\n')


def test_a_run_tells_of_its_start_and_its_end(home: Path) -> None:
    with chat() as room:
        write(home, url=room.url)
        with glia.start(project="faces", name="calm-otter-17") as run:
            started = room.heard.get(timeout=30)
            run.log(loss=0.25, accuracy=float("nan"))
        done = room.heard.get(timeout=30)
    assert started["text"] == f"Run calm-otter-17 ({run.id[:6]}) in faces: started"
    assert (started["path"], started["host"]) == ("/hooks/secret?a=1", f"127.0.0.1:{room.port}")
    assert done["text"] == f"Run calm-otter-17 ({run.id[:6]}) in faces: done\nloss: 0.25\naccuracy: nan"
    assert (done["run"], done["state"], done["project"]) == (run.id, "done", "faces")
    assert done["metrics"] == {"loss": 0.25, "accuracy": "NaN"}
    assert done["url"].endswith(f"/runs/{run.id}")


def test_only_what_is_asked_for_is_told_and_each_state_once(home: Path) -> None:
    with chat() as room:
        write(home, url=room.url, on='on = ["started", "failed"]')
        glia.train("iris", epochs=1, settings={"model.hidden": [4]})  # says `running` twice
        assert room.heard.get(timeout=30)["state"] == "started"
        with pytest.raises(ValueError, match="boom"), glia.start():
            raise ValueError("boom")
        assert room.heard.get(timeout=30)["state"] == "started"
        failed = room.heard.get(timeout=30)
        assert (failed["state"], failed["reason"]) == ("failed", "ValueError: boom")
        assert room.heard.empty()


def test_the_environment_names_one_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with chat() as room:
        home.mkdir()
        (home / "config.toml").write_text('private_addresses = ["127.0.0.1"]')
        monkeypatch.setenv("GLIA_ALERT_URL", room.url)
        with glia.start():
            pass
        assert [room.heard.get(timeout=30)["state"] for _ in range(2)] == ["started", "done"]


def test_private_addresses_are_refused_unless_listed(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    with chat() as room:
        write(home, url=room.url, listed="")
        with glia.start() as run:
            pass
        assert room.heard.empty()
    assert run.state == "done"
    said = [each.message for each in caplog.records if "was not sent" in each.message]
    assert len(said) == 1  # although two were refused
    assert "An alert to 127.0.0.1 was not sent: it leads to 127.0.0.1, which is no public address" in said[0]
    assert "secret" not in said[0]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
        "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    ],
)  # fmt: skip
def test_what_is_not_of_the_public_internet(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_what_is(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_a_name_is_resolved_once_and_all_its_addresses_must_do(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(*addresses: str) -> None:
        def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    answer("93.184.216.34", "10.0.0.1")
    with pytest.raises(ConfigError, match=r"leads to 10\.0\.0\.1"):
        post(Webhook.read("https://chat.example"), b"{}", timeout=1)
    with chat() as room:
        connected: list[Any] = []
        connect = socket.create_connection

        def create_connection(address: Any, timeout: float) -> socket.socket:
            connected.append(address)
            monkeypatch.undo()
            return connect(address, timeout)

        asked.clear()
        answer("127.0.0.1")
        monkeypatch.setattr(socket, "create_connection", create_connection)
        post(Webhook.read(f"http://chat.example:{room.port}/x", ["127.0.0.1"]), b"{}", timeout=30)
        assert room.heard.get(timeout=30) == {"path": "/x", "host": f"chat.example:{room.port}"}
    assert asked == ["chat.example"]
    assert connected == [("127.0.0.1", room.port)]


def test_redirects_are_not_followed_and_refusals_are_told() -> None:
    with chat() as other, chat(status=302, location=other.url) as room:
        with pytest.raises(ConfigError, match="answered 302 Found and redirects are not followed"):
            post(Webhook.read(room.url, ["127.0.0.1"]), b"{}", timeout=30)
        assert other.heard.empty()
    with chat(status=404) as room, pytest.raises(ConfigError, match="answered 404"):
        post(Webhook.read(room.url, ["127.0.0.1"]), b"{}", timeout=30)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://chat.example", "begin with https://"),
        ("chat.example/hook", "begin with https://"),
        ("https://ann:secret@chat.example", "user name"),
        ("http://chat.example/a b", "a character"),
        ("http://[::1", "no URL"),
        ("http://chat.example:99999", "no URL"),
    ],
)
def test_addresses_that_are_none(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Webhook.read(url)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[alerts]]\nurl = "https://a.example"\non = ["crashed"]', "which no run says of itself"),
        ('[[alerts]]\nurl = "https://a.example"\non = ["fialed"]', "Did you mean 'failed'"),
        ('[[alerts]]\nurl = "https://a.example"\nwhen = "now"', "Unknown setting 'alerts.when'"),
        ("[alerts]\nurl = 1", r"written as \[\[alerts\]\]"),
        ('alert = "x"', "Unknown setting 'alert'. Did you mean 'alerts'"),
        ("no toml", "is not a TOML file"),
    ],
)
def test_settings_that_cannot_be_used_are_told_and_end_nothing(
    home: Path, text: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    home.mkdir()
    (home / "config.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_settings(home)
    with glia.start() as run:
        pass
    assert run.state == "done"
    assert sum("No alerts will be sent" in each.message for each in caplog.records) == 1


def test_a_chat_that_never_answers_does_not_keep_the_program(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorder, "SECONDS_TO_LEAVE", 0.05)
    monkeypatch.setattr(alerts, "SECONDS_TO_ANSWER", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write(home, url=f"http://127.0.0.1:{silent.getsockname()[1]}/", on='on = ["done"]')
        with recording(home) as run:
            run.state("done")
            thread = run._alerts._thread  # type: ignore[union-attr]
        assert any("still on its way" in each.message for each in caplog.records)
        assert thread is not None
        thread.join(30)
    assert caplog.records[-1].levelno == logging.WARNING
    assert "was not sent: timed out" in caplog.records[-1].message


def test_a_long_log_is_told_without_figures(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "MOST_TO_READ", 0)
    with recording(home) as run:
        run.log({"loss": 1.0})
        assert payload(run.folder, "done", "")["metrics"] == {}


def test_without_settings_no_thread_is_started(home: Path) -> None:
    home.mkdir()
    telling = Alerts(home / "runs" / "a")
    telling.tell("done", "")
    assert telling._thread is None
    telling.close(1)
