"""Values per second and the time of one `log()`, of Glia and its peers, on one disk, in turn.

    python benchmarks/tracking.py [--rounds 3] [--only glia-map,lines] [--folder .] [--save]

Each measurement is a process of its own, in a folder of its own that is removed afterwards. Peers live in environments
of their own, made on first use. Glia is also timed beside a thread that computes in Python without end, and while a
real server is asked for the run's page again and again; `paced` logs a value every millisecond, as training does.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import httpx
from environments import python_with
from loggers import LOGGERS
from report import publish, table

from glia.server.serving import serve

HERE = Path(__file__).parent
PEERS = {
    "tensorboard": "tensorboardX",
    "aim": "aim",
    "wandb": "wandb",
    "clearml": "clearml",
    "mlflow": "mlflow",
    "mlflow-async": "mlflow",
}
COUNTS = {"glia-map": 400_000, "glia-write": 400_000, "lines": 200_000, "mlflow": 300, "mlflow-async": 300}
SITUATIONS = ("alone", "busy", "read", "paced")
WHAT = {
    "glia-map": "Glia, mapped file",
    "glia-write": "Glia, one system call a value",
    "lines": "a bare file of JSON lines, flushed",
    "tensorboard": "TensorBoard (tensorboardX)",
    "aim": "Aim",
    "wandb": "W&B, offline",
    "clearml": "ClearML, offline",
    "mlflow": "MLflow, SQLite",
    "mlflow-async": "MLflow, SQLite, asynchronous",
    "alone": "alone",
    "busy": "beside a busy Python thread",
    "read": "while pages read the run",
    "paced": "a value every millisecond",
}
TARGETS = {"glia-map": "≥ 400,000", "glia-write": "≥ 200,000"}
Figures = dict[str, float]


def measure(logger: str, situation: str, disk: Path) -> Figures:
    """One process that logs."""
    peer = PEERS.get(logger)
    python = python_with("tensorboard" if peer == "tensorboardX" else peer, peer, torch=False) if peer else None
    count = COUNTS.get(logger, 2_000) if situation != "paced" else 3_000
    with tempfile.TemporaryDirectory(dir=disk, ignore_cleanup_errors=True) as folder, ExitStack() as over:
        command = [str(python or sys.executable), str(HERE / "loggers.py"), logger, str(count), situation]
        environment = {**os.environ, "GLIA_HOME": f"{folder}/.glia", "HOME": folder}
        with subprocess.Popen(
            command, cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            lines = [""]
            for line in process.stdout or ():
                lines.append(line.strip())
                if lines[-1] == "ready" and situation == "read":
                    over.callback(_read_pages(Path(folder) / ".glia", lines[-2], process).join)
                if lines[-1].startswith('{"rate"'):
                    return dict(json.loads(lines[-1]))
        raise RuntimeError(f"{logger} ended without a figure")


def _read_pages(home: Path, run: str, process: "subprocess.Popen[str]") -> threading.Thread:
    """Ask a server for all that the run's page shows until the process ends; the thread that asks."""

    def read() -> None:
        with serve(home, port=0) as server, httpx.Client(base_url=server.url, timeout=60) as client:
            client.get(f"/api/v1/runs/{run}").raise_for_status()
            if process.stdin is not None:
                process.stdin.write("go\n")
                process.stdin.flush()
            while process.poll() is None:
                for address in (f"/runs/{run}", "/runs", f"/runs/{run}/metrics?name=loss&points=1000"):
                    client.get(f"/api/v1{address}")

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    return reading


def rates(found: dict[str, list[Figures]]) -> str:
    """A table: values per second, and what one call takes."""
    rows = []
    for logger, rounds in found.items():
        speed = [each["rate"] for each in rounds]
        times = [f"{median(each[name] for each in rounds):,.1f}" for name in ("p50", "p99", "p99.9")]
        spread = f"{min(speed):,.0f} … {max(speed):,.0f}"
        rows.append([WHAT[logger], f"{median(speed):,.0f}", spread, *times, TARGETS.get(logger, "")])
    return table(["", "values/s", "lowest … highest", "p50 µs", "p99 µs", "p99.9 µs", "target"], rows)


def latencies(found: dict[tuple[str, str], list[Figures]]) -> str:
    """A table: what one call takes, by situation."""
    rows = []
    for (logger, situation), rounds in found.items():
        times = [f"{median(each[name] for each in rounds):,.1f}" for name in ("p50", "p99", "p99.9")]
        rows.append([WHAT[logger], WHAT[situation], *times, "p99 < 100"])
    return table(["", "", "p50 µs", "p99 µs", "p99.9 µs", "target"], rows)


def main() -> None:
    """Read the options, measure in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(LOGGERS), help="loggers, separated by commas")
    parser.add_argument("--folder", type=Path, default=Path(), help="a folder on the disk to measure")
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    options = parser.parse_args()
    loggers = options.only.split(",")
    if unknown := set(loggers) - set(LOGGERS):
        parser.error(f"no such logger: {', '.join(unknown)}; there are {', '.join(LOGGERS)}")
    disk = options.folder.resolve()
    ours = [logger for logger in loggers if logger not in PEERS and logger != "lines"]
    alone: dict[str, list[Figures]] = {logger: [] for logger in loggers}
    beside: dict[tuple[str, str], list[Figures]] = {(way, each): [] for way in ours for each in SITUATIONS}
    for number in range(options.rounds):
        for logger in loggers[:: -1 if number % 2 else 1]:
            alone[logger].append(measure(logger, "alone", disk))
            print(f"{number + 1}/{options.rounds} {logger}: {alone[logger][-1]['rate']:,.0f}/s", file=sys.stderr)
        for way, situation in beside:
            figures = alone[way][-1] if situation == "alone" else measure(way, situation, disk)
            beside[way, situation].append(figures)
    note = f"Medians of {options.rounds} rounds, each logger in turn; load of the machine {os.getloadavg()[1]:.1f}."
    publish("Values logged, one a call", f"{rates(alone)}\n\n{note}", save=options.save)
    if beside:
        publish("The time of one `log()`", f"{latencies(beside)}\n\n{note}", save=options.save)


if __name__ == "__main__":
    main()
