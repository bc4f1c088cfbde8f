"""Reading runs of few and of very many points: a picture of 2,000 pixels, all points, columns made, beside peers.

    python benchmarks/reading.py [--points 10000000] [--peer-seconds 60] [--folder .] [--save]

Each measurement is a process of its own. Cold means a new process, and the run's files dropped from the memory that
the system keeps of disks (as far as it takes that advice). Peers get so many seconds to be filled through their usual
call for many values, and are then asked for all points of the metric: neither thins them where they are stored.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from environments import python_with
from report import publish, table

HERE = Path(__file__).parent
PIXELS = 2000
FEW = 1000
ROUNDS = 30
PEERS = {"TensorBoard": ("event-accumulator", "tensorboard"), "MLflow, SQLite": ("mlflow", "mlflow")}


def record(points: int) -> dict[str, Any]:
    """A finished run of one metric; the folder is the one of the environment."""
    from glia.tracking.folder.home import open_home
    from glia.tracking.recording.recorder import RunRecorder

    recorder = RunRecorder.create(open_home(), project="reading")
    noise = random.Random(0)
    started = time.perf_counter()
    for step in range(points):
        recorder.log({"loss": 1 / (1 + step / points) + noise.random()}, step=step)
    seconds = time.perf_counter() - started
    recorder.state("done")
    recorder.close()
    return {"seconds": seconds, "folder": str(recorder.folder)}


def log(folder: str) -> dict[str, Any]:
    """The picture of a run that is not in columns: its whole log is read."""
    from glia.tracking.folder.reader import RunReader

    return _timed(lambda: RunReader(Path(folder)).drawn("loss", 2 * PIXELS))


def columns(folder: str) -> dict[str, Any]:
    """Making the columns."""
    from glia.tracking.log.compaction import compact

    found = _timed(lambda: compact(Path(folder), least=0))
    return found | {"disk": (Path(folder) / "metrics.columns").stat().st_size}


def picture(folder: str) -> dict[str, Any]:
    """A picture of the whole and of ranges, by a new reader of which nothing is in memory."""
    from glia.tracking.folder.reader import RunReader

    _forget(Path(folder))
    reader: list[RunReader] = []
    found = _timed(lambda: (reader.append(RunReader(Path(folder))), reader[0].drawn("loss", 2 * PIXELS)))
    chance, count = random.Random(1), reader[0].count("loss")
    whole, part = [], []
    for _ in range(ROUNDS):
        first, last = sorted(chance.randrange(count) for _ in range(2))
        whole.append(_timed(lambda: reader[0].drawn("loss", 2 * PIXELS))["seconds"])
        part.append(_timed(lambda a=first, b=last: reader[0].drawn("loss", 2 * PIXELS, first=a, last=b))["seconds"])
    return found | {"warm": median(whole), "range": median(part), "peak": _peak() - found["before"]}


def frame(folder: str) -> dict[str, Any]:
    """All points, as `run.metrics(name)` gives them."""
    import pandas  # noqa: F401

    from glia.record.run import Run

    _forget(Path(folder))
    return _timed(lambda: Run(Path(folder)).metrics("loss"))


def answers(folders: str) -> dict[str, Any]:
    """What pages ask for of two runs, in turn, through a real server in another process."""
    import httpx

    runs = [Path(folder) for folder in folders.split(os.pathsep)]
    code = "import sys; from pathlib import Path; from glia.server.serving import serve\n"
    code += "server = serve(Path(sys.argv[1]), port=0); print(server.url, flush=True); sys.stdin.read()"
    for run in runs:
        _forget(run)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(runs[0].parent.parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        url = server.stdout.readline().strip() if server.stdout else ""
        with httpx.Client(base_url=f"{url}/api/v1", trust_env=False) as client:
            client.get("/openapi.json").raise_for_status()  # the server has begun
            asked = [lambda run=run: client.get(f"/runs/{run.name}/metrics").raise_for_status() for run in runs]
            rounds = [[_timed(ask)["seconds"] for ask in asked] for _ in range(5 * ROUNDS)]
        peak = _peak(server.pid)
        server.kill()
    cold, warm = rounds[0], rounds[1:]
    return {
        "cold": cold,
        "warm": [median(times[at] for times in warm) for at in range(len(runs))],
        "ratio": median(times[-1] / times[0] for times in warm),
        "peak": peak,
    }


def tensorboard(seconds: str) -> dict[str, Any]:
    """Fill an event file, then read it as TensorBoard does."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter("events")

    def add(step: int) -> None:
        value = Summary.Value(tag="loss", simple_value=1 / (1 + step))
        writer.add_event(Event(step=step, wall_time=time.time(), summary=Summary(value=[value])))

    points = _fill(add, 1, float(seconds))
    writer.close()
    accumulator = EventAccumulator("events", size_guidance={"scalars": 0})
    return _timed(lambda: accumulator.Reload().Scalars("loss")) | {"points": points}


