"""One logger timed by itself: `python loggers.py LOGGER COUNT [SITUATION]` prints JSON.

Every logger takes one value a call, through the call that its own documentation shows first. Each peer is imported
where it is used: this file runs in environments that have one of them only.

SITUATION, for Glia: alone; busy (beside a thread that computes in Python without end); read (while the caller has pages
read the run, see tracking.py); paced (a value every millisecond, as training does).
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

Log = Callable[[int, float], Any]
Timed = tuple[Log, Callable[[], Any]]  # log one value; wait until all are on disk


def main() -> None:
    """Time calls as a whole for the rate, then each of them for the percentiles."""
    logger, count = sys.argv[1], int(sys.argv[2])
    situation = sys.argv[3] if len(sys.argv) > 3 else "alone"
    log, finish = LOGGERS[logger]()
    log(0, 0.5)
    print("ready", flush=True)
    if situation == "read":
        sys.stdin.readline()  # the pages are being read
    if situation == "busy":
        threading.Thread(target=_compute, daemon=True).start()
    rate = _rate(log, count) if situation != "paced" else 0.0
    times = _times(log, count, pause=0.001 if situation == "paced" else 0.0)
    started = time.perf_counter()
    finish()
    waited = time.perf_counter() - started
    print(json.dumps({"rate": rate, "finish": waited, **_percentiles(times)}), flush=True)
    os._exit(0)


def _rate(log: Log, count: int) -> float:
    started = time.perf_counter()
    for step in range(1, count + 1):
        log(step, 0.5)
    return count / (time.perf_counter() - started)


def _times(log: Log, count: int, pause: float) -> list[float]:
    clock, times = time.perf_counter, []
    for step in range(count + 1, 2 * count + 1):
        started = clock()
        log(step, 0.5)
        times.append(clock() - started)
        if pause:
            time.sleep(pause)
    return sorted(times)


def _percentiles(times: list[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    return {name: 1e6 * times[min(len(times) - 1, int(share * len(times)))] for name, share in shares.items()}


def _compute() -> None:
    total = 0
    while True:
        total = (total * 31 + 7) % 1_000_003


def _glia(way: str) -> Timed:
    import glia
    from glia.tracking.log import writer

    chosen: Any = way
    writer.best_way = lambda folder: chosen
    run = glia.start(project="benchmark")
    print(run.id, flush=True)
    return lambda step, value: run.log(step=step, loss=value), run.end


def _mlflow(synchronous: bool) -> Timed:
    os.environ["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
    import mlflow

    mlflow.set_experiment("benchmark")
    mlflow.start_run()
    if synchronous:
        return lambda step, value: mlflow.log_metric("loss", value, step=step), mlflow.end_run
    return (
        lambda step, value: mlflow.log_metric("loss", value, step=step, synchronous=False),
        mlflow.flush_async_logging,
    )


def _wandb() -> Timed:
    os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true")
    import wandb

    run = wandb.init(project="benchmark")
    return lambda step, value: run.log({"loss": value}, step=step), run.finish


def _tensorboard() -> Timed:
    from tensorboardX import SummaryWriter

    writer = SummaryWriter("tensorboard")
    return lambda step, value: writer.add_scalar("loss", value, step), writer.close


def _aim() -> Timed:
    from aim import Run

    run = Run(repo=".", system_tracking_interval=None, log_system_params=False)
    return lambda step, value: run.track(value, name="loss", step=step), run.close


def _clearml() -> Timed:
    from clearml import Task

    Task.set_offline(True)
    task = Task.init("benchmark", "values", auto_connect_frameworks=False, auto_resource_monitoring=False)
    logger = task.get_logger()
    return lambda step, value: logger.report_scalar("loss", "train", value, step), task.close


def _lines() -> Timed:
    file = open("log.jsonl", "w")  # noqa: SIM115  (open for as long as is logged)

    def log(step: int, value: float) -> None:
        file.write(json.dumps({"loss": value, "step": step}) + "\n")
        file.flush()

    return log, file.close


LOGGERS: dict[str, Callable[[], Timed]] = {
    "glia-map": lambda: _glia("map"),
    "glia-write": lambda: _glia("write"),
    "lines": _lines,
    "tensorboard": _tensorboard,
    "aim": _aim,
    "wandb": _wandb,
    "clearml": _clearml,
    "mlflow": lambda: _mlflow(synchronous=True),
    "mlflow-async": lambda: _mlflow(synchronous=False),
}

if __name__ == "__main__":
    main()
