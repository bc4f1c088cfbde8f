"""Alerts: a word to a webhook when a run starts or ends, as chat programs take it.

They are asked for in `.glia/config.toml`, or, for every state, by the address in `GLIA_ALERT_URL`:

    private_addresses = ["10.0.3.7", "192.168.0.0/16"]   # only if an alert goes to such a place

    [[alerts]]
    url = "https://chat.example.org/hooks/…"
    on = ["failed", "done"]                               # of started, done, failed, stopped; left out: all

A thread sends them, so that training neither waits for them nor fails by them; what does not arrive is told once. The
address of a webhook is a secret: only its host is ever shown. A process that is killed says nothing; whether it crashed
is found out by those who look at the run.
"""

import contextlib
import json
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from glia.config import from_dict, read_toml
from glia.errors import ConfigError, GliaError, did_you_mean
from glia.tracking.capture.webhooks import Webhook, post
from glia.tracking.folder.reader import RunReader
from glia.tracking.log.records import plain

FILE = "config.toml"
WORDS = ("started", "done", "failed", "stopped")
SECONDS_TO_ANSWER = 10.0
MOST_SHOWN = 12  # metrics in the text
MOST_TO_READ = 16 << 20  # bytes of log, so that what a run came to is known in a fraction of a second

log = logging.getLogger("glia")


@dataclass(frozen=True)
class Alert:
    """Where to say what."""

    url: str
    on: tuple[str, ...] = WORDS

    def __post_init__(self) -> None:
        for word in self.on:
            if word in ("crashed", "unreachable", "lost"):
                raise ConfigError(
                    f"alerts.on has '{word}', which no run says of itself: a process that is killed sends nothing. "
                    f"There are: {', '.join(WORDS)}."
                )
            if word not in WORDS:
                raise ConfigError(f"alerts.on has '{word}'.{did_you_mean(word, WORDS)}")


@dataclass(frozen=True)
class Settings:
    """What `config.toml` says."""

    alerts: tuple[Alert, ...] = ()
    private_addresses: tuple[str, ...] = ()


class Alerts:
    """What one process tells of a run that it records.

    Settings that cannot be read are told, and end nothing.

    Args:
        folder: `runs/<id>`.
        told: hears in words what was not sent.
    """

    def __init__(self, folder: Path, told: Callable[[str], None] = log.warning) -> None:
        self._folder, self._told = folder, told
        self._unsent: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._state = ""  # told last
        self._failed: set[str] = set()  # addresses of which it was said
        try:
            self._settings = read_settings(folder.parent.parent)
        except GliaError as error:
            self._settings = Settings()
            told(f"No alerts will be sent: {error}")

    def tell(self, state: str, reason: str) -> None:
        """Send to all who want to hear of this state; returns at once."""
        state, before = "started" if state == "running" else state, self._state
        self._state = state
        if state == before or not any(state in alert.on for alert in self._settings.alerts):
            return
        self._unsent.put((state, reason))
        if self._thread is None:
            self._thread = threading.Thread(target=self._send_all, name="glia alerts", daemon=True)
            with contextlib.suppress(RuntimeError):  # a program that is ending starts no threads
                self._thread.start()

    def close(self, timeout: float) -> None:
        """Wait for what is under way, for so many seconds at most; what takes longer is told as perhaps lost."""
        thread, self._thread = self._thread, None
        if thread is None or thread.ident is None:
            return
        self._unsent.put(None)
        thread.join(timeout)
        if thread.is_alive():
            self._told("An alert was still on its way when recording ended; it may not arrive.")

    def _send_all(self) -> None:
        while (item := self._unsent.get()) is not None:
            body = json.dumps(payload(self._folder, *item)).encode()
            for alert in self._settings.alerts:
                if item[0] in alert.on:
                    self._send(alert, body)

    def _send(self, alert: Alert, body: bytes) -> None:
        try:
            post(Webhook.read(alert.url, self._settings.private_addresses), body, timeout=SECONDS_TO_ANSWER)
        except (GliaError, OSError) as error:
            if alert.url not in self._failed:
                self._failed.add(alert.url)
                why = ((isinstance(error, OSError) and error.strerror) or str(error)).rstrip(".")
                self._told(f"An alert to {_host(alert.url)} was not sent: {why}. The run goes on; this is said once.")


def payload(folder: Path, state: str, reason: str) -> dict[str, Any]:
    """What is sent: a `text` for chat programs, and the same in parts for others."""
    facts = _facts(folder)
    figures = {} if state == "started" else _figures(folder)
    why = f" ({reason})" if reason and reason != state else ""
    shown = "".join(f"\n{name}: {value:.4g}" for name, value in list(figures.items())[:MOST_SHOWN])
    return {
        "text": f"Run {facts['name']} ({folder.name[:6]}) in {facts['project']}: {state}{why}{shown}",
        "run": folder.name,
        "name": facts["name"],
        "project": facts["project"],
        "state": state,
        "reason": reason,
        "metrics": plain(figures),
        "url": f"http://127.0.0.1:7007/runs/{folder.name}",
    }


def read_settings(home: Path) -> Settings:
    """What `config.toml` and the environment say.

    Raises:
        ConfigError: something in the file cannot be used.
    """
    path = home / FILE
    given = read_toml(path) if path.is_file() else {}
    settings = from_dict(Settings, {**given, "alerts": tuple(_alerts(given.get("alerts", [])))}, "")
    url = os.environ.get("GLIA_ALERT_URL", "")
    also = (Alert(url),) if url else ()
    return Settings(settings.alerts + also, settings.private_addresses)


def _figures(folder: Path) -> dict[str, float]:
    """What the run came to, or the last value of each metric; nothing of a log that would take long to read."""
    try:
        if sum(path.stat().st_size for path in (folder / "log").glob("*.log")) > MOST_TO_READ:
            return {}
        reader = RunReader(folder)
    except (GliaError, OSError):
        return {}
    values = reader.summary or reader.last()
    return {name: value for name, value in values.items() if isinstance(value, int | float)}


def _facts(folder: Path) -> dict[str, Any]:
    try:
        facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        return {"name": str(facts["name"]), "project": str(facts["project"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"name": folder.name, "project": ""}


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or "its address"
    except ValueError:
        return "its address"


def _alerts(given: Any) -> Iterator[Alert]:
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise ConfigError("alerts in config.toml is written as [[alerts]] with url and on below it.")
    for each in given:
        yield from_dict(Alert, each, "alerts")