def mlflow(seconds: str) -> dict[str, Any]:
    """Fill a run by batches, then ask for the history of its metric."""
    os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    client = MlflowClient()
    run = client.create_run(client.create_experiment("reading")).info.run_id
    batch = 1000

    def add(step: int) -> None:
        values = [Metric("loss", 1 / (1 + at), 1_700_000_000_000 + at, at) for at in range(step, step + batch)]
        client.log_batch(run, metrics=values)

    points = _fill(add, batch, float(seconds))
    return _timed(lambda: client.get_metric_history(run, "loss")) | {"points": points}


def _fill(add: Callable[[int], None], batch: int, seconds: float) -> int:
    """How many points there was time for."""
    step, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until and step < 10_000_000:
        add(step)
        step += batch
    return step


def _timed(work: Callable[[], object]) -> dict[str, Any]:
    before, started = _peak(), time.perf_counter()
    work()
    return {"seconds": time.perf_counter() - started, "before": before, "peak": _peak() - before}


def _peak(process: int | str = "self") -> float:
    """The most memory a process has had, in MB."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM")), float("nan"))


def _forget(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and hasattr(os, "posix_fadvise"):
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measured(python: Path | str, what: str, argument: object, folder: str) -> dict[str, Any]:
    """One measurement in a process of its own."""
    command = [str(python), str(Path(__file__).resolve()), "--measure", what, str(argument)]
    environment = {**os.environ, "GLIA_HOME": f"{folder}/.glia", "GLIA_MACHINE": "0", "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def glia(points: int, folder: str) -> str:
    """The table about Glia's runs of few and of many points."""
    counts, cells, runs = (FEW, points), [], []
    for count in counts:
        run = measured(sys.executable, "record", count, folder)["folder"]
        runs.append(run)
        of_log = measured(sys.executable, "log", run, folder)
        made = measured(sys.executable, "columns", run, folder)
        drawn, whole = (measured(sys.executable, what, run, folder) for what in ("picture", "frame"))
        cells.append(
            {
                "picture by a reader, cold": (drawn["seconds"], "ms", "≤ 300"),
                "picture by a reader, warm": (drawn["warm"], "ms", "≤ 50"),
                "picture of a part, warm": (drawn["range"], "ms", "≤ 50"),
                "memory for these": (drawn["peak"], "MB", "≤ 100"),
                "`run.metrics(name)`, cold": (whole["seconds"], "ms", ""),
                "making the columns": (made["seconds"], "ms", ""),
                "memory for that": (made["peak"], "MB", "≤ 200"),
                "columns on disk": (made["disk"] / 1e6, "MB", ""),
                "picture from the log, no columns": (of_log["seconds"], "ms", ""),
                "memory for that, no columns": (of_log["peak"], "MB", ""),
            }
        )
    rows = []
    for name, (few, unit, target) in cells[0].items():
        many = cells[1][name][0]
        factor = 1e3 if unit == "ms" else 1
        rows.append([name, f"{few * factor:,.1f} {unit}", f"{many * factor:,.1f} {unit}", f"{many / few:,.1f}", target])
    asked = measured(sys.executable, "answers", os.pathsep.join(runs), folder)
    times = {what: [f"{seconds * 1e3:,.1f} ms" for seconds in asked[what]] for what in ("cold", "warm")}
    rows.append(["answer to a page, cold", *times["cold"], "", "≤ 300"])
    rows.append(["answer to a page, warm", *times["warm"], f"{asked['ratio']:.1f} (paired)", "≤ 50, within 2 ×"])
    rows.append(["memory of the server for both", "", f"{asked['peak']:,.1f} MB", "", ""])
    busy = f"\n\nOther work on this machine meanwhile: load {os.getloadavg()[2]:.0f} on {os.cpu_count()} cores."
    return table(["", *(f"{count:,} points" for count in counts), "ratio", "target"], rows) + busy


def peers(seconds: float, folder: str) -> str:
    """The table about the peers."""
    rows = []
    for what, (name, (environment, package)) in zip(("tensorboard", "mlflow"), PEERS.items(), strict=True):
        found = measured(python_with(environment, package, torch=False), what, seconds, folder)
        each = found["seconds"] / found["points"] * 1e6
        rows.append([name, f"{found['points']:,}", f"{found['seconds']:,.2f}", f"{each:,.2f}", f"{found['peak']:,.0f}"])
    return table(["all points of a metric", "points", "seconds", "µs a point", "MB"], rows)


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--points", type=int, default=10_000_000)
    parser.add_argument("--peer-seconds", type=float, default=60, help="to fill each peer; 0 leaves them out")
    parser.add_argument("--folder", default=".", help="on the disk to measure")
    parser.add_argument("--save", action="store_true", help="append to RESULTS.md")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        what, argument = options.measure
        measure = globals()[what]
        print(json.dumps(measure(int(argument) if what == "record" else argument)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        body = glia(options.points, folder)
        if options.peer_seconds:
            body += f"\n\n{peers(options.peer_seconds, folder)}"
    publish("Reading", body, save=options.save)


if __name__ == "__main__":
    main()
